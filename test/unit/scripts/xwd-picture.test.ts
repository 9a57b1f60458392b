import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encodePng, readXwd, shareNotBlack } from '../../../scripts/set-up/xwd-picture.ts';

function xwd(width: number, height: number, pixels: readonly number[], littleEndian: boolean): Buffer {
  const header = Buffer.alloc(100 + 12);
  const fields = [112, 7, 2, 24, width, height, 0, littleEndian ? 0 : 1, 32, 0, 32, 32, width * 4 + 4, 4, 0, 0, 0, 8, 0, 1];
  fields.forEach((value, index) => header.writeUInt32BE(value, index * 4));
  header.writeUInt32BE(112, 0);
  const rows = Buffer.alloc(height * (width * 4 + 4));
  pixels.forEach((pixel, index) => {
    const at = Math.floor(index / width) * (width * 4 + 4) + (index % width) * 4;
    if (littleEndian) rows.writeUInt32LE(pixel, at);
    else rows.writeUInt32BE(pixel, at);
  });
  return Buffer.concat([header, Buffer.alloc(12), rows]);
}

test.each([true, false])('the screen is read in either byte order, lines with padding (little endian: %s)', (littleEndian) => {
  const picture = readXwd(xwd(2, 2, [0x112233, 0x445566, 0x778899, 0xaabbcc], littleEndian));
  expect(picture?.pixels.toString('hex')).toBe('112233445566778899aabbcc');
});

test('a file that is not whole gives nothing', () => {
  const whole = xwd(2, 2, [1, 2, 3, 4], true);
  for (let length = 0; length < whole.length; length += 1) expect(readXwd(whole.subarray(0, length))).toBeUndefined();
});

test('a PNG holds the rows, each with its filter byte', () => {
  const png = encodePng({ width: 2, height: 1, pixels: Buffer.from('112233445566', 'hex') });
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  const start = png.indexOf('IDAT');
  const length = png.readUInt32BE(start - 4);
  expect(inflateSync(png.subarray(start + 4, start + 4 + length)).toString('hex')).toBe('00112233445566');
});

test('an empty screen is black but for the pointer', () => {
  expect(shareNotBlack({ width: 4, height: 1, pixels: Buffer.from('000000111111222222000000', 'hex') })).toBe(0.5);
  expect(shareNotBlack({ width: 0, height: 0, pixels: Buffer.alloc(0) })).toBe(0);
});
