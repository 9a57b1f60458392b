import type { Picture } from '../../scripts/set-up/xwd-picture.ts';
import { seededRandom } from './seeded-random.ts';

const HEADER_FIELDS = 25;

/** A picture of thousands of colours, with soft slopes and hard noise: codecs that lose or shift anything lose it here. As an XWD file (XWDFile.h, version 7), which `xwud` shows. */
export function colourScene(width: number, height: number, seed: number): Buffer {
  const random = seededRandom(seed);
  const pixels = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const noisy = (x + y + seed) % 7 === 0 || (x < width / 4 && y < height / 4);
      const [red, green, blue] = noisy ? [0, 0, 0].map(() => Math.floor(random() * 256)) : [Math.floor((255 * x) / width), Math.floor((255 * y) / height), (seed * 37 + Math.floor((255 * (x + y)) / (width + height))) % 256];
      pixels.writeUInt32LE((((red ?? 0) << 16) | ((green ?? 0) << 8) | (blue ?? 0)) >>> 0, (y * width + x) * 4);
    }
  }
  const name = Buffer.from('scene\0', 'latin1');
  const header = Buffer.alloc(HEADER_FIELDS * 4);
  // Size of the header, version, Z-pixmap, depth, size, offset; byte order, units and pads; line, true colour, masks; colours; the window.
  const fields = [header.length + name.length, 7, 2, 24, width, height, 0, 0, 32, 0, 32, 32, width * 4, 4, 0xff0000, 0x00ff00, 0x0000ff, 8, 256, 0, width, height, 0, 0, 0];
  for (const [place, field] of fields.entries()) header.writeUInt32BE(field, place * 4);
  return Buffer.concat([header, name, pixels]);
}

/** How many colours a picture has. */
export function coloursOf({ width, height, pixels }: Picture): number {
  const seen = new Set<number>();
  for (let pixel = 0; pixel < width * height; pixel += 1) seen.add(pixels.readUIntBE(pixel * 3, 3));
  return seen.size;
}
