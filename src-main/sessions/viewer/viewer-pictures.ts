import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { isDesktopSize } from '../../../shared/vnc/desktop-size.ts';
import { BYTES_PER_PIXEL, encoding } from '../../../shared/vnc/encodings.ts';
import { InflatedStream } from './inflated-stream.ts';
import type { PixelWriter } from './pixel-format.ts';
import type { RfbPipe } from './rfb-pipe.ts';
import type { ViewerFormat } from './viewer-format.ts';
import { mostZrleBytes, zrleBands } from './zrle.ts';

const message = { update: 0, bell: 2, cutText: 3, endOfContinuousUpdates: 150, fence: 248 } as const;
const RECTANGLE_BYTES = 12;
/** Raw pixels are rewritten so many lines at a time. */
const LINES = 64;
/** What packing may add to bytes that cannot be packed. */
const PACKING_SLACK_BYTES = 64 * 1024;

interface Rectangle {
  readonly width: number;
  readonly height: number;
}

/**
 * What the gateway sends after ServerInit (RFC 6143 section 7.6) goes on to a viewer, every picture as raw pixels in the viewer's own
 * format: between the two lies this machine's loopback alone, and each viewer reads raw. Rejects with `target.protocol-error`, or EndedEarly.
 */
export async function carryPictures(pipe: RfbPipe, format: ViewerFormat): Promise<never> {
  const pictures = new ViewerPictures(pipe, format);
  try {
    for (;;) await pictures.message();
  } finally {
    pictures.close();
  }
}

class ViewerPictures {
  readonly #pipe: RfbPipe;
  readonly #format: ViewerFormat;
  readonly #zrle = new InflatedStream();

  constructor(pipe: RfbPipe, format: ViewerFormat) {
    this.#pipe = pipe;
    this.#format = format;
  }

  close(): void {
    this.#zrle.close();
  }

  async message(): Promise<void> {
    const [type] = await this.#pipe.read(1);
    switch (type) {
      case message.update:
        await this.#update();
        return;
      case message.bell:
        await this.#pipe.write(Buffer.of(type));
        return;
      case message.endOfContinuousUpdates:
        this.#format.continuousEnded();
        await this.#pipe.write(Buffer.of(type));
        return;
      case message.cutText:
      case message.fence: {
        const head = await this.#pipe.read(type === message.fence ? 8 : 7);
        await this.#pipe.write(Buffer.concat([Buffer.of(type), head]));
        await this.#pipe.pass(type === message.fence ? head.readUInt8(7) : Math.abs(head.readInt32BE(3)));
        return;
      }
      default:
        throw broken();
    }
  }

  async #update(): Promise<void> {
    const written = this.#format.forUpdate();
    const head = await this.#pipe.read(3);
    await this.#pipe.write(Buffer.concat([Buffer.of(message.update), head]));
    for (let left = head.readUInt16BE(1); left > 0; left -= 1) {
      const place = await this.#pipe.read(RECTANGLE_BYTES);
      const kind = place.readInt32BE(8);
      const size = { width: place.readUInt16BE(4), height: place.readUInt16BE(6) };
      if (kind === encoding.zrle) place.writeInt32BE(encoding.raw, 8);
      await this.#pipe.write(place);
      if (kind === encoding.lastRect) return;
      await this.#rectangle(kind, size, written);
    }
  }

  async #rectangle(kind: number, size: Rectangle, written: PixelWriter): Promise<void> {
    switch (kind) {
      case encoding.zrle:
        await this.#packed(size, written);
        return;
      case encoding.raw:
        await this.#raw(size, written);
        return;
      case encoding.cursor:
        await this.#raw(size, written);
        await this.#pipe.pass(Math.ceil(size.width / 8) * size.height);
        return;
      case encoding.copyRect:
        await this.#pipe.pass(4);
        return;
      case encoding.ledState:
        await this.#pipe.pass(1);
        return;
      case encoding.extendedDesktopSize:
        await this.#pipe.pass((await this.#pipe.look(4)).readUInt8(0) * 16);
        return;
      case encoding.desktopName:
        await this.#pipe.pass((await this.#pipe.look(4)).readUInt32BE(0));
        return;
      case encoding.desktopSize:
      case encoding.extendedKey:
        return;
      default:
        throw broken();
    }
  }

  async #packed(size: Rectangle, written: PixelWriter): Promise<void> {
    const packedBytes = (await this.#pipe.read(4)).readUInt32BE(0);
    const mostBytes = mostZrleBytes(size);
    if (!isDesktopSize(size) || packedBytes > mostBytes + PACKING_SLACK_BYTES) throw broken();
    await this.#pipe.inPieces(packedBytes, (piece) => this.#zrle.push(piece, mostBytes));
    for (const pixels of zrleBands(this.#zrle.taken(), size)) await this.#pipe.write(written(pixels));
  }

  async #raw({ width, height }: Rectangle, written: PixelWriter): Promise<void> {
    for (let top = 0; top < height; top += LINES) {
      const bytes = await this.#pipe.read(width * Math.min(LINES, height - top) * BYTES_PER_PIXEL);
      await this.#pipe.write(written(asPixels(bytes)));
    }
  }
}

/** As numbers, red in the lowest byte, whatever the machine's own order of bytes. A copy: the bytes may begin anywhere. */
function asPixels(bytes: Buffer): Uint32Array {
  const pixels = new Uint32Array(bytes.length / BYTES_PER_PIXEL);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = bytes.readUInt32LE(at * BYTES_PER_PIXEL);
  return pixels;
}

function broken(): MavisError {
  return new MavisError('target.protocol-error');
}
