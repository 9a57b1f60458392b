import { describe, expect, test } from 'vitest';
import type { KeyFrame, ToKeyFrames } from '../../../src-renderer/recordings/key-frames/key-frame-messages.ts';
import { EVERY_BYTES, MOST_LETTERS, TerminalKeyFrames } from '../../../src-renderer/recordings/key-frames/terminal-key-frames.ts';
import type { ShownEvent } from '../../../src-renderer/recordings/timeline.ts';

/** Events as a recording's, and a worker that notes what it is given and answers when the test says so. */
function played(list: readonly ShownEvent[], bytes: number) {
  const posted: ToKeyFrames[] = [];
  let [started, ended] = [0, 0];
  let answered: (data: unknown) => void = () => undefined;
  const frames = new TerminalKeyFrames({ terminal: { columns: 80, rows: 24, scrollbackLines: 1000 }, events: { slice: (from, to) => list.slice(from, to), count: list.length, bytes } }, () => {
    started += 1;
    return { post: (message) => posted.push(message), onAnswer: (taken) => (answered = taken), end: () => (ended += 1) };
  });
  return { frames, posted, answer: (frame: KeyFrame | null) => answered({ frame }), processes: () => [started, ended] };
}

const output = (text: string): ShownEvent => ({ atMs: 0, kind: 'output', bytes: new TextEncoder().encode(text) });
const frame = (events: number, text = ''): KeyFrame => ({ events, columns: 80, rows: 24, text });

describe('the key frames of a player', () => {
  test('a short recording starts no worker', () => {
    const { frames, processes } = played([output('short')], EVERY_BYTES - 1);
    frames.more();
    frames.dispose();
    expect(processes()).toEqual([0, 0]);
  });

  test('the worker gets the events in order, the next when it has taken one, and ends with the player', () => {
    const resize: ShownEvent = { atMs: 0, kind: 'resize', columns: 100, rows: 30 };
    const { frames, posted, answer, processes } = played([output('a'), output('b'), resize, output('c')], EVERY_BYTES);
    frames.more();
    frames.more();
    expect(posted).toEqual([{ kind: 'begin', columns: 80, rows: 24, scrollbackLines: 1000, everyBytes: EVERY_BYTES }, { kind: 'output', events: 2, bytes: new TextEncoder().encode('ab') }]);
    answer(frame(2));
    answer(null);
    answer(frame(4));
    expect(posted.slice(2)).toEqual([{ kind: 'resize', columns: 100, rows: 30 }, { kind: 'output', events: 1, bytes: new TextEncoder().encode('c') }]);
    expect([1, 2, 3, 4, 9].map((events) => frames.before(events)?.events)).toEqual([undefined, 2, 2, 4, 4]);
    frames.dispose();
    expect(processes()).toEqual([1, 1]);
  });

  test('where they hold more than they may, every other goes, and they come half as often', () => {
    const { frames, posted, answer } = played([output('a')], EVERY_BYTES);
    frames.more();
    const third = 'x'.repeat(Math.floor(MOST_LETTERS / 3) + 1);
    for (const events of [1, 2, 3]) answer(frame(events, third));
    expect([1, 2, 3].map((events) => frames.before(events)?.events)).toEqual([undefined, 2, 2]);
    expect(posted.at(-1)).toEqual({ kind: 'every', bytes: 2 * EVERY_BYTES });
  });
});
