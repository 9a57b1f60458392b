import { PassThrough, Duplex } from 'node:stream';
import { constants, createDeflate, deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { MavisError } from '../../../shared/errors/mavis-error.ts';
import { encoding, pixelFormat } from '../../../shared/vnc/encodings.ts';
import { pixelWriter, readPixelFormat } from '../../../src-main/sessions/viewer/pixel-format.ts';
import { EndedEarly, readExactly } from '../../../src-main/sessions/viewer/exact-read.ts';
import { viewerDesktop } from '../../../src-main/sessions/viewer/viewer-desktop.ts';
import { mostZrleBytes, zrleBands } from '../../../src-main/sessions/viewer/zrle.ts';
import { messages } from '../../fixtures/rfb-client.ts';

/** RFC 6143 section 7.7.6, tile kind by tile kind, written out by hand. */
describe('S20: ZRLE as RFC 6143 has it', () => {
  const RED = [0xff, 0, 0];
  const BLUE = [0, 0, 0xff];
  const red = 0x0000ff;
  const blue = 0xff0000;

  function decoded(bytes: readonly number[], width: number, height: number): number[] {
    const pixels: number[] = [];
    for (const band of zrleBands(Buffer.from(bytes), { width, height })) pixels.push(...band);
    return pixels;
  }

  test.each([
    ['raw', [0, ...RED, ...BLUE, ...BLUE, ...RED], [red, blue, blue, red]],
    ['one colour', [1, ...BLUE], [blue, blue, blue, blue]],
    ['two colours, one bit a pixel, each line whole in bytes', [2, ...RED, ...BLUE, 0b0100_0000, 0b1000_0000], [red, blue, blue, red]],
    ['three colours, two bits a pixel', [3, ...RED, ...BLUE, 1, 2, 3, 0b0010_0000, 0b0100_0000], [red, 0x030201, blue, red]],
    ['five colours, four bits a pixel', [5, ...RED, ...BLUE, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0x04, 0x10], [red, 0x030303, blue, red]],
    ['runs', [128, ...RED, 2, ...BLUE, 0], [red, red, red, blue]],
    ['runs of a palette', [130, ...RED, ...BLUE, 0x80, 1, 0x01, 0x00], [red, red, blue, red]],
  ])('%s', (_name, bytes, pixels) => expect(decoded(bytes, 2, 2)).toEqual(pixels));

  test('a run of more than 255 goes on in further bytes, and tiles at the right and lower edge are as small as they are', () => {
    // 65 x 65: four tiles of 64 x 64, 1 x 64, 64 x 1 and 1 x 1.
    const run = (pixels: number): number[] => [...Array.from({ length: Math.floor((pixels - 1) / 255) }, () => 255), (pixels - 1) % 255];
    const pixels = decoded([128, ...RED, ...run(4096), 1, ...BLUE, 1, ...BLUE, 1, ...RED], 65, 65);
    expect(pixels).toHaveLength(65 * 65);
    expect(pixels).toEqual(pixels.map((_pixel, at) => (at % 65 < 64 === at < 65 * 64 ? red : blue)));
  });

  test.each([
    ['a run beyond its tile', [128, ...RED, 4]],
    ['a colour that its palette does not have', [3, ...RED, ...BLUE, 1, 2, 3, 0xc0, 0]],
    ['a kind that is none', [17, ...RED]],
    ['a palette of one colour for runs', [129, ...RED, 0]],
    ['less than it says', [0, ...RED, ...BLUE]],
    ['more than it says', [1, ...RED, 0]],
  ])('A13: %s is told as the target\'s fault', (_name, bytes) => expect(() => decoded(bytes, 2, 2)).toThrow(expect.objectContaining({ code: 'target.protocol-error' })));
});

describe('S20: pixels in a viewer\'s own format', () => {
  const format = (bits: number, bigEndian: boolean, maxima: readonly number[], shifts: readonly number[]): Buffer => Buffer.from([bits, 24, Number(bigEndian), 1, ...maxima.flatMap((max) => [max >> 8, max & 255]), ...shifts, 0, 0, 0]);
  const PIXELS = Uint32Array.of(0x00_80_40_ff, 0x00_ff_ff_ff, 0);

  test.each([
    ['32 bits, red in the highest byte of three (TigerVNC\'s)', format(32, false, [255, 255, 255], [16, 8, 0]), '8040ff00ffffff0000000000'],
    ['32 bits, big endian, red in the very highest', format(32, true, [255, 255, 255], [24, 16, 8]), 'ff408000ffffff0000000000'],
    ['16 bits, 5-6-5', format(16, false, [31, 63, 31], [11, 5, 0]), '10faffff0000'],
    ['16 bits, 5-6-5, big endian', format(16, true, [31, 63, 31], [11, 5, 0]), 'fa10ffff0000'],
    ['8 bits, 3-3-2', format(8, false, [7, 7, 3], [0, 3, 6]), '97ff00'],
  ])('%s', (_name, bytes, written) => {
    const read = readPixelFormat(bytes);
    if (read === undefined) throw new Error('no format');
    expect(pixelWriter(read)(PIXELS).toString('hex')).toBe(written);
  });

  test.each([
    ['a map of colours', Buffer.from([8, 8, 0, 0, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0])],
    ['24 bits', format(24, false, [255, 255, 255], [0, 8, 16])],
    ['a colour outside its pixel', format(16, false, [255, 255, 255], [0, 8, 16])],
    ['a colour without shades', format(32, false, [0, 255, 255], [0, 8, 16])],
  ])('%s cannot be had', (_name, bytes) => expect(readPixelFormat(bytes)).toBeUndefined());
});

const SERVER_INIT: readonly number[] = [0, 2, 0, 2, ...pixelFormat, 0, 0, 0, 0, 0, 0, 1, 0x61];

/** A gateway of the tests' own at one end, a viewer at the other. */
class Laboratory {
  readonly #toClient = new PassThrough();
  readonly #fromClient = new PassThrough();
  readonly failures: MavisError[] = [];
  readonly viewer = viewerDesktop(Duplex.from({ readable: this.#toClient, writable: this.#fromClient }), (error) => this.failures.push(error));

  say(...parts: (Uint8Array | readonly number[])[]): void {
    for (const part of parts) this.#toClient.write(Buffer.from(part));
  }

  heard(bytes: number): Promise<Buffer> {
    return readExactly(this.#fromClient, bytes);
  }

  seen(bytes: number): Promise<Buffer> {
    return readExactly(this.viewer, bytes);
  }

  async begin(): Promise<this> {
    this.say(Buffer.from('RFB 003.008\n'), [1, 1], [0, 0, 0, 0]);
    this.viewer.write(Buffer.of(1));
    // Version, security type and ClientInit, then ServerInit.
    await this.heard(14);
    this.say(SERVER_INIT);
    await this.seen(SERVER_INIT.length);
    return this;
  }
}

const rectangle = (kind: number, width = 2, height = 2): number[] => [0, 0, 0, 0, width >> 8, width & 255, height >> 8, height & 255, (kind >> 24) & 255, (kind >> 16) & 255, (kind >> 8) & 255, kind & 255];
const update = (count: number): number[] => [0, 0, 0, count];
const packed = (bytes: Buffer): number[] => [0, 0, bytes.length >> 8, bytes.length & 255, ...bytes];
const BIG_RED = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];

describe('S20: a viewer\'s way to a session', () => {
  test('its format stays here, and of encodings what is read here is asked for', async () => {
    const laboratory = await new Laboratory().begin();
    laboratory.viewer.write(messages.pixelFormat(BIG_RED));
    laboratory.viewer.write(messages.encodings([encoding.tight, encoding.copyRect, encoding.copyRect, encoding.vmwareCursor, encoding.cursor, -26]));
    laboratory.viewer.write(messages.updateRequest(false, 2, 2));
    expect(await laboratory.heard(20)).toEqual(messages.encodings([encoding.zrle, encoding.raw, encoding.copyRect, encoding.cursor]));
    expect(await laboratory.heard(10)).toEqual(messages.updateRequest(false, 2, 2));
  });

  test('pictures, pointers and what has no pixels come in the viewer\'s format; one stream of zlib goes on over updates', async () => {
    const laboratory = await new Laboratory().begin();
    laboratory.viewer.write(messages.pixelFormat(BIG_RED));
    laboratory.viewer.write(messages.key(0x61, true));
    await laboratory.heard(8);
    const deflate = createDeflate();
    const flushed = (bytes: readonly number[]): Promise<Buffer> => new Promise((resolve) => {
      deflate.write(Buffer.from(bytes));
      deflate.flush(constants.Z_SYNC_FLUSH, () => resolve(deflate.read() as Buffer));
    });
    for (const [red, green, blue] of [[1, 2, 3], [4, 5, 6]] as const) {
      laboratory.say(update(1), rectangle(encoding.zrle), packed(await flushed([1, red, green, blue])));
      expect([...(await laboratory.seen(4 + 12 + 16))]).toEqual([...update(1), ...rectangle(encoding.raw), ...Array.from({ length: 4 }, () => [blue, green, red, 0]).flat()]);
    }
    laboratory.say(update(3), rectangle(encoding.cursor, 1, 1), [7, 8, 9, 0, 0x80], rectangle(encoding.copyRect), [0, 1, 0, 1], rectangle(encoding.lastRect, 0, 0), [2]);
    expect([...(await laboratory.seen(4 + 12 + 5 + 12 + 4 + 12 + 1))]).toEqual([...update(3), ...rectangle(encoding.cursor, 1, 1), 9, 8, 7, 0, 0x80, ...rectangle(encoding.copyRect), 0, 1, 0, 1, ...rectangle(encoding.lastRect, 0, 0), 2]);
    expect(laboratory.failures).toEqual([]);
  });

  test('a format that is asked for as continuous updates stop holds from their end on, another one from the next update on', async () => {
    const laboratory = await new Laboratory().begin();
    const one = [...update(1), ...rectangle(encoding.raw, 1, 1), 1, 2, 3, 0];
    const turned = [...update(1), ...rectangle(encoding.raw, 1, 1), 3, 2, 1, 0];
    laboratory.viewer.write(Buffer.of(150, 1, 0, 0, 0, 0, 0, 2, 0, 2));
    laboratory.viewer.write(Buffer.of(150, 0, 0, 0, 0, 0, 0, 2, 0, 2));
    laboratory.viewer.write(messages.pixelFormat(BIG_RED));
    laboratory.viewer.write(messages.updateRequest(true, 2, 2));
    await laboratory.heard(30);
    laboratory.say(one, [150], one);
    expect([...(await laboratory.seen(one.length * 2 + 1))]).toEqual([...one, 150, ...turned]);
    laboratory.viewer.write(messages.pixelFormat());
    laboratory.viewer.write(messages.updateRequest(true, 2, 2));
    await laboratory.heard(10);
    laboratory.say(one);
    expect([...(await laboratory.seen(one.length))]).toEqual(one);
  });

  test.each([
    ['no zlib', [...rectangle(encoding.zrle), ...packed(Buffer.from([1, 2, 3, 4]))]],
    ['a picture that unpacks to more than it is', [...rectangle(encoding.zrle), ...packed(deflateSync(Buffer.alloc(mostZrleBytes({ width: 2, height: 2 }) + 1)))]],
    ['a size that no desktop has', rectangle(encoding.zrle, 65_535, 65_535).concat([0, 0, 0, 1])],
    ['an encoding that was not asked for', rectangle(encoding.tight)],
  ])('A13: %s ends the session as the target\'s fault', async (_name, bytes) => {
    const laboratory = await new Laboratory().begin();
    laboratory.say(update(1), bytes);
    await expect.poll(() => laboratory.failures.map(({ code }) => code)).toEqual(['target.protocol-error']);
  });

  test.each([
    ['a map of colours', messages.pixelFormat([8, 8, 0, 0, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0])],
    ['a message that there is none of', Buffer.of(77)],
  ])('A13: a viewer that asks for %s is ended for it', async (_name, bytes) => {
    const laboratory = await new Laboratory().begin();
    laboratory.viewer.write(bytes);
    await expect.poll(() => laboratory.failures.map(({ code }) => code)).toEqual(['session.protocol-violation']);
  });

  test('a viewer that goes takes the session along, and no fault is told', async () => {
    const laboratory = await new Laboratory().begin();
    laboratory.viewer.end();
    await expect(laboratory.heard(1)).rejects.toThrow(EndedEarly);
    expect(laboratory.failures).toEqual([]);
  });

  test('a viewer that does not read holds the gateway back, and gets all of it in the end', async () => {
    const laboratory = await new Laboratory().begin();
    const line = [...update(1), ...rectangle(encoding.raw, 512, 64)];
    const picture = Buffer.concat([Buffer.from(line), Buffer.alloc(512 * 64 * 4, 0x5a)]);
    for (let count = 0; count < 20; count += 1) laboratory.say(picture);
    await new Promise((resolve) => setImmediate(resolve));
    expect(laboratory.viewer.readableLength).toBeLessThan(picture.length * 2);
    for (let count = 0; count < 20; count += 1) expect((await laboratory.seen(picture.length)).subarray(0, line.length)).toEqual(Buffer.from(line));
  });
});
