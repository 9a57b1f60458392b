import { MavisError } from '../../shared/errors/mavis-error.ts';
import { decodeCount, encodeCount, encodeFrame, type Frame, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import { MEASURE_PIECE_BYTES, MEASURE_PIECES } from '../../shared/proxy-stream/line-measure.ts';
import type { MeasureAllowance } from './measure-allowance.ts';
import type { ProxyConnection } from './proxy-connection.ts';

/** What a measurement works on, and what says whether one may begin. */
export interface LineMeasureParts {
  readonly connection: Pick<ProxyConnection, 'write' | 'allowUnsent' | 'thumbprint' | 'address'>;
  readonly allowance: Pick<MeasureAllowance, 'take'>;
  /** One piece of bytes that mean nothing, of which what goes back is made. */
  readonly filler: Uint8Array;
}

/** The gateway's end of one measurement of a line (`shared/proxy-stream/line-measure.ts`): it counts the pieces that come, and gives fewer back, once. */
export class LineMeasure {
  readonly #parts: LineMeasureParts;
  #pieces = 0;
  #begun = false;
  #gaveBack = false;

  constructor(parts: LineMeasureParts) {
    this.#parts = parts;
  }

  /** Whether the connection is for a measurement, and so for nothing else. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Takes a frame; false where it is none of a measurement's. Throws FrameError for one that has no place, and `request.too-many` where no measurement may begin now. */
  takes({ type, payload }: Frame): boolean {
    if (type === frameType.measure) this.#count(payload.length);
    else if (type === frameType.measureBack && this.#begun) this.#giveBack(decodeCount(payload));
    else if (this.#begun) throw new FrameError('bad-order');
    else return false;
    return true;
  }

  #count(bytes: number): void {
    const { connection, allowance } = this.#parts;
    // Of whole pieces alone, since each is answered: many small ones would bring back more than they are.
    if (this.#gaveBack || bytes !== MEASURE_PIECE_BYTES || this.#pieces === MEASURE_PIECES) throw new FrameError('bad-order');
    if (!this.#begun) {
      this.#begun = true;
      const seconds = allowance.take(connection);
      if (seconds > 0) throw new MavisError('request.too-many', { seconds });
    }
    this.#pieces += 1;
    connection.write(encodeCount(frameType.measured, this.#pieces));
  }

  #giveBack(pieces: number): void {
    const { connection, filler } = this.#parts;
    if (this.#gaveBack || pieces >= this.#pieces) throw new FrameError('bad-order');
    this.#gaveBack = true;
    const piece = encodeFrame(frameType.filler, filler);
    connection.allowUnsent(pieces * piece.length);
    connection.write(...Array.from({ length: pieces }, () => piece));
  }
}
