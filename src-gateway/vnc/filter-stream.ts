import { Transform, type TransformCallback } from 'node:stream';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { RfbStream } from './rfb-stream.ts';

/** Wants of a grammar that are met in one turn of the event loop, some milliseconds: a side that sends nothing but the smallest things holds up no other session for longer. Of ordinary pictures a piece has a few hundred. */
const WANTS_A_TURN = 2000;

/** A grammar as a step of a stream, with back-pressure: what breaks the grammar's rules is the stream's error. */
export class FilterStream extends Transform {
  readonly #stream: RfbStream;

  constructor(stream: RfbStream) {
    super({ readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 });
    this.#stream = stream;
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest: Buffer;
    try {
      const read = this.#stream.read(piece, WANTS_A_TURN);
      for (const part of read.passed) this.push(part);
      ({ rest } = read);
    } catch (error) {
      done(asMavisError(error));
      return;
    }
    if (rest.length === 0) done();
    else setImmediate(() => (this.destroyed ? done() : this._transform(rest, _encoding, done)));
  }
}
