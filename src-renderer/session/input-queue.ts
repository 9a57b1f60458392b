import { INPUT_CREDIT_BYTES, MAX_INPUT_BYTES } from '../../shared/ipc/session-port.ts';
import { inPieces } from '../terminal/paste.ts';

/** What is typed while a paste waits still goes out: this much of the credit is kept for it. */
const RESERVED_FOR_KEYS_BYTES = 4096;
/** Input of a person's keys and answers of the terminal is shorter than this; longer is a paste. */
const LONGEST_KEY_BYTES = 256;
const INTERRUPT = 0x03;

/**
 * Sends a page's input under the credit of `shared/ipc/session-port.ts`. A paste into a program that does not read waits
 * here; in a terminal Ctrl-C drops what waits and goes out at once.
 */
export class InputQueue {
  readonly #send: (bytes: Uint8Array) => void;
  readonly #interruptible: boolean;
  readonly #waiting: Uint8Array[] = [];
  #outstanding = 0;

  constructor(send: (bytes: Uint8Array) => void, { interruptible }: { readonly interruptible: boolean }) {
    this.#send = send;
    this.#interruptible = interruptible;
  }

  /** Bytes that wait for credit. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, piece) => sum + piece.length, 0);
  }

  add(bytes: Uint8Array): void {
    if (this.#interruptible && bytes.length === 1 && bytes[0] === INTERRUPT) this.#waiting.length = 0;
    this.#waiting.push(...inPieces(bytes, MAX_INPUT_BYTES));
    this.#flush();
  }

  /** So many bytes have gone on: as many more may be sent. */
  taken(bytes: number): void {
    this.#outstanding = Math.max(0, this.#outstanding - bytes);
    this.#flush();
  }

  #flush(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const reserved = next.length <= LONGEST_KEY_BYTES ? 0 : RESERVED_FOR_KEYS_BYTES;
      if (this.#outstanding + next.length > INPUT_CREDIT_BYTES - reserved) return;
      this.#waiting.shift();
      this.#outstanding += next.length;
      this.#send(next);
    }
  }
}
