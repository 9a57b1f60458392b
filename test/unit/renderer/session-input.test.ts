import { describe, expect, test } from 'vitest';
import { INPUT_CREDIT_BYTES, MAX_INPUT_BYTES } from '../../../shared/ipc/session-port.ts';
import { InputQueue } from '../../../src-renderer/session/input-queue.ts';
import { atMostEvery } from '../../../src-renderer/terminal/bell.ts';
import { shortcutOf } from '../../../src-renderer/terminal/shortcuts.ts';

function queue() {
  const sent: number[] = [];
  const bytes: number[] = [];
  const input = new InputQueue((piece) => {
    sent.push(piece.length);
    bytes.push(...piece.slice(0, 1));
  });
  return { input, sent, bytes };
}
const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0);

describe('what is typed and pasted', () => {
  test('a large paste goes out in pieces, under the credit, and waits for more', () => {
    const { input, sent } = queue();
    input.add(new Uint8Array(3 * INPUT_CREDIT_BYTES));
    expect(Math.max(...sent)).toBeLessThanOrEqual(MAX_INPUT_BYTES);
    expect(sum(sent)).toBeLessThanOrEqual(INPUT_CREDIT_BYTES);
    expect(sum(sent) + input.waitingBytes).toBe(3 * INPUT_CREDIT_BYTES);
    const before = sum(sent);
    input.taken(MAX_INPUT_BYTES);
    expect(sum(sent)).toBe(before + MAX_INPUT_BYTES);
  });

  test('Ctrl-C goes out at once and drops the paste that waits, even where the program reads nothing', () => {
    const { input, sent, bytes } = queue();
    input.add(new Uint8Array(3 * INPUT_CREDIT_BYTES).fill(65));
    input.add(Uint8Array.of(3));
    expect(bytes.at(-1)).toBe(3);
    expect(input.waitingBytes).toBe(0);
    expect(sum(sent)).toBeLessThanOrEqual(INPUT_CREDIT_BYTES);
  });

  test('a piece is a copy: what crosses the port carries nothing of the rest', () => {
    const pieces: Uint8Array[] = [];
    new InputQueue((piece) => pieces.push(piece)).add(new Uint8Array(MAX_INPUT_BYTES * 2));
    expect(pieces.map((piece) => piece.buffer.byteLength)).toEqual([MAX_INPUT_BYTES, MAX_INPUT_BYTES]);
  });
});

describe('keys', () => {
  const key = (code: string, ...mods: readonly ('ctrlKey' | 'shiftKey' | 'metaKey' | 'altKey')[]) => ({ code, ctrlKey: mods.includes('ctrlKey'), shiftKey: mods.includes('shiftKey'), metaKey: mods.includes('metaKey'), altKey: mods.includes('altKey') });

  test('Ctrl+C, Ctrl+V and Ctrl+F are the target’s; with Shift they are ours', () => {
    for (const code of ['KeyC', 'KeyV', 'KeyF']) expect(shortcutOf(key(code, 'ctrlKey'), 'Linux x86_64')).toBeUndefined();
    expect(shortcutOf(key('KeyC', 'ctrlKey', 'shiftKey'), 'Linux x86_64')).toBe('copy');
    expect(shortcutOf(key('KeyV', 'ctrlKey', 'shiftKey'), 'Win32')).toBe('paste');
    expect(shortcutOf(key('KeyF', 'ctrlKey', 'shiftKey'), 'Linux x86_64')).toBe('find');
  });

  test('on macOS Command is ours and Control is the target’s', () => {
    expect(shortcutOf(key('KeyC', 'metaKey'), 'MacIntel')).toBe('copy');
    expect(shortcutOf(key('KeyC', 'ctrlKey', 'shiftKey'), 'MacIntel')).toBeUndefined();
  });

  test('A11: a flood of bells rings at most once in its time', () => {
    let now = 0;
    let rung = 0;
    const ring = atMostEvery(300, () => now, () => {
      rung += 1;
    });
    for (; now < 3000; now++) ring();
    expect(rung).toBe(10);
  });
});
