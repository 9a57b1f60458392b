import { pixelFormat } from '../../../shared/vnc/encodings.ts';
import { type PixelWriter, pixelWriter, readPixelFormat } from './pixel-format.ts';

/**
 * The pixel format in which a viewer reads what comes: that of the session until it asks for another. One that it asks for holds from
 * the next update on; where it has just stopped continuous updates, from their end on, by which it knows the last one in the old
 * format (as the RFB registry describes EndOfContinuousUpdates).
 */
export class ViewerFormat {
  #writer: PixelWriter;
  #next: PixelWriter | undefined;
  #continuous = false;
  #awaitsEnd = false;

  constructor() {
    const format = readPixelFormat(Buffer.from(pixelFormat));
    if (format === undefined) throw new TypeError('the format of sessions is none');
    this.#writer = pixelWriter(format);
  }

  /** The viewer asks for a format; false where there is no giving it. */
  ask(bytes: Buffer): boolean {
    const format = readPixelFormat(bytes);
    if (format !== undefined) this.#next = pixelWriter(format);
    return format !== undefined;
  }

  /** The viewer switches continuous updates on or off. */
  continuous(on: boolean): void {
    if (this.#continuous && !on) this.#awaitsEnd = true;
    this.#continuous = on;
  }

  continuousEnded(): void {
    this.#awaitsEnd = false;
    this.#change();
  }

  /** The format of an update that begins. */
  forUpdate(): PixelWriter {
    if (!this.#awaitsEnd) this.#change();
    return this.#writer;
  }

  #change(): void {
    this.#writer = this.#next ?? this.#writer;
    this.#next = undefined;
  }
}
