import { describe, expect, test } from 'vitest';
import { FrameError, frameType } from '../../../shared/proxy-stream/frames.ts';
import type { FrameReceiver } from '../../../src-gateway/proxy-port/proxy-connection.ts';
import { type LineConnection, SessionLine } from '../../../src-gateway/sessions/session-line.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

class FakeConnection implements LineConnection {
  readonly address = '192.0.2.1';
  readonly port = 7993;
  congested = false;
  readonly sent: unknown[] = [];
  receiver: FrameReceiver | undefined;
  streams = 0;
  destroyed = false;
  closed = false;
  dead = false;
  receive(receiver: FrameReceiver): void {
    this.receiver = receiver;
    if (this.dead) receiver.lost();
  }
  write(...parts: Uint8Array[]): void {
    this.sent.push(...parts.map((part) => Buffer.from(part).toString()));
  }
  sendJson(type: number, value: unknown): void {
    this.sent.push([type, value]);
  }
  beginStream(): void {
    this.streams += 1;
  }
  async close(): Promise<void> {
    this.closed = true;
  }
  destroy(): void {
    this.destroyed = true;
    this.receiver?.lost();
  }
  frame(text: string): void {
    this.receiver?.frame({ type: frameType.data, payload: Buffer.from(text) });
  }
}

function world(resumeSeconds = 300): { line: SessionLine; clock: ManualClock; seen: string[]; drained: { count: number }; first: FakeConnection } {
  const clock = new ManualClock();
  const seen: string[] = [];
  const drained = { count: 0 };
  const line = new SessionLine({
    clock, resumeSeconds,
    frame: ({ payload }) => seen.push(Buffer.from(payload).toString()),
    violated: ({ what }) => seen.push(what),
    fell: ({ code }) => seen.push(`fell ${code}`),
    cut: () => seen.push('cut'),
    drained: () => (drained.count += 1),
    expired: () => seen.push('expired'),
  });
  const first = new FakeConnection();
  line.begin(first);
  return { line, clock, seen, drained, first };
}

describe('a session\'s line to its client', () => {
  test('Resume: cut, it waits as long as it may, and what is written meanwhile goes nowhere', () => {
    const { line, clock, seen, first } = world();
    line.write(Buffer.from('a'));
    first.destroy();
    line.write(Buffer.from('b'));
    expect([line.isCut, first.sent, seen]).toEqual([true, ['a'], ['cut']]);
    clock.advance(299_999);
    expect(seen).toEqual(['cut']);
    clock.advance(1);
    expect(seen).toEqual(['cut', 'expired']);
  });

  test('Resume: taken up again it says so before anything else, tells how long it was cut, and no longer runs out', () => {
    const { line, clock, seen, first } = world();
    first.destroy();
    clock.advance(200_000);
    const second = new FakeConnection();
    expect(line.takeOver(second, 3, { received: 77 })).toBe(200_000);
    line.write(Buffer.from('on'));
    expect([second.sent, second.streams, line.epoch, line.isCut]).toEqual([[[frameType.resumed, { epoch: 3, received: 77 }], 'on'], 1, 3, false]);
    clock.advance(1_000_000);
    expect(seen).toEqual(['cut']);
  });

  test('Resume: cut again, the whole time begins anew', () => {
    const { line, clock, seen, first } = world();
    first.destroy();
    clock.advance(200_000);
    const second = new FakeConnection();
    line.takeOver(second, 1, { received: 0 });
    clock.advance(50_000);
    second.destroy();
    clock.advance(299_999);
    expect(seen).toEqual(['cut', 'cut']);
    clock.advance(1);
    expect(seen).toEqual(['cut', 'cut', 'expired']);
  });

  test('Resume: a connection that looked alive is cut by a newer one without being a cut, and its late frames, breaches and end count no more', () => {
    const { line, seen, first } = world();
    const old = first.receiver;
    const second = new FakeConnection();
    expect(line.takeOver(second, 1, { received: 0 })).toBe(0);
    expect(first.destroyed).toBe(true);
    first.frame('late');
    old?.frame({ type: frameType.data, payload: Buffer.from('later') });
    old?.violated(new FrameError('bad-order'));
    old?.lost();
    expect(seen).toEqual([]);
    second.frame('fresh');
    expect([seen, line.isCut]).toEqual([['fresh'], false]);
  });

  test('Resume: a connection that died before it was taken is a cut like any other', () => {
    const { line, clock, seen } = world();
    const dead = new FakeConnection();
    dead.dead = true;
    line.takeOver(dead, 1, { received: 0 });
    expect([line.isCut, seen]).toEqual([true, ['cut']]);
    clock.advance(300_000);
    expect(seen).toEqual(['cut', 'expired']);
  });

  test('Resume: ended, it closes what counts and hears nothing more, also no time that is over', async () => {
    const cut = world();
    cut.first.destroy();
    await cut.line.end();
    cut.clock.advance(1_000_000);
    expect([cut.line.isCut, cut.seen]).toEqual([false, ['cut']]);
    const live = world();
    await live.line.end();
    live.first.frame('late');
    live.first.receiver?.lost();
    expect([live.first.closed, live.seen]).toEqual([true, []]);
  });

  test('Resume: where nobody is waited for, a cut is over at once', () => {
    const { clock, seen, first } = world(0);
    first.destroy();
    clock.advance(0);
    expect(seen).toEqual(['cut', 'expired']);
  });

  test('who waits for a congested connection goes on when it drains or is cut; a connection that counts no more says nothing', () => {
    const { line, drained, first } = world();
    first.congested = true;
    expect(line.congested).toBe(true);
    first.receiver?.drained?.();
    expect(drained.count).toBe(1);
    const second = new FakeConnection();
    const old = first.receiver;
    line.takeOver(second, 1, { received: 0 });
    expect(line.congested).toBe(false);
    old?.drained?.();
    expect(drained.count).toBe(1);
    second.congested = true;
    second.destroy();
    expect([line.congested, drained.count]).toEqual([false, 2]);
  });
});
