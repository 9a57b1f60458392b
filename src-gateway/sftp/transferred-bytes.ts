import { createHash, type Hash } from 'node:crypto';
import { MAX_RANGES } from '../../shared/recording/file-operation.ts';

/** Pieces that came before their turn wait for it up to this: twice what a client usually has under way. Beyond, there is no hash. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
/** Ranges beside each other that are kept apart; more are counted, no longer told apart. */
const MOST_RANGES = 1024;

/** What an entry of the log says of the bytes of one open file. */
export interface TransferSummary {
  readonly bytes: number;
  readonly sha256: string | null;
  readonly ranges?: [number, number][];
  readonly rangesCut?: boolean;
}

/**
 * Follows the bytes of one open file in one direction. The SHA-256 stands only where they crossed once, from 0, with no gap
 * and nothing twice (rule 29); pieces may come in another order within a bounded window. Else the ranges stand.
 */
export class TransferredBytes {
  #hash: Hash | undefined = createHash('sha256');
  #hashedTo = 0;
  #waiting = new Map<number, Uint8Array>();
  #waitingBytes = 0;
  #bytes = 0;
  /** Sorted, apart from each other. */
  #ranges: [number, number][] = [];
  #rangesCut = false;

  /** Takes a piece; its bytes are not kept unless they wait for their turn, and then as a copy. */
  take(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#bytes += bytes.length;
    this.#cover(offset, offset + bytes.length);
    if (this.#hash === undefined) return;
    if (offset === this.#hashedTo) {
      this.#hash.update(bytes);
      this.#hashedTo += bytes.length;
      if (this.#waitingBytes > 0) this.#takeWaiting();
    } else if (offset < this.#hashedTo || this.#waiting.has(offset) || this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) this.giveUpHash();
    else {
      this.#waiting.set(offset, Uint8Array.from(bytes));
      this.#waitingBytes += bytes.length;
    }
  }

  /** The bytes are not what the file holds in the end: a piece failed, the file was cut, or its end is not where it is written. */
  giveUpHash(): void {
    this.#hash = undefined;
    this.#waiting = new Map();
    this.#waitingBytes = 0;
  }

  /** Where the file ends: a hash of less is none of the file. */
  endsAt(offset: number): void {
    if (offset !== this.#hashedTo) this.giveUpHash();
  }

  /** Ends; called once. */
  summary(): TransferSummary {
    const sha256 = this.#hash === undefined || this.#waitingBytes > 0 ? null : this.#hash.digest('hex');
    if (sha256 !== null) return { bytes: this.#bytes, sha256 };
    const rangesCut = this.#rangesCut || this.#ranges.length > MAX_RANGES;
    return { bytes: this.#bytes, sha256, ranges: this.#ranges.slice(0, MAX_RANGES), ...(rangesCut ? { rangesCut } : {}) };
  }

  #takeWaiting(): void {
    for (let next = this.#waiting.get(this.#hashedTo); next !== undefined; next = this.#waiting.get(this.#hashedTo)) {
      this.#waiting.delete(this.#hashedTo);
      this.#waitingBytes -= next.length;
      this.#hash?.update(next);
      this.#hashedTo += next.length;
    }
  }

  #cover(from: number, end: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && from === last[1]) {
      last[1] = end;
      return;
    }
    let at = this.#ranges.length;
    while (at > 0 && (this.#ranges[at - 1]?.[0] ?? 0) > from) at -= 1;
    const before = this.#ranges[at - 1];
    const joined: [number, number] = before !== undefined && before[1] >= from ? before : [from, end];
    if (joined !== before) this.#ranges.splice(at, 0, joined);
    else at -= 1;
    joined[1] = Math.max(joined[1], end);
    let after = this.#ranges[at + 1];
    while (after !== undefined && after[0] <= joined[1]) {
      joined[1] = Math.max(joined[1], after[1]);
      this.#ranges.splice(at + 1, 1);
      after = this.#ranges[at + 1];
    }
    if (this.#ranges.length > MOST_RANGES) {
      this.#ranges.pop();
      this.#rangesCut = true;
    }
  }
}
