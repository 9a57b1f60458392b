import { expect, test } from 'vitest';
import { DrawnTiles } from '../../../src-gateway/rdp/drawn-tiles.ts';

const u16 = (value: number): number[] => [value & 255, (value >> 8) & 255];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];
const HEADERS = Buffer.from([...u16(0xccc0), ...u32(12), ...u32(0xcaccacca), ...u16(0x100)]);

/** A region of so many rectangles, of which the last meets the tiles at the origin and the others none. */
function region(count: number): Buffer {
  const rects = Array.from({ length: count }, (_, place) => (place === count - 1 ? [...u16(0), ...u16(0), ...u16(64), ...u16(64)] : [...u16(8000), ...u16(8000), ...u16(1), ...u16(1)])).flat();
  return Buffer.from([...u16(0xccc6), ...u32(11 + rects.length), 1, 0, 1, ...u16(count), ...rects]);
}

/** So many empty tiles, all in one place. */
function setOfTiles(count: number): Buffer {
  const tile = Buffer.alloc(19);
  tile.writeUInt16LE(0xcac3, 0);
  tile.writeUInt32LE(19, 2);
  const head = Buffer.alloc(22);
  head.writeUInt16LE(0xccc7, 0);
  head.writeUInt32LE(22 + count * 19, 2);
  return Buffer.concat([head, Buffer.concat(Array.from({ length: count }, () => tile))]);
}

/** One surface command as fast-path PDUs in fragments. */
function update(...blocks: readonly Buffer[]): Buffer[] {
  const data = Buffer.concat([HEADERS, ...blocks]);
  const head = Buffer.alloc(22);
  head.writeUInt16LE(1, 0);
  head.writeUInt32LE(data.length, 18);
  const whole = Buffer.concat([head, data]);
  const pdus: Buffer[] = [];
  for (let at = 0; at < whole.length; at += 30_000) {
    const piece = whole.subarray(at, at + 30_000);
    const part = whole.length <= 30_000 ? 0 : at === 0 ? 2 : at + 30_000 >= whole.length ? 1 : 3;
    const length = 6 + piece.length;
    pdus.push(Buffer.concat([Buffer.from([0, 0x80 | (length >> 8), length & 255, 4 | (part << 4), ...u16(piece.length)]), piece]));
  }
  return pdus;
}

/** Milliseconds of the processor that it takes to follow PDUs, and whether any picture is kept. */
function follow(pdus: readonly Buffer[]): { readonly cpuMs: number; readonly kept: boolean } {
  const tiles = new DrawnTiles();
  const before = process.cpuUsage();
  for (const pdu of pdus) tiles.take(pdu);
  const cpuMs = process.cpuUsage(before).user / 1000;
  return { cpuMs, kept: tiles.pdus({ width: 1024, height: 768 }).some((pdu) => pdu.includes(Buffer.of(0xc3, 0xca))) };
}

test('a picture with a region of some rectangles is kept', () => {
  expect(follow(update(region(20), setOfTiles(500)))).toMatchObject({ kept: true });
});

test.each([
  ['20,000 tiles within a region of 512 rectangles', [region(512), setOfTiles(20_000)]],
  ['50,000 tiles in one set, four times: more than a call takes arguments', [region(1), ...Array.from({ length: 4 }, () => setOfTiles(50_000))]],
  ['400,000 tiles', [region(512), setOfTiles(400_000)]],
])('A13: a target that draws %s is not followed, and holds nobody up', (_, blocks) => {
  const { cpuMs, kept } = follow(update(...blocks));
  expect(kept).toBe(false);
  // All comparisons would take seconds.
  expect(cpuMs).toBeLessThan(500);
});
