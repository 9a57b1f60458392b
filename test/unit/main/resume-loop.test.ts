import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { encodeJsonFrame } from '../../../shared/proxy-stream/counted-stream.ts';
import { encodeCount, encodeFrame, FrameDecoder, frameType } from '../../../shared/proxy-stream/frames.ts';
import { parsePayload, resume } from '../../../shared/proxy-stream/messages.ts';
import { ResumeLoop, type ResumeLoopOptions } from '../../../src-main/sessions/resume-loop.ts';

const encodeUtf8 = (text: string): Uint8Array => Buffer.from(text);
const SECRET = 'S'.repeat(43);

/** A connection whose far end is the test: what was written, and a way to answer. */
class FakeSocket extends Duplex {
  readonly said: { epoch: number; received: number }[] = [];
  readonly #decoder = new FrameDecoder();
  onResume: ((said: { epoch: number; received: number }) => void) | undefined;
  override _read(): void {
    // What the test pushes is all there is.
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    for (const frame of this.#decoder.push(chunk)) {
      const said = parsePayload(resume, frame.payload, (bytes) => Buffer.from(bytes).toString());
      this.said.push(said);
      this.onResume?.(said);
    }
    callback();
  }
  answer(value: object, ...following: Uint8Array[]): void {
    this.push(Buffer.concat([encodeJsonFrame(frameType.resumed, value, encodeUtf8), ...following]));
  }
  refuse(code: string, args = {}): void {
    this.push(encodeJsonFrame(frameType.failed, { code, args, credentialSent: false }, encodeUtf8));
  }
}

function world(dial: (attempt: number, signal: AbortSignal) => Promise<FakeSocket>, changes: Partial<ResumeLoopOptions> = {}): { loop: ResumeLoop; stop: AbortController; dials: number[]; pass: (milliseconds: number) => Promise<void> } {
  vi.useFakeTimers();
  const stop = new AbortController();
  const dials: number[] = [];
  let epoch = 0;
  const loop = new ResumeLoop({
    gateway: 'office1', resumeSecret: SECRET, limitMs: 300_000, signal: stop.signal,
    received: () => 42,
    nextEpoch: () => (epoch += 1),
    monotonic: () => Date.now(),
    random: () => 1,
    // The loop uses of a socket what a Duplex has.
    dialAgain: (signal) => {
      dials.push(Date.now());
      return dial(dials.length, signal) as unknown as Promise<TLSSocket>;
    },
    ...changes,
  });
  return { loop, stop, dials, pass: async (milliseconds) => void (await vi.advanceTimersByTimeAsync(milliseconds)) };
}

const refused = (): Promise<FakeSocket> => Promise.reject(new MavisError('gateway.refused', { gateway: 'office1' }));
/** Settles a run for a look at it. */
const settled = (run: Promise<unknown>): Promise<unknown> => run.catch((error: unknown) => (error instanceof MavisError ? error.code : error));

afterEach(() => void vi.useRealTimers());

