import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CountedStream, FIRST_WINDOW_BYTES } from '../../../shared/proxy-stream/counted-stream.ts';
import { type Frame, FrameDecoder, FrameError, frameType } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { CountedDuplex, READ_BLOCK_BYTES } from '../../../src-gateway/proxy-port/counted-duplex.ts';

/** A duplex whose frames go to a counted stream at the other end, and back. */
function pair(): { readonly duplex: CountedDuplex; readonly far: CountedStream; readonly got: Buffer[]; readonly finished: () => boolean; setReading(on: boolean): void } {
  const got: Buffer[] = [];
  let done = false;
  let reading = true;
  const waiting: Frame[] = [];
  const decode = (take: (frame: Frame) => void): ((...parts: Uint8Array[]) => void) => {
    const decoder = new FrameDecoder();
    return (...parts) => {
      for (const part of parts) for (const frame of decoder.push(part)) setImmediate(() => take(frame));
    };
  };
  const duplex: CountedDuplex = new CountedDuplex({ clock: systemClock(), write: decode((frame) => (reading ? far.take(frame) : waiting.push(frame))) });
  const far: CountedStream = new CountedStream({
    write: decode((frame) => duplex.takeFrame(frame)),
    deliver: (bytes) => {
      got.push(Buffer.from(bytes));
      far.consume(bytes.length);
    },
    finished: () => (done = true),
    writable: () => undefined,
    setTimer: (callback, milliseconds) => setTimeout(callback, milliseconds),
    clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  });
  return {
    duplex, far, got,
    finished: () => done,
    setReading: (on) => {
      reading = on;
      if (on) for (const frame of waiting.splice(0)) far.take(frame);
    },
  };
}

