import { constants, createDeflate, type Deflate, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeJsonPayload, type FrameKind, frameKind, markPayload } from '../../../shared/recording/recording-frame.ts';
import { decodePrimer, type PackedStream } from '../../../shared/watching/primer.ts';
import { PackedWindows } from '../../../src-gateway/vnc/packed-windows.ts';
import { RfbStream } from '../../../src-gateway/vnc/rfb-stream.ts';
import { serverMessages } from '../../../src-gateway/vnc/server-messages.ts';
import { WatchedPicture } from '../../../src-gateway/vnc/watched-picture.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

const SIZE = { width: 640, height: 480 };
const SERVER_INIT = Buffer.from('ServerInit of this size');
const encodings = { 'tight-0': 7, 'tight-1': 7, 'tight-2': 7, 'tight-3': 7, zrle: 16, zlib: 6 } as const;

const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
const u32 = (value: number): number[] => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** What a server would show: text that refers to all that came before, so that nobody unpacks it without. */
function shown(seed: number, bytes: number): Buffer {
  const words = Buffer.alloc(bytes);
  for (let at = 0, state = (seed % 7) + 1; at < bytes; at += 1) {
    if (at % 40 === 0) state = (state * 48_271) % 2_147_483_647;
    words[at] = 65 + ((state >> at % 16) & 15);
  }
  return words;
}

/** A server's packed streams, each flushed to whole bytes behind every rectangle. */
class PackingServer {
  readonly #streams = new Map<PackedStream, Deflate>();
  readonly #flush: number;

  constructor(flush: number = constants.Z_SYNC_FLUSH) {
    this.#flush = flush;
  }

  /** One update with one rectangle whose pixels unpack to `plain`, and the packed bytes in it. */
  async update(stream: PackedStream, plain: Buffer): Promise<{ message: Buffer; packed: Buffer }> {
    const packed = await this.#pack(stream, plain);
    // 640 by 17 points of three bytes: room for all that the tests pack.
    const head = [0, 0, 0, 1, ...u16(0), ...u16(0), ...u16(SIZE.width), ...u16(17), ...u32(encodings[stream])];
    const tight = [Number(stream.at(-1)) << 4, (packed.length & 127) | 128, ((packed.length >> 7) & 127) | 128, packed.length >> 14];
    return { packed, message: Buffer.concat([Buffer.from([...head, ...(stream.startsWith('tight') ? tight : u32(packed.length))]), packed]) };
  }

