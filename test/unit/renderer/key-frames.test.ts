import xterm from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { KeyFrameMaker } from '../../../src-renderer/recordings/key-frames/key-frame-maker.ts';
import type { KeyFrame } from '../../../src-renderer/recordings/key-frames/key-frame-messages.ts';
import { sameState } from '../../../src-renderer/recordings/key-frames/terminal-state.ts';
import { hardenTerminal } from '../../../src-renderer/terminal/hardened.ts';
import { LimitedUnicode11Addon } from '../../../src-renderer/terminal/unicode-widths.ts';
import { seededRandom } from '../../targets/seeded-random.ts';

const EVERY_BYTES = 1500;
const GRID = { columns: 60, rows: 12, scrollbackLines: 200, everyBytes: EVERY_BYTES };
const ESC = '\u001B';

/** What programs write: logs in colour, wide letters and marks, editors on the other screen, bars behind margins, saved cursors, forms of the cursor. */
const PIECES: readonly ((random: () => number) => string)[] = [
  (random) => `${ESC}[3${Math.floor(random() * 8)}m${'log '.repeat(1 + Math.floor(random() * 30))}${ESC}[0m\r\n`,
  () => '日本語 繁體 🙂 e\u0301 \r\n',
  (random) => `${ESC}[38;2;10;${Math.floor(random() * 256)};200m${ESC}[48;5;${Math.floor(random() * 256)}mboth${ESC}[1;4;7mmore${ESC}[m\r\n`,
  () => `${ESC}[?1049h${ESC}[2J${ESC}[5;7Heditor${ESC}[1;10r${ESC}[10;1H\n\n`,
  () => `${ESC}[r${ESC}[?1049l`,
  () => `${ESC}7${ESC}[2;9r${ESC}8${ESC}[3;3Hbar`,
  () => `${ESC}[r`,
  (random) => `${ESC}[${1 + Math.floor(random() * 12)};${1 + Math.floor(random() * 60)}H${ESC}7${ESC}[K here`,
  () => `${ESC}8restored`,
  (random) => `${ESC}[${Math.floor(random() * 7)} q${ESC}[?25${random() < 0.5 ? 'l' : 'h'}`,
  () => `${ESC}(0lqqqk${ESC}(B`,
  (random) => `${ESC}[${1 + Math.floor(random() * 9)}X${ESC}[${1 + Math.floor(random() * 9)}P${ESC}[${1 + Math.floor(random() * 9)}@${ESC}[L`,
  () => 'x'.repeat(173),
  () => `${ESC}[?2004h${ESC}[?7l${'long '.repeat(20)}${ESC}[?7h`,
  () => '\t\ttabs\r\n'.repeat(8),
  () => `${ESC}[H${ESC}[J`,
  () => `${ESC}[44m${ESC}[K${ESC}[0m\r\n`,
];

function stream(seed: number, pieces: number): Uint8Array[] {
  const random = seededRandom(seed);
  const text = Array.from({ length: pieces }, () => PIECES[Math.floor(random() * PIECES.length)]?.(random) ?? '').join('');
  const bytes = new TextEncoder().encode(text);
  const parts: Uint8Array[] = [];
  // As they come from a network: cut anywhere, in the middle of a sequence or a letter too.
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + Math.floor(random() * 200);
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

function terminal(columns = GRID.columns, rows = GRID.rows): xterm.Terminal {
  const made = new xterm.Terminal({ cols: columns, rows, scrollback: GRID.scrollbackLines, allowProposedApi: true });
  hardenTerminal(made);
  made.loadAddon(new LimitedUnicode11Addon());
  return made;
}

const write = (to: xterm.Terminal, data: Uint8Array | string): Promise<void> => new Promise((resolve) => to.write(data, resolve));

async function framesOf(parts: readonly Uint8Array[]): Promise<KeyFrame[]> {
  const maker = new KeyFrameMaker(GRID);
  const frames: KeyFrame[] = [];
  for (const part of parts) {
    const frame = await maker.output(1, part);
    if (frame !== undefined) frames.push(frame);
  }
  return frames;
}

describe('key frames of a terminal', () => {
  test('S58: what is played on from any of them is what is played from the beginning, whatever was written', async () => {
    let [found, bytes] = [0, 0];
    for (let seed = 1; seed <= 20; seed += 1) {
      const parts = stream(seed, 250);
      const whole = terminal();
      await write(whole, Buffer.concat(parts));
      const frames = await framesOf(parts);
      found += frames.length;
      bytes += parts.reduce((sum, part) => sum + part.length, 0);
      for (const frame of frames) {
        const from = terminal(frame.columns, frame.rows);
        await write(from, frame.text);
        await write(from, Buffer.concat(parts.slice(frame.events)));
        expect(sameState(from, whole), `seed ${seed}, from event ${frame.events}`).toBe(true);
        from.dispose();
      }
      whole.dispose();
    }
    // What a text cannot bring back is the lesser part, of a stream that is made of it.
    expect(found).toBeGreaterThan((bytes / EVERY_BYTES) * 0.4);
  }, 120_000);

  test('there is none where a text cannot bring back what was: in the middle of a sequence or a letter, with a link, with colours changed', async () => {
    const filling = new TextEncoder().encode(`${'filling '.repeat(20)}\r\n`.repeat(12));
    const of = (text: string | Uint8Array): Promise<KeyFrame[]> => framesOf([Buffer.concat([filling, typeof text === 'string' ? new TextEncoder().encode(text) : text])]);
    expect(await of('plain')).toMatchObject([{ events: 1, columns: GRID.columns, rows: GRID.rows }]);
    const letter = new TextEncoder().encode('日');
    for (const text of [`${ESC}[3`, letter.subarray(0, 2), `${ESC}]8;;https://example.com${ESC}\\link${ESC}]8;;${ESC}\\`, `${ESC}]4;1;#ff0000${ESC}\\`, `${ESC}(0`]) expect(await of(text), `behind ${String(text)}`).toEqual([]);
    expect(await of(`${ESC}]4;1;#ff0000${ESC}\\${ESC}]104${ESC}\\`)).toHaveLength(1);
  });

  test('sizes are the player’s own: a change of size is an event, and a frame has the size of its time', async () => {
    const maker = new KeyFrameMaker(GRID);
      maker.resize(100, 30);
    const frame = await maker.output(3, new TextEncoder().encode('word '.repeat(400)));
    expect(frame).toMatchObject({ events: 4, columns: 100, rows: 30 });
  });

  test('what was scrolled off is kept as far as four million cells go', async () => {
    const maker = new KeyFrameMaker({ columns: 1000, rows: 24, scrollbackLines: 100_000, everyBytes: 40_000 });
    const frame = await maker.output(1, new TextEncoder().encode(Array.from({ length: 6000 }, (_none, line) => `line-${line}\r\n`).join('')));
    expect([frame?.text.includes('line-5999'), frame?.text.includes('line-1990'), frame?.text.includes('line-1900')]).toEqual([true, true, false]);
  });
});
