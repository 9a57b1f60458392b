import { describe, expect, test } from 'vitest';
import type { DesktopEngine } from '../../../src-renderer/desktop/desktop-engine.ts';
import { FrameRate } from '../../../src-renderer/desktop/frame-rate.ts';
import { keyCombinations } from '../../../src-renderer/desktop/key-combinations.ts';
import { NovncChannel, withoutQualityLevels } from '../../../src-renderer/desktop/novnc-channel.ts';
import { DesktopScreen } from '../../../src-renderer/recordings/desktop-screen.ts';
import { messages } from '../../fixtures/rfb-client.ts';

const QUALITY = -26;

describe('what a desktop’s engine says to its target', () => {
  test('exact: the list of encodings goes without the levels of quality, and everything else as it is', () => {
    const sent: Uint8Array[] = [];
    const channel = new NovncChannel((bytes) => sent.push(bytes));
    channel.send(messages.encodings([7, QUALITY, -250, 0]));
    channel.send(messages.key(0x61, true));
    channel.exact = false;
    channel.send(messages.encodings([7, QUALITY, -250, 0]));
    expect(sent.map((bytes) => [...bytes])).toEqual([messages.encodings([7, -250, 0]), messages.key(0x61, true), messages.encodings([7, QUALITY, -250, 0])].map((bytes) => [...bytes]));
    channel.close();
    channel.send(messages.key(0x61, false));
    expect(sent).toHaveLength(3);
  });

  test('bytes that are not exactly one list of encodings stay as they are', () => {
    const other = Uint8Array.of(2, 0, 0, 9, 1);
    expect([...withoutQualityLevels(other)]).toEqual([...other]);
  });

  test('each combination of keys names every key by its place and its meaning', () => {
    expect(keyCombinations.map(({ label }) => label)).toContain('Ctrl+Alt+Del');
    for (const { keys } of keyCombinations) for (const { code, keysym } of keys) expect([code === '', keysym > 0]).toEqual([false, true]);
  });
});

test('the frame rate is that of the last two seconds', () => {
  const rate = new FrameRate();
  for (let at = 0; at < 2000; at += 50) rate.note(at);
  expect(rate.perSecond(1999)).toBe(20);
  expect(rate.perSecond(3000)).toBe(10);
  expect(rate.perSecond(9000)).toBe(0);
});

describe('a desktop’s recording', () => {
  test('begins with the handshake that no recording holds, also when it is begun anew, and waits for each frame', async () => {
    const engines: string[][] = [];
    const frames: (() => void)[] = [];
    const start = (): DesktopEngine => {
      const heard: string[] = [];
      engines.push(heard);
      const nothing = (): void => undefined;
      return {
        receive: (bytes, taken) => {
          heard.push(Buffer.from(bytes).toString('latin1'));
          taken();
        },
        dispose: () => void heard.push('disposed'),
        apply: nothing, sendKeys: nothing, sendClipboard: nothing, leave: nothing, focus: nothing, freeze: nothing,
      };
    };
    const place = {} as HTMLElement;
    const screen = new DesktopScreen(place, Promise.resolve(start), (callback) => frames.push(callback), () => undefined);
    let drawn = 0;
    screen.write(Buffer.from('one'), () => (drawn += 1));
    await expect.poll(() => frames.length).toBe(1);
    expect(drawn).toBe(0);
    frames.shift()?.();
    expect(drawn).toBe(1);
    screen.reset();
    screen.write(Buffer.from('again'), () => (drawn += 1));
    await expect.poll(() => frames.length).toBe(1);
    const handshake = 'RFB 003.008\n\x01\x01\0\0\0\0';
    expect(engines).toEqual([[handshake, 'one', 'disposed'], [handshake, 'again']]);
    screen.dispose();
    screen.write(Buffer.from('late'), () => (drawn += 1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(engines).toHaveLength(2);
  });
});
