import type { Readable } from 'node:stream';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** Longest text that a server gives as a reason, or as the name of its desktop. */
export const MAX_TEXT_BYTES = 4096;

/**
 * Reads a handshake from a paused stream, so many bytes at a time; what follows stays in the stream for whoever reads on after
 * `release`. Rejects where the stream ends first: with `target.protocol-error`, or what `ended` gives where the peer is another
 * one; and with the signal's reason.
 */
export class HandshakeReader {
  readonly #stream: Readable;
  readonly #signal: AbortSignal;
  readonly #ended: () => MavisError;
  #wake: (() => void) | undefined;

  constructor(stream: Readable, signal: AbortSignal, ended: () => MavisError = () => new MavisError('target.protocol-error')) {
    this.#stream = stream;
    this.#signal = signal;
    this.#ended = ended;
    // One listener for all reads: each new one is told at once of what is there already, also where that is too little.
    stream.on('readable', this.#look).on('end', this.#look).on('close', this.#look).on('error', this.#look);
    signal.addEventListener('abort', this.#look);
  }

  /** Reads no more. */
  release(): void {
    this.#stream.off('readable', this.#look).off('end', this.#look).off('close', this.#look).off('error', this.#look);
    this.#signal.removeEventListener('abort', this.#look);
  }

  async read(bytes: number): Promise<Buffer> {
    for (;;) {
      this.#signal.throwIfAborted();
      const looked = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const piece: unknown = this.#stream.read(bytes);
      // At its end a stream gives what is left, however little.
      if (Buffer.isBuffer(piece) && piece.length === bytes) return piece;
      if (piece !== null || this.#stream.readableEnded || this.#stream.destroyed) throw this.#ended();
      await looked;
    }
  }

  async byte(): Promise<number> {
    return (await this.read(1)).readUInt8(0);
  }

  async number32(): Promise<number> {
    return (await this.read(4)).readUInt32BE(0);
  }

  /** A length and so many bytes; rejects with `target.protocol-error` for more than `mostBytes`. */
  async counted(mostBytes: number): Promise<Buffer> {
    const length = await this.number32();
    if (length > mostBytes) throw new MavisError('target.protocol-error');
    return length === 0 ? Buffer.alloc(0) : await this.read(length);
  }

  readonly #look = (): void => {
    this.#wake?.();
  };
}
