import { PduFramer } from '../../../shared/rdp/pdu-framer.ts';
import { mcs } from '../../../shared/rdp/pdu-kinds.ts';
import { addBridge, type BridgeSocket } from '../../desktop/rdp/bridge-socket.ts';
import { cleanPathResponse } from '../../desktop/rdp/clean-path.ts';
import { playersCertificate } from './players-certificate.ts';
import type { RecordedHandshake } from './recorded-handshake.ts';
import { readTargetPdu, type TargetPdu } from '../../desktop/rdp/target-pdu.ts';
import { RecordedAnswers } from './recorded-answers.ts';

/** The target of an engine that plays a recording: what the engine asks is answered from the recorded handshake, and nothing of what it says goes anywhere. */
export class RecordedPeer {
  readonly #handshake: RecordedHandshake;
  readonly #framer = new PduFramer();
  #socket: BridgeSocket | undefined;
  readonly #answers: RecordedAnswers;
  #greeted = false;

  constructor(handshake: RecordedHandshake) {
    this.#handshake = handshake;
    this.#answers = new RecordedAnswers(handshake);
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
    if (this.#answers.activated) return;
    for (const pdu of this.#framer.take(bytes)) for (const answer of this.#answers.to(readTargetPdu(pdu))) this.#socket?.deliver(answer);
  }
}
