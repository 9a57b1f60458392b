import { isSlowPath, PduFramer } from '../../../shared/rdp/pdu-framer.ts';
import type { BridgeSocket } from './bridge-socket.ts';
import { addBridge } from './bridge-socket.ts';
import { endsHandshake, readTargetPdu } from './target-pdu.ts';
import { type KeyboardLayout, tellingKeyboard } from './keyboard-layout.ts';
import { cleanPathRefusal, cleanPathResponse, readCleanPathRequest } from './clean-path.ts';

/** Where X.224 says what a TPKT is, and how an answer to a request for a connection, and a refusal in it, are known. */
const KIND_AT = 5;
const CONFIRM = 0xd0;
const NEGOTIATION_AT = 11;
const REFUSED = 3;

/**
 * The one stream to the gateway, for one engine at a time. An engine begins with RDCleanPath, which is answered here: its request
 * for a connection goes to the gateway, and until the gateway's answer comes all that arrives is still the engine's before. So a
 * desktop connects anew with another size while its picture goes on. An engine loses what it has read behind the handshake when
 * it begins to run: that is held for it until then.
 */
export class RdpStream {
  readonly #send: (bytes: Uint8Array) => void;
  readonly #certificate: Uint8Array;
  readonly #framer = new PduFramer();
  #current: BridgeSocket | undefined;
  #asking: BridgeSocket | undefined;
  /** How far the current engine is: between the end of its handshake and its running all is held. */
  #phase: 'handshake' | 'holding' | 'running' = 'running';
  #held: Uint8Array[] = [];
  /** The user's keyboard, as far as it is known; told to the target by each engine that begins. */
  keyboard: KeyboardLayout | undefined;
  /** The current engine has said nothing yet: its Connect Initial comes. */
  #begins = false;

  constructor(send: (bytes: Uint8Array) => void, certificate: Uint8Array) {
    this.#send = send;
    this.#certificate = certificate;
  }

  /** An address at which the next engine finds its socket. */
  address(): string {
    const opened: { socket: BridgeSocket | undefined } = { socket: undefined };
    return addBridge(
      {
        send: (bytes) => this.#fromEngine(opened.socket, bytes),
        closed: () => {
          if (this.#asking === opened.socket) this.#asking = undefined;
          if (this.#current === opened.socket) this.#give(undefined);
        },
      },
      (socket) => (opened.socket = socket),
    );
  }

  /** Bytes of the gateway; throws RdpFormatError. */
  receive(bytes: Uint8Array): void {
    const pdus = this.#framer.take(bytes);
    const answerAt = this.#asking === undefined ? -1 : pdus.findIndex((pdu) => isSlowPath(pdu) && ((pdu[KIND_AT] ?? 0) & 0xf0) === CONFIRM);
    const answer = pdus[answerAt];
    if (answer === undefined) {
      this.#deliver(pdus);
      return;
    }
    this.#deliver(pdus.slice(0, answerAt));
    this.#take(answer);
    this.#deliver(pdus.slice(answerAt + 1));
  }

  /** The engine that has the stream runs: what was held for it comes now. */
  running(): void {
    this.#phase = 'running';
    this.#deliver(this.#held.splice(0));
  }

  close(): void {
    this.#asking?.close();
    this.#current?.close();
  }

  #fromEngine(socket: BridgeSocket | undefined, bytes: Uint8Array): void {
    if (socket === undefined) return;
    if (socket === this.#current) {
      // What is asked of the old connection while a new one is sought would reach the new one.
      if (this.#asking !== undefined) return;
      this.#send(this.#begins && this.keyboard !== undefined ? tellingKeyboard(bytes, this.keyboard) : bytes);
      this.#begins = false;
      return;
    }
    if (this.#asking !== undefined) return;
    this.#asking = socket;
    this.#send(readCleanPathRequest(bytes));
  }

  #take(answer: Uint8Array): void {
    const asking = this.#asking;
    this.#asking = undefined;
    if (asking === undefined) return;
    if (answer[NEGOTIATION_AT] === REFUSED) {
      asking.deliver(cleanPathRefusal(answer));
      asking.close();
      return;
    }
    const before = this.#current;
    this.#give(asking);
    before?.close();
    asking.deliver(cleanPathResponse(answer, this.#certificate));
  }

  /** The stream is this engine's from now on. */
  #give(socket: BridgeSocket | undefined): void {
    this.#current = socket;
    this.#phase = 'handshake';
    this.#begins = true;
    this.#held = [];
  }

  #deliver(pdus: readonly Uint8Array[]): void {
    if (this.#current === undefined || pdus.length === 0) return;
    const endAt = this.#phase === 'handshake' ? pdus.findIndex((pdu) => endsHandshake(readTargetPdu(pdu))) : -1;
    if (endAt >= 0) {
      this.#current.deliver(joined(pdus.slice(0, endAt + 1)));
      this.#phase = 'holding';
      this.#deliver(pdus.slice(endAt + 1));
    } else if (this.#phase === 'holding') this.#held.push(...pdus.map((pdu) => pdu.slice()));
    else this.#current.deliver(joined(pdus));
  }
}

function joined(pdus: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pdus.reduce((sum, pdu) => sum + pdu.length, 0));
  let at = 0;
  for (const pdu of pdus) {
    whole.set(pdu, at);
    at += pdu.length;
  }
  return whole;
}
