import type { Readable } from 'node:stream';

/** A stream ended before it gave what was to be read. */
export class EndedEarly extends Error {
  override readonly name = 'EndedEarly';
}

/** So many bytes of a stream that nobody else reads; what follows stays in it. Rejects with EndedEarly. */
export function readExactly(stream: Readable, bytes: number): Promise<Buffer> {
  if (bytes === 0) return Promise.resolve(Buffer.alloc(0));
  return new Promise((resolve, reject) => {
    const finish = (): void => void stream.off('readable', look).off('end', look).off('close', look);
    const look = (): void => {
      const piece: unknown = stream.read(bytes);
      const whole = Buffer.isBuffer(piece) && piece.length === bytes;
      // At its end a stream gives what is left, however little.
      if (!whole && piece === null && !stream.readableEnded && !stream.destroyed) return;
      finish();
      if (whole) resolve(piece);
      else reject(new EndedEarly());
    };
    stream.on('readable', look).on('end', look).on('close', look);
    look();
  });
}
