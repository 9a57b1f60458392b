import type { TLSSocket } from 'node:tls';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { decodeCount, encodeCount, FrameDecoder, frameType } from '../../../shared/proxy-stream/frames.ts';
import { GatewayStream, type StreamEnd } from '../../../src-main/sessions/gateway-stream.ts';

/** A connection to a gateway that answers pings for as long as the test wants, and never closes. */
class PongingSocket extends Duplex {
  answers = true;
  pings = 0;
  /** What came of the stream: the first byte of each frame, and all bytes. */
  readonly offsets = new Set<number>();
  readonly data: Uint8Array[] = [];
  readonly #decoder = new FrameDecoder();
  override _read(): void {
    // What is answered is all there is.
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    for (const frame of this.#decoder.push(chunk)) {
      if (frame.type === frameType.data) {
        const offset = frame.offset ?? decodeCount(frame.payload);
        this.offsets.add(offset);
        this.data.push(Uint8Array.from(frame.offset === undefined ? frame.payload.subarray(8) : frame.payload));
      }
      if (frame.type !== frameType.ping) continue;
      this.pings += 1;
      if (this.answers) this.push(encodeCount(frameType.pong, decodeCount(frame.payload)));
    }
    callback();
  }
}

afterEach(() => void vi.useRealTimers());

function world(seconds: number): { socket: PongingSocket; stream: GatewayStream; ends: StreamEnd[]; interrupted: number[]; dialled: () => number; pass: (milliseconds: number) => Promise<void> } {
  // What is written leaves in a turn of its own, which takes no time; a scripted one would be a millisecond late.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  const socket = new PongingSocket();
  const ends: StreamEnd[] = [];
  const interrupted: number[] = [];
  let dialled = 0;
  const stream = new GatewayStream({
    // The stream uses of a socket what a Duplex has.
    socket: socket as unknown as TLSSocket,
    decoder: new FrameDecoder(),
    following: [],
    gateway: 'office1',
    onMessage: () => undefined,
    onRoundTrip: () => undefined,
    onEnd: (end) => ends.push(end),
    monotonic: () => Date.now(),
    resume: {
      secret: 'S'.repeat(43), seconds, random: () => 1,
      dialAgain: (signal) => {
        dialled += 1;
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('given up')), { once: true }));
      },
      onInterrupted: (left) => interrupted.push(left),
      onResumed: () => undefined,
    },
  });
  stream.on('error', () => undefined);
  return { socket, stream, ends, interrupted, dialled: () => dialled, pass: async (milliseconds) => void (await vi.advanceTimersByTimeAsync(milliseconds)) };
}

describe('the limit of pongs on a session\'s stream', () => {
  test('rule 10: a gateway that answers nothing more and closes nothing is given up after three pings, not sooner, and dialled again', async () => {
    const { socket, stream, ends, interrupted, dialled, pass } = world(300);
    await pass(120_000);
    expect(socket.pings).toBe(25);
    expect([stream.interrupted, ends.length]).toEqual([false, 0]);
    socket.answers = false;
    await pass(15_000);
    expect([stream.interrupted, socket.destroyed, dialled()]).toEqual([false, false, 0]);
    await pass(5_000);
    expect([stream.interrupted, socket.destroyed, dialled()]).toEqual([true, true, 1]);
    expect(interrupted).toEqual([300]);
    expect(ends).toEqual([]);
    stream.closeWith('session.ended');
  });

  test('S13: where nothing may be resumed, the session ends as one whose gateway is lost', async () => {
    const { socket, ends, dialled, pass } = world(0);
    socket.answers = false;
    await pass(20_000);
    expect(ends).toEqual([{ code: 'session.gateway-lost', args: { gateway: 'office1' } }]);
    expect([socket.destroyed, dialled()]).toEqual([true, 0]);
  });
});

describe('what is written at once', () => {
  test.each([
    ['little leaves as one frame', 50, 1],
    ['much leaves as it is, without a copy of all of it', 40_000, 4],
  ])('%s, in order', async (_what, size, frames) => {
    const { socket, stream, pass } = world(0);
    const pieces = [1, 2, 3, 4].map((value) => Buffer.alloc(size, value));
    stream.cork();
    for (const piece of pieces) stream.write(piece);
    stream.uncork();
    await pass(1);
    expect(Buffer.concat(socket.data).equals(Buffer.concat(pieces))).toBe(true);
    expect(socket.offsets.size).toBe(frames);
    stream.closeWith('session.ended');
  });
});

describe('large memory that was written', () => {
  const LARGE = 64 * 1024;
  test('goes back once it is acknowledged, and not while the gateway may ask for it again', async () => {
    const { socket, stream, pass } = world(0);
    const [first, second] = [new Uint8Array(LARGE).fill(1), new Uint8Array(LARGE).fill(2)];
    stream.write(first);
    stream.write(second);
    await pass(1);
    expect(socket.data.map(({ length }) => length).reduce((sum, length) => sum + length, 0)).toBe(2 * LARGE);
    socket.push(encodeCount(frameType.acknowledge, LARGE));
    await pass(1);
    expect([first.length, second.length]).toEqual([0, LARGE]);
    stream.closeWith('session.ended');
  });

  test('stays where the gateway acknowledges what has not left: it is still to be sent', async () => {
    const { socket, stream, pass } = world(0);
    const bytes = new Uint8Array(LARGE).fill(1);
    // What is written leaves when the turn is over; the gateway's word comes before.
    stream.write(bytes);
    socket.emit('data', Buffer.from(encodeCount(frameType.acknowledge, LARGE)));
    expect(bytes.length).toBe(LARGE);
    await pass(1);
    expect(Buffer.concat(socket.data).equals(Buffer.alloc(LARGE, 1))).toBe(true);
    stream.closeWith('session.ended');
  });
});