/** A duplex whose frames go nowhere, for what a peer sends by hand. */
const loneDuplex = (): CountedDuplex => new CountedDuplex({ clock: systemClock(), write: () => undefined });
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the counted stream as a Duplex', () => {
  test('S3: what is written comes out at the other end, byte for byte, and the end after it', async () => {
    const { duplex, got, finished } = pair();
    const bytes = randomBytes(5_000_000);
    for (let at = 0; at < bytes.length; at += 33_333) {
      if (!duplex.write(bytes.subarray(at, at + 33_333))) await new Promise<void>((resolve) => duplex.once('drain', resolve));
    }
    await new Promise<void>((resolve) => duplex.end(() => resolve()));
    await expect.poll(() => finished()).toBe(true);
    expect(sha(Buffer.concat(got))).toBe(sha(bytes));
    expect(duplex.counts.sent).toBe(bytes.length);
  });

  test('writing waits at the first window while the peer acknowledges nothing, and goes on when it does', async () => {
    const { duplex, got, setReading } = pair();
    setReading(false);
    let written = 0;
    const piece = Buffer.alloc(64 * 1024, 1);
    for (let at = 0; at < 64; at += 1) duplex.write(piece, () => (written += 1));
    await new Promise<void>((resolve) => setTimeout(resolve, 50));
    expect(duplex.counts.sent).toBe(FIRST_WINDOW_BYTES);
    expect(written).toBe(15);
    setReading(true);
    await expect.poll(() => got.reduce((sum, { length }) => sum + length, 0)).toBe(64 * piece.length);
    expect(written).toBe(64);
  });

  test('writing waits while the connection is congested, though the window has room, and goes on when told to', async () => {
    let congested = true;
    const duplex = new CountedDuplex({ clock: systemClock(), write: () => undefined, congested: () => congested });
    let written = 0;
    for (let at = 0; at < 3; at += 1) duplex.write(Buffer.alloc(10), () => (written += 1));
    await new Promise<void>((resolve) => setImmediate(resolve));
    duplex.goOn();
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect([duplex.counts.sent, written]).toEqual([10, 0]);
    congested = false;
    duplex.goOn();
    await expect.poll(() => written).toBe(3);
    expect(duplex.counts.sent).toBe(30);
  });

  test('what the reader does not take is not acknowledged, and the peer stops at its window', async () => {
    const { duplex, far } = pair();
    let sent = 0;
    while (far.hasRoom) {
      far.send(Buffer.alloc(50_000, 2));
      sent += 50_000;
    }
    await new Promise<void>((resolve) => setTimeout(resolve, 150));
    expect(far.hasRoom).toBe(false);
    expect(duplex.counts.consumed).toBeLessThan(300_000);
    let read = 0;
    duplex.on('data', (chunk: Buffer) => (read += chunk.length));
    await expect.poll(() => read).toBe(sent);
    await expect.poll(() => far.hasRoom).toBe(true);
  });

  test('a peer that sends single bytes that nobody reads costs bytes, not objects', () => {
    const duplex = loneDuplex();
    const frame = (offset: number): Frame => {
      const payload = Buffer.alloc(9, 0x61);
      payload.writeBigUInt64BE(BigInt(offset));
      return { type: frameType.data, payload };
    };
    global.gc?.();
    const before = process.memoryUsage().heapUsed + process.memoryUsage().external;
    for (let offset = 0; offset < 300_000; offset += 1) duplex.takeFrame(frame(offset));
    const after = process.memoryUsage().heapUsed + process.memoryUsage().external;
    expect((after - before) / 300_000).toBeLessThan(400);
    const read: Buffer[] = [];
    duplex.on('data', (chunk: Buffer) => read.push(chunk));
    return expect.poll(() => Buffer.concat(read).length).toBe(300_000);
  });

  test('what comes in one turn is handed on in whole blocks, what is typed at once, and neither shares memory with the connection', async () => {
    const duplex = loneDuplex();
    const read: Buffer[] = [];
    duplex.on('data', (chunk: Buffer) => read.push(chunk));
    await new Promise(setImmediate);
    const take = (offset: number, payload: Buffer): void => void duplex.takeFrame({ type: frameType.data, payload, offset });
    const key = Buffer.from('a');
    take(0, key);
    expect(read.map(String)).toEqual(['a']);
    const pieces = Array.from({ length: 9 }, (_none, place) => Buffer.alloc(READ_BLOCK_BYTES / 4, place));
    const sent = Buffer.concat([key, ...pieces]);
    pieces.forEach((piece, place) => take(1 + place * piece.length, piece));
    for (const bytes of [key, ...pieces]) bytes.fill(0xff);
    expect(read).toHaveLength(1);
    await new Promise(setImmediate);
    expect(read.map(({ length }) => length)).toEqual([1, READ_BLOCK_BYTES, READ_BLOCK_BYTES, READ_BLOCK_BYTES / 4]);
    // What fills a block by little holds no whole one.
    expect(read.at(-1)?.buffer.byteLength).toBeLessThan(READ_BLOCK_BYTES / 2);
    expect(Buffer.concat(read).equals(sent)).toBe(true);
    expect(duplex.counts.consumed).toBe(sent.length);
  });

  test('bytes beyond the largest window, an offset ahead, or an acknowledgement of what was never sent, break the rules', () => {
    const data = (offset: number, length: number): Frame => {
      const payload = Buffer.alloc(8 + length);
      payload.writeBigUInt64BE(BigInt(offset));
      return { type: frameType.data, payload };
    };
    const count = (type: Frame['type'], value: number): Frame => {
      const payload = Buffer.alloc(8);
      payload.writeBigUInt64BE(BigInt(value));
      return { type, payload };
    };
    for (const frame of [data(1, 1), data(0, 0), count(frameType.acknowledge, 1), count(frameType.finish, 1), { type: frameType.data, payload: Buffer.alloc(7) }] as const) expect(() => loneDuplex().takeFrame(frame)).toThrow(FrameError);
    const duplex = loneDuplex();
    const flood = (): void => {
      for (let offset = 0; offset < 40 * 1024 * 1024; offset += 60_000) duplex.takeFrame(data(offset, 60_000));
    };
    expect(flood).toThrow(FrameError);
    expect(duplex.counts.received).toBeLessThan(17 * 1024 * 1024);
  });

  test('after it is destroyed it takes frames without effect, and nothing is sent', async () => {
    const { duplex, got } = pair();
    duplex.destroy();
    expect(duplex.takeFrame({ type: frameType.data, payload: Buffer.alloc(9) })).toBe(true);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(got).toEqual([]);
  });
});
