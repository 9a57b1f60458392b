import type { Duplex } from 'node:stream';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** The peer closed before what was waited for came. */
export class PeerClosed extends Error {
  override readonly name = 'PeerClosed';
}

/** Reads single messages from a stream in the order of a handshake; what comes behind one stays in the stream for whoever reads next. */
export class HandshakeReader {
  readonly #stream: Duplex;
  readonly #signal: AbortSignal;

  constructor(stream: Duplex, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
  }

  /** One message, whose length `lengthOf` tells from its beginning (false until it can). Rejects with PeerClosed, what `lengthOf` throws, or the signal's reason. */
  message(lengthOf: (bytes: Buffer) => number | false, mostBytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const stream = this.#stream;
      let kept: Buffer = Buffer.alloc(0);
      const finish = (settle: () => void): void => {
        stream.off('readable', look).off('end', closed).off('close', closed).off('error', closed);
        this.#signal.removeEventListener('abort', aborted);
        settle();
      };
      const closed = (): void => finish(() => reject(new PeerClosed()));
      const aborted = (): void => finish(() => reject(this.#signal.reason instanceof Error ? this.#signal.reason : new PeerClosed()));
      const look = (): void => {
        try {
          for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) if (Buffer.isBuffer(chunk)) kept = Buffer.concat([kept, chunk]);
          const length = lengthOf(kept);
          if (length !== false && length > mostBytes) throw new RdpFormatError('message too long');
          if (length === false && kept.length > mostBytes) throw new RdpFormatError('message without a length');
          if (length === false || kept.length < length) return;
          if (kept.length > length) stream.unshift(kept.subarray(length));
          finish(() => resolve(kept.subarray(0, length)));
        } catch (error) {
          finish(() => reject(error instanceof Error ? error : new RdpFormatError('unreadable')));
        }
      };
      if (this.#signal.aborted) {
        aborted();
        return;
      }
      this.#signal.addEventListener('abort', aborted, { once: true });
      stream.on('readable', look).on('end', closed).on('close', closed).on('error', closed);
      if (stream.destroyed || stream.readableEnded) closed();
      else look();
    });
  }
}
