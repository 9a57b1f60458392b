const LINE_END = 0x0a;
/** A session that prints little holds little. */
const FIRST_BYTES = 4096;

/**
 * The last bytes of a session's output, copied into one ring that grows to the limit: for whoever comes late and is to see what
 * is on the screen. What is replayed begins after the first line end where something before it was dropped, so that it does not
 * begin inside an escape sequence.
 */
export class RecentOutput {
  readonly #limitBytes: number;
  #ring: Uint8Array;
  /** All bytes that ever came; the newest of them are in the ring. */
  #total = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#ring = new Uint8Array(Math.min(FIRST_BYTES, limitBytes));
  }

  /** Copies a chunk. */
  add(chunk: Uint8Array): void {
    this.#grow(chunk.length);
    const size = this.#ring.length;
    const kept = chunk.subarray(Math.max(0, chunk.length - size));
    const start = (this.#total + chunk.length - kept.length) % size;
    const first = kept.subarray(0, size - start);
    this.#ring.set(first, start);
    this.#ring.set(kept.subarray(first.length), 0);
    this.#total += chunk.length;
  }

  /** What is kept, in order, as one piece of its own of at most the limit. */
  replay(): Uint8Array {
    const whole = this.#kept();
    if (this.#total <= this.#ring.length) return whole;
    const lineEnd = whole.indexOf(LINE_END);
    return lineEnd < 0 ? whole : whole.subarray(lineEnd + 1);
  }

  #kept(): Uint8Array {
    const size = this.#ring.length;
    const whole = new Uint8Array(Math.min(this.#total, size));
    const start = this.#total <= size ? 0 : this.#total % size;
    const first = this.#ring.subarray(start, start + whole.length);
    whole.set(first, 0);
    whole.set(this.#ring.subarray(0, whole.length - first.length), first.length);
    return whole;
  }

  /** Only before anything was dropped: until then the bytes lie in order from the ring's beginning. */
  #grow(bytes: number): void {
    const wanted = Math.min(this.#limitBytes, this.#total + bytes);
    if (wanted <= this.#ring.length) return;
    const larger = new Uint8Array(Math.min(this.#limitBytes, Math.max(wanted, this.#ring.length * 2)));
    larger.set(this.#ring.subarray(0, this.#total), 0);
    this.#ring = larger;
  }
}
