import { describe, expect, test } from 'vitest';
import { encodeCount32, encodeJsonPayload, encodeResize, frameKind, type RecordingFrame } from '../../../shared/recording/recording-frame.ts';
import { PlaybackDecoder } from '../../../shared/recording/playback.ts';
import { advance, IDLE_LEAD_MS, nextSpeed } from '../../../src-renderer/recordings/player-time.ts';
import { type MakeKeyFrames, RecordingPlayer } from '../../../src-renderer/recordings/recording-player.ts';
import { Timeline } from '../../../src-renderer/recordings/timeline.ts';
import { playbackBytes } from '../../renderer/page-harness/made-data.ts';

const encoder = new TextEncoder();
const output = (ms: number, text: string): RecordingFrame => ({ kind: frameKind.output, microseconds: ms * 1000, payload: encoder.encode(text) });
const resize = (ms: number, columns: number, rows: number): RecordingFrame => ({ kind: frameKind.resize, microseconds: ms * 1000, payload: encodeResize({ columns, rows, widthPx: 0, heightPx: 0 }) });
const typed = (ms: number, bytes: number): RecordingFrame => ({ kind: frameKind.inputMark, microseconds: ms * 1000, payload: encodeCount32(bytes) });

describe('a recording’s timeline', () => {
  test('events are found by time, and marks are made of what matters', () => {
    const timeline = new Timeline();
    for (const frame of [resize(0, 80, 24), output(10, 'a'), typed(20, 1), typed(500, 2), output(1000, 'b'), typed(9000, 1), { kind: frameKind.exitStatus, microseconds: 9_500_000, payload: encodeCount32(3) } as const]) timeline.append(frame);
    expect([timeline.countUntil(-1), timeline.countUntil(9), timeline.countUntil(10), timeline.countUntil(99_999)]).toEqual([0, 1, 2, 3]);
    expect(timeline.nextAfter(10)).toBe(1000);
    expect(timeline.lastUntil(999)).toBe(10);
    expect(timeline.marks.map((mark) => [mark.atMs, mark.kind])).toEqual([[0, 'resize'], [20, 'input'], [9000, 'input'], [9500, 'exit']]);
    expect(timeline.marks[1]).toMatchObject({ bytes: 3 });
  });

  test('words of a target or its user in a mark are bounded and free of control characters', () => {
    const timeline = new Timeline();
    timeline.append({ kind: frameKind.request, microseconds: 0, payload: encodeJsonPayload({ kind: 'exec', command: `echo \u001B]0;x\u0007\u202E${'y'.repeat(5000)}` }) });
    const [mark] = timeline.marks;
    expect(mark?.kind === 'request' && mark.what).toMatch(/^echo \]0;xy+…$/);
    expect(mark?.kind === 'request' && mark.what.length).toBeLessThanOrEqual(80);
  });
});

describe('the player’s time', () => {
  const events = { nextAfter: (ms: number) => (ms < 20_000 ? 20_000 : undefined), lastUntil: (ms: number) => (ms >= 20_000 ? 20_000 : 0) };

  test('time runs by the speed and stops at the end', () => {
    const options = { speed: 4, skipIdle: false, durationMs: 10_000 };
    expect(advance(1000, 100, options, events)).toEqual({ positionMs: 1400, ended: false });
    expect(advance(9900, 100, options, events)).toEqual({ positionMs: 10_000, ended: true });
  });

  test('idle time is left shortly before something happens, and never runs backward', () => {
    const options = { speed: 1, skipIdle: true, durationMs: 30_000 };
    expect(advance(1000, 16, options, events).positionMs).toBe(1016);
    expect(advance(1490, 16, options, events).positionMs).toBe(20_000 - IDLE_LEAD_MS);
    expect(advance(19_900, 16, options, events).positionMs).toBe(19_916);
    expect(advance(22_000, 16, options, events).positionMs).toBe(30_000 - IDLE_LEAD_MS);
  });

  test('speeds step up and down and stay within their bounds', () => {
    expect([nextSpeed(1, 1), nextSpeed(16, 1), nextSpeed(1, -1), nextSpeed(0.5, -1)]).toEqual([2, 16, 0.5, 0.5]);
  });
});

