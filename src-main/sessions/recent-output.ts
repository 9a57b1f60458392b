/**
 * The last bytes of a session's output, for a page that starts again after a crash. Whole chunks are dropped from the front;
 * what is replayed begins after the first line end, so that it does not begin inside an escape sequence.
 */
export class RecentOutput {
  readonly #limitBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #cut = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Keeps a chunk; it must not be changed after. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes > this.#limitBytes) {
      const oldest = this.#chunks.shift();
      if (!oldest) return;
      this.#bytes -= oldest.length;
      this.#cut = true;
    }
  }

  /** What is kept, in order, as one piece of at most the limit. */
  replay(): Uint8Array {
    const whole = Buffer.concat(this.#chunks);
    if (!this.#cut) return whole;
    const lineEnd = whole.indexOf(0x0a);
    return lineEnd < 0 ? whole : whole.subarray(lineEnd + 1);
  }
}
