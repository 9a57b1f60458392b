import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { palettePicture } from '../../tour/palette-picture.ts';

/** The colours of a PNG with a palette, three bytes a pixel; written here for files that use no filter. */
function colours(png: Buffer): { width: number; height: number; palette: number; pixels: number[] } {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const [header, palette, data] = ['IHDR', 'PLTE', 'IDAT'].map((type) => chunks.get(type) ?? Buffer.alloc(0));
  if (!header || !palette || !data) throw new Error('a chunk is missing');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const rows = inflateSync(data);
  const pixels = Array.from({ length: width * height }, (_, pixel) => palette.readUIntBE((rows[Math.floor(pixel / width) * (width + 1) + 1 + (pixel % width)] ?? 0) * 3, 3));
  return { width, height, palette: palette.length / 3, pixels };
}
const rgba = (list: readonly number[]): Uint8Array => Uint8Array.from(list.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255, 255]));

describe('a picture with a palette', () => {
  test('is what it was where it has few colours', () => {
    const list = [0xff0000, 0x00ff00, 0x123456, 0xff0000, 0xffffff, 0x000000];
    expect(colours(palettePicture(3, 2, rgba(list)))).toEqual({ width: 3, height: 2, palette: 5, pixels: list });
  });

  test('keeps the 256 commonest colours, and makes of each other one the nearest of them', () => {
    const common = Array.from({ length: 256 }, (_, place) => (place << 16) | 0x8040);
    const list = [...common, ...common, 0x108041, 0x7f8340];
    const made = colours(palettePicture(2, list.length / 2, rgba(list)));
    expect(made.palette).toBe(256);
    expect(made.pixels).toEqual([...common, ...common, 0x108040, 0x7f8040]);
  });
});