describe('the loop that takes a stream up again', () => {
  test('Resume: the first try is at once, says secret, epoch and what has come, and hands on the frames that came with the answer', async () => {
    const socket = new FakeSocket();
    socket.onResume = ({ epoch }) => socket.answer({ epoch, received: 7 }, encodeCount(frameType.ping, 3));
    const { loop, dials } = world(async () => socket);
    const connection = await loop.run();
    expect(connection.received).toBe(7);
    expect(connection.following.map(({ type }) => type)).toEqual([frameType.ping]);
    expect(socket.said).toEqual([{ version: 1, resumeSecret: SECRET, epoch: 1, received: 42 }]);
    expect(dials).toHaveLength(1);
    expect(socket.isPaused()).toBe(true);
  });

  test('Resume: pauses double from 0.2 to 5 seconds, without an end before the five minutes; then the gateway is lost', async () => {
    const { loop, dials, pass } = world(refused);
    const run = settled(loop.run());
    await pass(299_000);
    const pauses = dials.slice(1).map((at, index) => at - (dials[index] ?? 0));
    expect(pauses.slice(0, 7)).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(new Set(pauses.slice(6))).toEqual(new Set([5000]));
    await pass(2000);
    expect(await run).toBe('session.gateway-lost');
  });

  test('Resume: the pauses are jittered down to the half', async () => {
    const { loop, dials, pass, stop } = world(refused, { random: () => 0 });
    const run = settled(loop.run());
    await pass(701);
    expect(dials.map((at) => at - (dials[0] ?? 0))).toEqual([0, 100, 300, 700]);
    stop.abort(new MavisError('connect.cancelled'));
    expect(await run).toBe('connect.cancelled');
  });

  test('Resume: "try now" ends the pause, gives up a dial that hangs, and begins the pauses anew', async () => {
    const { loop, dials, pass, stop } = world((attempt, signal) => (attempt === 6 ? once(signal, 'abort').then(() => Promise.reject(new MavisError('connect.cancelled'))) : refused()));
    const run = settled(loop.run());
    await pass(3100);
    expect(dials).toHaveLength(5);
    loop.hurry();
    await pass(0);
    expect(dials).toHaveLength(6);
    loop.hurry();
    await pass(0);
    expect(dials).toHaveLength(7);
    await pass(200);
    expect(dials).toHaveLength(8);
    stop.abort(new MavisError('connect.cancelled'));
    await run;
  });

  test('Resume: each try has a higher epoch; one that is not answered is given up after five seconds, its connection closed', async () => {
    const silent = new FakeSocket();
    const good = new FakeSocket();
    good.onResume = ({ epoch }) => good.answer({ epoch, received: 0 });
    const { loop, pass } = world(async (attempt) => (attempt === 1 ? silent : good));
    const run = loop.run();
    await pass(4999);
    expect(silent.destroyed).toBe(false);
    await pass(1);
    expect(silent.destroyed).toBe(true);
    await pass(200);
    await run;
    expect([silent.said[0]?.epoch, good.said[0]?.epoch]).toEqual([1, 2]);
  });

  test('Resume: what a try came upon is told for the log, once as long as it stays the same', async () => {
    const told: unknown[] = [];
    const failures = ['gateway.refused', 'gateway.refused', 'gateway.time-out', 'gateway.time-out', 'gateway.refused'] as const;
    const { loop, stop, pass } = world((attempt) => Promise.reject(new MavisError(failures[attempt - 1] ?? 'gateway.refused', { gateway: 'office1' })), { onTryFailed: (error, tries) => told.push([error instanceof MavisError && error.code, tries]) });
    const run = settled(loop.run());
    await pass(60_000);
    expect(told).toEqual([['gateway.refused', 1], ['gateway.time-out', 3], ['gateway.refused', 5]]);
    stop.abort(new MavisError('connect.cancelled'));
    await run;
  });

  test('Resume: a refusal ends it with the gateway\'s reason, at once; one that concerns the connection alone is tried again', async () => {
    const { loop } = world(async (attempt) => {
      const socket = new FakeSocket();
      socket.onResume = () => (attempt === 1 ? socket.refuse('hello.time-out') : socket.refuse('session.idle', { minutes: 30 }));
      return socket;
    });
    const run = loop.run().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(200);
    expect(await run).toMatchObject({ code: 'session.idle', args: { minutes: 30 } });
  });

  test.each([
    ['another epoch than was said', (socket: FakeSocket) => socket.answer({ epoch: 9, received: 0 })],
    ['a negative count', (socket: FakeSocket) => socket.answer({ epoch: 1, received: -1 })],
    ['a frame out of its place', (socket: FakeSocket) => void socket.push(encodeFrame(frameType.ping, new Uint8Array(8)))],
    ['no frame at all', (socket: FakeSocket) => void socket.push(Buffer.from('HTTP/1.1 400 Bad Request'))],
    ['the end', (socket: FakeSocket) => void socket.destroy()],
  ])('Resume: an answer that is none is tried again, and its connection closed: %s', async (_what, answer) => {
    const bad = new FakeSocket();
    bad.onResume = () => answer(bad);
    const good = new FakeSocket();
    good.onResume = ({ epoch }) => good.answer({ epoch, received: 0 });
    const { loop, pass } = world(async (attempt) => (attempt === 1 ? bad : good));
    const run = loop.run();
    await pass(200);
    expect((await run).socket).toBe(good);
    expect(bad.destroyed).toBe(true);
  });

  test('Resume: stopped, it closes what is under way and tries no more', async () => {
    const socket = new FakeSocket();
    const { loop, stop, dials, pass } = world(async () => socket);
    const run = settled(loop.run());
    await pass(10);
    stop.abort(new MavisError('session.closed-by-user'));
    expect(await run).toBe('session.closed-by-user');
    expect(socket.destroyed).toBe(true);
    await pass(20_000);
    expect(dials).toHaveLength(1);
  });
});
