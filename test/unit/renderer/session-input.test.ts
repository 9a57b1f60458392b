import { describe, expect, test } from 'vitest';
import { INPUT_CREDIT_BYTES, MAX_INPUT_BYTES } from '../../../shared/ipc/session-port.ts';
import { sessionId } from '../../../shared/ipc/stores.ts';
import { SessionPort } from '../../../src-renderer/session/session-port.ts';
import { InputQueue } from '../../../src-renderer/session/input-queue.ts';
import { atMostEvery } from '../../../src-renderer/terminal/bell.ts';
import { shortcutOf } from '../../../src-renderer/terminal/shortcuts.ts';

function queue() {
  const sent: number[] = [];
  const bytes: number[] = [];
  const input = new InputQueue((piece) => {
    sent.push(piece.length);
    bytes.push(...piece.slice(0, 1));
  }, { interruptible: true });
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

  test('S20: of a desktop nothing that waits is dropped: a byte 3 is no Ctrl-C in its protocol', () => {
    const sent: number[] = [];
    const input = new InputQueue((piece) => sent.push(piece.length), { interruptible: false });
    input.add(new Uint8Array(3 * INPUT_CREDIT_BYTES));
    const before = input.waitingBytes;
    input.add(Uint8Array.of(3));
    expect(input.waitingBytes).toBe(before + 1);
    expect(sum(sent)).toBeLessThanOrEqual(INPUT_CREDIT_BYTES);
  });

  test('a piece is a copy: what crosses the port carries nothing of the rest', () => {
    const pieces: Uint8Array[] = [];
    new InputQueue((piece) => pieces.push(piece), { interruptible: true }).add(new Uint8Array(MAX_INPUT_BYTES * 2));
    expect(pieces.map((piece) => piece.buffer.byteLength)).toEqual([MAX_INPUT_BYTES, MAX_INPUT_BYTES]);
  });
});

describe('a session’s port', () => {
  const id = sessionId.parse('00000000-0000-4000-8000-000000000001');
  function opening() {
    const listeners = new Set<(event: MessageEvent<unknown>) => void>();
    const source = {
      addEventListener: (_type: string, listener: unknown) => void listeners.add(listener as (event: MessageEvent<unknown>) => void),
      removeEventListener: (_type: string, listener: unknown) => void listeners.delete(listener as (event: MessageEvent<unknown>) => void),
    };
    const { port1, port2 } = new MessageChannel();
    const typed: string[] = [];
    port2.addEventListener('message', ({ data }: MessageEvent<{ kind: string; bytes?: Uint8Array }>) => {
      if (data.kind === 'input' && data.bytes) typed.push(new TextDecoder().decode(data.bytes));
    });
    port2.start();
    const port = new SessionPort(source, id, { onOutput: () => undefined, onEnd: () => undefined }, { interruptible: true });
    const arrive = (): void => {
      for (const listener of listeners) listener(new MessageEvent('message', { data: { kind: 'session-port', sessionId: id }, ports: [port1] }));
    };
    const done = (): void => {
      port.close();
      port2.close();
    };
    return { port, typed, arrive, done };
  }
  const bytes = (text: string) => new TextEncoder().encode(text);

  test('what is typed before the port is there goes first when it comes, once and in order', async () => {
    const { port, typed, arrive, done } = opening();
    for (const key of 'echo ') port.input(bytes(key));
    arrive();
    for (const key of 'hello') port.input(bytes(key));
    await expect.poll(() => typed.join('')).toBe('echo hello');
    done();
  });

  test('what is typed ahead is bounded, and a port that was closed gets none of it', async () => {
    const { port, typed, arrive, done } = opening();
    for (let times = 0; times < 3; times += 1) port.input(bytes('x'.repeat(10_000)));
    arrive();
    port.input(bytes('!'));
    await expect.poll(() => typed.join('')).toBe(`${'x'.repeat(10_000)}!`);
    done();
    const other = opening();
    other.port.input(bytes('late'));
    other.port.close();
    other.arrive();
    other.port.input(bytes('later'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(other.typed).toEqual([]);
    other.done();
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