  async #pack(stream: PackedStream, plain: Buffer): Promise<Buffer> {
    const deflate = this.#streams.get(stream) ?? createDeflate();
    this.#streams.set(stream, deflate);
    const parts: Buffer[] = [];
    const take = (part: Buffer): void => void parts.push(part);
    deflate.on('data', take);
    deflate.write(plain);
    await new Promise<void>((resolve) => deflate.flush(this.#flush, resolve));
    deflate.off('data', take);
    return Buffer.concat(parts);
  }
}

function session() {
  const clock = new ManualClock();
  const seen = { asked: 0, lost: 0 };
  const packed = new PackedWindows(clock, () => {
    seen.lost += 1;
  });
  const picture = new WatchedPicture({
    clock,
    serverInit: () => SERVER_INIT,
    primers: () => packed.primers(),
    failed: (error) => {
      throw error;
    },
    askPicture: () => {
      seen.asked += 1;
    },
  });
  const stream = new RfbStream((send) => serverMessages({ size: SIZE, clipboardIn: true, clipboardOut: true, updated: () => undefined, resized: () => undefined, clipboard: () => undefined, packed, texts: { providedBytes: () => 0 } }, send), picture);
  return { clock, seen, picture, packed, push: (bytes: Buffer) => Buffer.concat(stream.push(bytes)) };
}

/** A watcher's side: what he got, in order. */
function watcher() {
  const frames: { kind: FrameKind; payload: Buffer }[] = [];
  const of = (kind: FrameKind): Buffer[] => frames.filter((frame) => frame.kind === kind).map(({ payload }) => payload);
  return {
    frames,
    sink: (kind: FrameKind, payload: Uint8Array) => void frames.push({ kind, payload: Buffer.from(payload) }),
    begun: async () => {
      await expect.poll(() => of(frameKind.mark).map((payload) => decodeJsonPayload(markPayload, payload).name)).toContain('begins-anew');
    },
    output: () => Buffer.concat(of(frameKind.output)),
    primers: () => of(frameKind.primer).map((payload) => decodePrimer(payload)),
  };
}

describe('S58: entering a VNC session in the middle', () => {
  test('whoever comes late unpacks what comes then as if he had been there from the start, of every packed stream', async () => {
    const { push, picture, packed, seen } = session();
    const server = new PackingServer();
    const streams = Object.keys(encodings) as PackedStream[];
    for (let round = 0; round < 4; round += 1) for (const stream of streams) push((await server.update(stream, shown(round, 30_000))).message);
    const late = watcher();
    picture.join(late.sink);
    await late.begun();
    expect(seen).toEqual({ asked: 1, lost: 0 });
    const primers = late.primers();
    expect(primers.map((primer) => primer?.stream)).toEqual(streams);
    const wholes: Buffer[] = [SERVER_INIT];
    for (const stream of streams) {
      // As the last one: whoever does not know that unpacks nothing.
      const plain = shown(3, 30_000);
      const { message, packed: bytes } = await server.update(stream, plain);
      expect(bytes.length).toBeLessThan(2_500);
      push(message);
      wholes.push(message);
      const primer = primers.find((one) => one?.stream === stream);
      const all = inflateSync(Buffer.concat([primer?.zlib ?? Buffer.alloc(0), bytes]), { finishFlush: constants.Z_SYNC_FLUSH });
      expect(all.subarray(primer?.windowBytes).equals(plain)).toBe(true);
    }
    expect(late.output().equals(Buffer.concat(wholes))).toBe(true);
    packed.stop();
  });

  test('he enters between two messages, whatever the pieces in which they come, and misses none behind it', async () => {
    const { push, picture, packed } = session();
    const server = new PackingServer();
    const [one, two, three] = [await server.update('zrle', shown(1, 9_000)), await server.update('zrle', shown(2, 9_000)), await server.update('zrle', shown(3, 9_000))].map(({ message }) => message) as [Buffer, Buffer, Buffer];
    push(Buffer.concat([one, two.subarray(0, 9)]));
    const late = watcher();
    picture.join(late.sink);
    push(two.subarray(9, 30));
    expect(late.frames).toEqual([]);
    push(Buffer.concat([two.subarray(30), three.subarray(0, 20)]));
    await late.begun();
    push(three.subarray(20));
    expect(late.output().equals(Buffer.concat([SERVER_INIT, three]))).toBe(true);
    expect(late.primers()[0]?.windowBytes).toBe(18_000);
    packed.stop();
  });

  test('a stream that a server has begun anew is entered from its new head on', async () => {
    const { push, picture, packed } = session();
    push((await new PackingServer().update('tight-1', shown(1, 9_000))).message);
    const { message } = await new PackingServer().update('tight-1', shown(2, 9_000));
    message.writeUInt8(message.readUInt8(16) | 2, 16);
    push(message);
    const late = watcher();
    picture.join(late.sink);
    await late.begun();
    const [primer] = late.primers();
    expect(inflateSync(primer?.zlib ?? Buffer.alloc(0), { finishFlush: constants.Z_SYNC_FLUSH }).equals(shown(2, 9_000))).toBe(true);
    packed.stop();
  });

  test('however many come, the target is asked for a whole picture once in two seconds; who leaves meanwhile gets nothing', async () => {
    const { picture, packed, seen, clock } = session();
    const [first, second, gone] = [watcher(), watcher(), watcher()];
    picture.join(first.sink);
    await first.begun();
    picture.join(second.sink);
    const leave = picture.join(gone.sink);
    leave();
    clock.advance(1_900);
    expect(seen.asked).toBe(1);
    expect(second.frames).toEqual([]);
    clock.advance(100);
    await second.begun();
    expect(seen.asked).toBe(2);
    expect(gone.frames).toEqual([]);
    packed.stop();
  });
});

describe('hostile servers', () => {
  test.each([
    ['not flushed to whole bytes', async (push: (bytes: Buffer) => void) => push((await new PackingServer(constants.Z_PARTIAL_FLUSH).update('zrle', shown(1, 9_000))).message)],
    ['broken', async (push: (bytes: Buffer) => void) => {
      const { message, packed } = await new PackingServer().update('zrle', shown(1, 9_000));
      push(Buffer.concat([message.subarray(0, -packed.length), Buffer.alloc(packed.length, 0xee)]));
    }],
    ['at its end', async (push: (bytes: Buffer) => void) => push((await new PackingServer(constants.Z_FINISH).update('zrle', shown(1, 9_000))).message)],
  ])('a packed stream that is %s is told as lost, and lets nobody in: no picture is shown that is none', async (_what, send) => {
    const { push, picture, seen } = session();
    await send(push);
    const late = watcher();
    picture.join(late.sink);
    await expect.poll(() => seen.lost).toBe(1);
    expect(late.frames).toEqual([]);
  });

  test('one that packs nothing into much is followed no more once it has taken a thread for a while', async () => {
    const { push, seen } = session();
    const server = new PackingServer();
    const zeros = Buffer.alloc(64 * 1024 * 1024);
    const [first, again] = [await server.update('zlib', zeros), await server.update('zlib', zeros)].map(({ message }) => message) as [Buffer, Buffer];
    // Within one moment of this clock; a mebibyte of packed bytes in all.
    for (const message of [first, ...Array.from({ length: 4 }, () => again)]) {
      message.writeUInt16BE(SIZE.height, 10);
      push(message);
    }
    await expect.poll(() => seen.lost, { timeout: 120_000 }).toBe(1);
    // A second's work of an idle machine, which a busy one may take a minute for.
  }, 150_000);
});
