import { isSlowPath, PduFramer } from '../../../shared/rdp/pdu-framer.ts';
import { readTargetPdu } from '../../../src-renderer/desktop/rdp/target-pdu.ts';
import { RecordedAnswers } from '../../../src-renderer/recordings/rdp/recorded-answers.ts';
import { RecordedHandshake } from '../../../src-renderer/recordings/rdp/recorded-handshake.ts';

/** Where X.224 says what a TPKT is, and a request for a connection. */
const KIND_AT = 5;
const CONNECTION_REQUEST = 0xe0;

/** A session of a target, PDU by PDU from its confirm on: what was recorded, and what is sent in its place. */
export interface PlayedRdp {
  readonly recorded: readonly Uint8Array[];
  readonly sent: readonly Uint8Array[];
}

/** The gateway's side of an RDP session whose target is recorded: answers the engine's questions, and draws what was drawn once the engine has gone through its handshake. */
export class ScriptedRdpTarget {
  readonly #framer = new PduFramer();
  readonly #handshake: RecordedHandshake;
  readonly #answers: RecordedAnswers;
  readonly #pictures: readonly Uint8Array[];
  readonly #replaced = new Map<string, Uint8Array>();
  readonly #send: (bytes: Uint8Array) => void;

  constructor({ recorded, sent }: PlayedRdp, send: (bytes: Uint8Array) => void) {
    const [confirm = new Uint8Array(0), ...pdus] = recorded;
    this.#handshake = new RecordedHandshake(confirm);
    let taken = 1;
    for (const pdu of pdus) {
      if (this.#handshake.whole) break;
      this.#handshake.take(pdu, readTargetPdu(pdu));
      taken += 1;
    }
    for (const [number, pdu] of recorded.slice(0, taken).entries()) this.#replaced.set(keyOf(pdu), sent[number] ?? pdu);
    this.#answers = new RecordedAnswers(this.#handshake);
    this.#pictures = sent.slice(taken);
    this.#send = send;
  }

  /** Takes what the engine says. */
  take(bytes: Uint8Array): void {
    for (const pdu of this.#framer.take(bytes)) {
      const before = this.#answers.activated;
      const asks = isSlowPath(pdu) && ((pdu[KIND_AT] ?? 0) & 0xf0) === CONNECTION_REQUEST;
      const answers = asks ? [this.#handshake.confirm] : this.#answers.to(readTargetPdu(pdu));
      for (const answer of answers) this.#send(this.#replaced.get(keyOf(answer)) ?? answer);
      if (!before && this.#answers.activated) for (const picture of this.#pictures) this.#send(picture);
    }
  }
}

function keyOf(pdu: Uint8Array): string {
  return pdu.join(' ');
}
