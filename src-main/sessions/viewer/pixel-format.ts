import { endianness } from 'node:os';

/** Where a colour stands in a pixel. */
interface Channel {
  readonly max: number;
  readonly shift: number;
}

/** How a viewer wants its pixels (RFC 6143 section 7.4), in true colour. */
export interface PixelFormat {
  readonly bitsPerPixel: 8 | 16 | 32;
  readonly bigEndian: boolean;
  /** Red, green and blue. */
  readonly channels: readonly [Channel, Channel, Channel];
}

/** Bytes of a pixel format on the wire, with its padding. */
export const PIXEL_FORMAT_BYTES = 16;

/** What a viewer asks for; undefined for a map of colours, which nobody has needed since screens show more than 256, and for what is no format. */
export function readPixelFormat(bytes: Buffer): PixelFormat | undefined {
  const bitsPerPixel = bytes.readUInt8(0);
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32) return undefined;
  const channel = (place: number): Channel => ({ max: bytes.readUInt16BE(4 + place * 2), shift: bytes.readUInt8(10 + place) });
  const channels = [channel(0), channel(1), channel(2)] as const;
  const isTrueColour = bytes.readUInt8(3) !== 0;
  const fits = channels.every(({ max, shift }) => max > 0 && shift < bitsPerPixel && max * 2 ** shift < 2 ** bitsPerPixel);
  return isTrueColour && fits ? { bitsPerPixel, bigEndian: bytes.readUInt8(2) !== 0, channels } : undefined;
}

/** Gives pixels of the session's format (red in the lowest byte, as a number) in that of a viewer. */
export type PixelWriter = (pixels: Uint32Array) => Buffer;

/** Writes pixels in a viewer's format: three look-ups for each, and no branch. */
export function pixelWriter(format: PixelFormat): PixelWriter {
  const [red, green, blue] = format.channels.map((channel) => shades(channel, format));
  if (red === undefined || green === undefined || blue === undefined) throw new TypeError('a pixel has three colours');
  return (pixels) => {
    const written = room(format.bitsPerPixel, pixels.length);
    for (let at = 0; at < pixels.length; at += 1) {
      const pixel = pixels[at] ?? 0;
      written[at] = (red[pixel & 255] ?? 0) | (green[(pixel >> 8) & 255] ?? 0) | (blue[(pixel >> 16) & 255] ?? 0);
    }
    return Buffer.from(written.buffer);
  };
}

/** What each of the 256 shades of a colour adds to a pixel, in this machine's order of bytes. */
function shades({ max, shift }: Channel, { bitsPerPixel, bigEndian }: PixelFormat): Uint32Array {
  const swap = bigEndian !== (endianness() === 'BE');
  return Uint32Array.from({ length: 256 }, (_none, shade) => {
    const value = (Math.round((shade * max) / 255) * 2 ** shift) >>> 0;
    return swap ? swapped(value, bitsPerPixel) : value;
  });
}

function swapped(value: number, bits: 8 | 16 | 32): number {
  if (bits === 8) return value;
  if (bits === 16) return ((value & 0xff) << 8) | (value >> 8);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function room(bits: 8 | 16 | 32, pixels: number): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  if (bits === 8) return new Uint8Array(pixels);
  return bits === 16 ? new Uint16Array(pixels) : new Uint32Array(pixels);
}