/** A screen that keeps what it was told, and a display whose frames the test gives. */
function played(keyFrames?: MakeKeyFrames) {
  const told: string[] = [];
  const decoder = new TextDecoder();
  const frames: ((nowMs: number) => void)[] = [];
  const player = new RecordingPlayer(
    {
      write: (bytes, drawn) => {
        told.push(decoder.decode(bytes));
        drawn();
      },
      resize: (columns, rows) => told.push(`${columns}x${rows}`),
      reset: () => told.push('reset'),
    },
    { request: (callback) => frames.push(callback), cancel: () => frames.splice(0) },
    keyFrames,
  );
  const frame = async (nowMs: number) => {
    for (const callback of frames.splice(0)) callback(nowMs);
    await settled();
  };
  return { player, told, frame };
}
const header = new PlaybackDecoder().push(Buffer.concat(playbackBytes())).flatMap((part) => (part.part === 'header' ? [part.header] : []))[0];
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
const three = [output(0, 'a'), output(1000, 'b'), resize(1500, 100, 30), output(2000, 'c')];

describe('the player', () => {
  test('seeking forward shows what lies between, with sizes in their place; seeking back begins anew', async () => {
    const { player, told } = played();
    player.take(three);
    player.finish({ state: 'sealed', code: null });
    await settled();
    player.seek(2000);
    await settled();
    expect(told).toEqual(['a', 'b', '100x30', 'c']);
    player.seek(500);
    await settled();
    expect(told.slice(4)).toEqual(['reset', '80x24', 'a']);
  });

  test('S58: seeking begins at a key frame where that saves reading much, forward and back', async () => {
    const megabyte = 'x'.repeat(1024 * 1024);
    const large = [output(0, 'a'), output(1000, megabyte), output(2000, 'b'), output(3000, `${megabyte}y`), output(4000, 'c'), output(5000, 'd')];
    const given: number[] = [];
    const { player, told } = played(() => ({
      before: (events) => [{ events: 3, columns: 80, rows: 24, text: 'at 3' }, { events: 4, columns: 100, rows: 30, text: 'at 4' }].findLast((frame) => frame.events <= events),
      more: () => given.push(1),
      dispose: () => given.push(0),
    }));
    if (header === undefined) throw new Error('no header');
    player.begin(header);
    player.take(large);
    player.finish({ state: 'sealed', code: null });
    await settled();
    told.length = 0;
    player.seek(4000);
    await settled();
    expect(told).toEqual(['reset', '100x30', 'at 4', 'c']);
    told.length = 0;
    // A little is read as it is.
    player.seek(5000);
    await settled();
    expect(told).toEqual(['d']);
    told.length = 0;
    player.seek(2500);
    await settled();
    expect(told).toEqual(['reset', '80x24', 'at 3']);
    told.length = 0;
    player.seek(0);
    await settled();
    expect(told).toEqual(['reset', '100x28', 'a']);
    player.dispose();
    expect(given).toEqual([1, 0]);
  });

  test('playing shows each part at its time, ends at the end, and plays again from the start', async () => {
    const { player, told, frame } = played();
    player.take(three);
    player.finish({ state: 'sealed', code: null });
    player.setSkipIdle(false);
    player.play();
    await frame(0);
    await frame(900);
    expect(told.join('')).toBe('a');
    await frame(1100);
    expect(told.join('')).toBe('ab');
    await frame(2500);
    expect(told.at(-1)).toBe('c');
    expect(player.store.getState()).toMatchObject({ playing: false, atEnd: true, positionMs: 2000 });
    player.play();
    expect(player.store.getState()).toMatchObject({ playing: true, positionMs: 0 });
  });

  test('what has not come yet is waited for, and a seek beyond it is kept', async () => {
    const { player, told, frame } = played();
    player.take(three.slice(0, 2));
    player.setSkipIdle(false);
    player.play();
    await frame(0);
    await frame(5000);
    expect(player.store.getState()).toMatchObject({ positionMs: 1000, playing: true, atEnd: false });
    player.take(three.slice(2));
    player.finish({ state: 'sealed', code: null });
    await frame(6100);
    expect(told.at(-1)).toBe('c');
  });

  test('the end that is asked for before anything has come is gone to as it comes', async () => {
    const { player, told } = played();
    player.seekEnd();
    player.take(three.slice(0, 2));
    player.take(three.slice(2));
    player.finish({ state: 'sealed', code: null });
    await settled();
    expect(told.at(-1)).toBe('c');
    player.seek(0);
    player.take([output(3000, 'd')]);
    expect(player.store.getState().positionMs).toBe(0);
  });

  test('S69: a playback that was cut off says that its end is missing', () => {
    const { player } = played();
    player.finish(null);
    expect(player.store.getState().error?.code).toBe('recording.evidence-missing');
  });
});
