import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { EndedEarly, readExactly } from './exact-read.ts';

const PIECE_BYTES = 64 * 1024;

/** Bytes of one direction of RFB: what is read of one side, and what is written to the other, as fast as that takes it. */
export class RfbPipe {
  readonly #from: Readable;
  readonly #to: Writable;

  constructor(from: Readable, to: Writable) {
    this.#from = from;
    this.#to = to;
  }

  read(bytes: number): Promise<Buffer> {
    return readExactly(this.#from, bytes);
  }

  /** Rejects with EndedEarly where the other side is gone. */
  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    if (!this.#to.writable) throw new EndedEarly();
    if (this.#to.write(bytes)) return;
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    this.#to.once('close', leave);
    try {
      await once(this.#to, 'drain', { signal: gone.signal });
    } catch (error) {
      throw new EndedEarly('the other side is gone', { cause: error });
    } finally {
      this.#to.off('close', leave);
    }
  }

  /** Reads so many bytes, which go on as they are, and gives them. */
  async look(bytes: number): Promise<Buffer> {
    const read = await this.read(bytes);
    await this.write(read);
    return read;
  }

  /** So many bytes go on as they are, piece by piece. */
  async pass(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) {
      const piece = await this.read(Math.min(left, PIECE_BYTES));
      await this.write(piece);
      left -= piece.length;
    }
  }

  /** Reads so many bytes piece by piece. */
  async inPieces(bytes: number, take: (piece: Buffer) => Promise<void>): Promise<void> {
    for (let left = bytes; left > 0; ) {
      const piece = await this.read(Math.min(left, PIECE_BYTES));
      left -= piece.length;
      await take(piece);
    }
  }
}
