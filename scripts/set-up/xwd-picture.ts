import { crc32, deflateSync } from 'node:zlib';

/** A picture in memory: three bytes a pixel, red, green, blue, row by row. */
export type Picture = { readonly width: number; readonly height: number; readonly pixels: Buffer };

/**
 * Reads the XWD file that Xvfb keeps of its screen (XWDFile.h, version 7, Z-pixmap, 32 bits a pixel). Gives undefined
 * where the bytes are not whole yet.
 */
export function readXwd(bytes: Buffer): Picture | undefined {
  if (bytes.length < 100) return undefined;
  const field = (index: number): number => bytes.readUInt32BE(index * 4);
  const [headerBytes, version, width, height, littleEndian] = [field(0), field(1), field(4), field(5), field(7) === 0];
  const [bitsPerPixel, bytesPerLine, colours] = [field(11), field(12), field(19)];
  const start = headerBytes + colours * 12;
  if (version !== 7 || bitsPerPixel !== 32 || bytes.length < start + bytesPerLine * height) return undefined;
  const pixels = Buffer.alloc(width * height * 3);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const from = start + row * bytesPerLine + column * 4;
      const pixel = littleEndian ? bytes.readUInt32LE(from) : bytes.readUInt32BE(from);
      pixels.writeUIntBE(pixel & 0xffffff, (row * width + column) * 3, 3);
    }
  }
  return { width, height, pixels };
}

/** Writes a picture as PNG (truecolour, 8 bits, no filter). */
export function encodePng({ width, height, pixels }: Picture): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let row = 0; row < height; row += 1) {
    pixels.copy(rows, row * (width * 3 + 1) + 1, row * width * 3, (row + 1) * width * 3);
  }
  return pngFile([['IHDR', header], ['IDAT', deflateSync(rows)]]);
}

/** A PNG file of these chunks, and the one that ends it. */
export function pngFile(chunks: readonly (readonly [type: string, data: Buffer])[]): Buffer {
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, ...chunks.map(([type, data]) => chunk(type, data)), chunk('IEND', Buffer.alloc(0))]);
}

/** The share of pixels that are not black, from 0 to 1: an empty screen of Xvfb is black but for the pointer. */
export function shareNotBlack({ width, height, pixels }: Picture): number {
  let count = 0;
  for (let at = 0; at < pixels.length; at += 3) if (pixels.readUIntBE(at, 3) !== 0) count += 1;
  return width * height === 0 ? 0 : count / (width * height);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
