import { Transform, type TransformCallback } from 'node:stream';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { RfbStream } from './rfb-stream.ts';

/** A grammar as a step of a stream, with back-pressure: what breaks the grammar's rules is the stream's error. */
export class FilterStream extends Transform {
  readonly #stream: RfbStream;

  constructor(stream: RfbStream) {
    super({ readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 });
    this.#stream = stream;
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      for (const part of this.#stream.push(piece)) this.push(part);
      done();
    } catch (error) {
      done(asMavisError(error));
    }
  }
}
