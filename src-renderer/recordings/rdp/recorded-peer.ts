import { PduFramer } from '../../../shared/rdp/pdu-framer.ts';
import { mcs } from '../../../shared/rdp/pdu-kinds.ts';
import { addBridge, type BridgeSocket } from '../../desktop/rdp/bridge-socket.ts';
import { cleanPathResponse } from '../../desktop/rdp/clean-path.ts';
import { playersCertificate } from './players-certificate.ts';
import type { RecordedHandshake } from './recorded-handshake.ts';
import { joinConfirm, licenceIsValid, readTargetPdu, type TargetPdu } from '../../desktop/rdp/target-pdu.ts';

/** Where an attach confirm names the user (ITU-T T.125): behind its kind and its result. */
const USER_AT = 9;

/**
 * The target of an engine that plays a recording. The engine goes through a handshake of its own; what it asks is answered from the
 * recorded one, and where an answer depends on the question, for it. Nothing of what the engine says goes anywhere. A second
 * transport, channels beside the picture's and licensing are not played: they draw nothing.
 */
export class RecordedPeer {
  readonly #handshake: RecordedHandshake;
  readonly #framer = new PduFramer();
  #socket: BridgeSocket | undefined;
  #greeted = false;
  #activated = false;

  constructor(handshake: RecordedHandshake) {
    this.#handshake = handshake;
  }

  /** An address at which the engine finds this peer. */
  address(): string {
    return addBridge({ send: (bytes) => this.#answer(bytes), closed: () => undefined }, (socket) => (this.#socket = socket));
  }

  /** What the target sent behind its handshake. Only what can draw goes on. */
  deliver(pdu: Uint8Array, read: TargetPdu): void {
    const draws = read.kind === 'fast' || (read.kind === 'mcs' && read.mcs === mcs.sendIndication && read.channel === this.#handshake.channel);
    if (draws) this.#socket?.deliver(pdu);
  }

  close(): void {
    this.#socket?.close();
  }

  #answer(bytes: Uint8Array): void {
    if (!this.#greeted) {
      this.#greeted = true;
      this.#socket?.deliver(cleanPathResponse(this.#handshake.confirm, playersCertificate()));
      return;
    }
    if (this.#activated) return;
    for (const pdu of this.#framer.take(bytes)) this.#answerPdu(readTargetPdu(pdu));
  }

  #answerPdu(asked: TargetPdu): void {
    const { response, attached, activation, channel } = this.#handshake;
    if (asked.kind === 'connect') this.#send(response);
    if (asked.kind !== 'mcs' || this.#activated) return;
    if (asked.mcs === mcs.attachUser) this.#send(attached);
    // A request to join names its channel where data has it, too.
    else if (asked.mcs === mcs.joinRequest) this.#send(joinConfirm(userOf(attached), asked.channel));
    else if (asked.mcs === mcs.sendRequest && channel !== undefined) {
      this.#activated = true;
      this.#send(licenceIsValid(channel));
      for (const pdu of activation) this.#send(pdu);
    }
  }

  #send(pdu: Uint8Array | undefined): void {
    if (pdu !== undefined) this.#socket?.deliver(pdu);
  }
}

function userOf(attached: Uint8Array | undefined): number {
  return ((attached?.[USER_AT] ?? 0) << 8) | (attached?.[USER_AT + 1] ?? 0);
}
