import type { DrawnPicture } from './pixels.ts';

const ICO_HEADER_BYTES = 6;
const ICO_ENTRY_BYTES = 16;
/** In an icon's directory a side of 256 is written as 0. */
const ICO_LARGEST_SIDE = 256;

/** An icon of Windows (`.ico`) of square pictures, each kept as PNG, which Windows takes since Vista. Sides up to 256. */
export function icoFile(pictures: readonly DrawnPicture[]): Buffer {
  const head = Buffer.alloc(ICO_HEADER_BYTES + pictures.length * ICO_ENTRY_BYTES);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(pictures.length, 4);
  let offset = head.length;
  for (const [place, { width, height, png }] of pictures.entries()) {
    if (width > ICO_LARGEST_SIDE || height > ICO_LARGEST_SIDE) throw new RangeError(`an icon of Windows has sides of at most ${ICO_LARGEST_SIDE}`);
    const at = ICO_HEADER_BYTES + place * ICO_ENTRY_BYTES;
    head.writeUInt8(width % ICO_LARGEST_SIDE, at);
    head.writeUInt8(height % ICO_LARGEST_SIDE, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(png.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += png.length;
  }
  return Buffer.concat([head, ...pictures.map(({ png }) => png)]);
}

/** What macOS calls a picture of so many pixels; two names where it is the picture of one size and the doubled one of another. */
const ICNS_TYPES: ReadonlyMap<number, readonly string[]> = new Map([
  [16, ['icp4']],
  [32, ['icp5', 'ic11']],
  [64, ['ic12']],
  [128, ['ic07']],
  [256, ['ic08', 'ic13']],
  [512, ['ic09', 'ic14']],
  [1024, ['ic10']],
]);

/** Sides in pixels that an icon of macOS holds. */
export const ICNS_SIDES: readonly number[] = [...ICNS_TYPES.keys()];

/** An icon of macOS (`.icns`) of square pictures of the sides above. */
export function icnsFile(pictures: readonly DrawnPicture[]): Buffer {
  const elements = pictures.flatMap(({ width, png }) => {
    const types = ICNS_TYPES.get(width);
    if (!types) throw new RangeError(`an icon of macOS has no picture of ${width} pixels`);
    return types.map((type) => Buffer.concat([Buffer.from(type, 'latin1'), bigEndian(png.length + 8), png]));
  });
  const body = Buffer.concat(elements);
  return Buffer.concat([Buffer.from('icns', 'latin1'), bigEndian(body.length + 8), body]);
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const BMP_HEAD_BYTES = 54;
/** 96 dots an inch. */
const BMP_DOTS_A_METRE = 3780;

/** A bitmap of 24 bits a pixel, the only kind that NSIS shows in its pages; what shows through is white. */
export function bmpFile({ width, height, pixels }: DrawnPicture): Buffer {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(BMP_HEAD_BYTES + rowBytes * height);
  file.write('BM', 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(BMP_HEAD_BYTES, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  file.writeUInt32LE(rowBytes * height, 34);
  file.writeInt32LE(BMP_DOTS_A_METRE, 38);
  file.writeInt32LE(BMP_DOTS_A_METRE, 42);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = (y * width + x) * 4;
      const to = BMP_HEAD_BYTES + (height - 1 - y) * rowBytes + x * 3;
      const [red = 0, green = 0, blue = 0, alpha = 0] = pixels.subarray(from, from + 4);
      for (const [place, value] of [blue, green, red].entries()) file[to + place] = Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return file;
}
