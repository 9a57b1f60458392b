import { createInflate, type Inflate } from 'node:zlib';
import { MavisError } from '../../../shared/errors/mavis-error.ts';

/** One of a VNC server's streams of zlib, which goes on from one rectangle to the next. Unpacks on Node's own threads. */
export class InflatedStream {
  readonly #inflate: Inflate = createInflate();
  #parts: Buffer[] = [];
  #bytes = 0;
  #mostBytes = 0;

  constructor() {
    this.#inflate.on('data', (part: Buffer) => {
      this.#bytes += part.length;
      if (this.#bytes > this.#mostBytes) this.#inflate.destroy(new Error('a rectangle unpacks to more than it can be'));
      else this.#parts.push(part);
    });
    // Told to who pushes, by `close`.
    this.#inflate.on('error', () => undefined);
  }

  /** Takes the next piece of the stream; what it holds is given by `taken`. Throws `target.protocol-error` for what is no zlib, or holds more than `mostBytes` in all since the last `taken`. */
  async push(packed: Buffer, mostBytes: number): Promise<void> {
    this.#mostBytes = mostBytes;
    if (this.#inflate.destroyed) throw this.#fault();
    await new Promise<void>((resolve, reject) => {
      // A write that fails is not called back.
      const fail = (): void => reject(this.#fault());
      this.#inflate.once('close', fail);
      this.#inflate.write(packed, () => {
        this.#inflate.off('close', fail);
        resolve();
      });
    });
  }

  #fault(): MavisError {
    const { errored } = this.#inflate;
    return new MavisError('target.protocol-error', {}, errored === null ? {} : { cause: errored });
  }

  /** What was unpacked since the last time. */
  taken(): Buffer {
    const whole = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    return whole;
  }

  close(): void {
    this.#inflate.destroy();
  }
}
