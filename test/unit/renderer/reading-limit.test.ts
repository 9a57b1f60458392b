import { describe, expect, test } from 'vitest';
import { MOST_KEPT_BYTES, MOST_READ_BYTES, ReadingLimit } from '../../../src-renderer/terminal/reading-limit.ts';

function made(): { limit: ReadingLimit; told: string[]; second: () => void; looking: () => boolean; beingRead: { is: boolean } } {
  const told: string[] = [];
  const beingRead = { is: false };
  let look: (() => void) | undefined;
  const limit = new ReadingLimit({
    switchReading: (on) => void told.push(on ? 'on' : 'off'),
    isBeingRead: () => beingRead.is,
    onFlood: (flooded) => void told.push(flooded ? 'flood' : 'calm'),
    every: (callback) => {
      look = callback;
      return () => (look = undefined);
    },
  });
  return { limit, told, second: () => look?.(), looking: () => look !== undefined, beingRead };
}

describe('A11: what a screen reader is given', () => {
  test('is everything, where the target prints what a person can follow', () => {
    const { limit, told, second, looking } = made();
    expect(limit.want(true)).toBe(true);
    for (let count = 0; count < 3; count += 1) {
      limit.writing(MOST_READ_BYTES)();
      second();
    }
    expect(told).toEqual([]);
    second();
    expect(looking()).toBe(false);
  });

  test('is nothing during a flood, from before its first byte too many, and everything again after it has been parsed', () => {
    const { limit, told, second } = made();
    limit.want(true);
    const parsed = limit.writing(1_500_000);
    expect(told).toEqual(['off', 'flood']);
    expect(limit.want(true)).toBe(false);
    second();
    second();
    expect(told).toEqual(['off', 'flood']);
    parsed();
    second();
    expect(told).toEqual(['off', 'flood', 'on', 'calm']);
    expect(limit.want(true)).toBe(true);
  });

  test('stays off while the flood goes on in pieces', () => {
    const { limit, told, second } = made();
    limit.want(true);
    for (let count = 0; count < 5; count += 1) {
      limit.writing(2 * MOST_READ_BYTES)();
      second();
    }
    expect(told).toEqual(['off', 'flood']);
    second();
    expect(told).toEqual(['off', 'flood', 'on', 'calm']);
  });

  test('does not grow for hours: what was read is thrown away, unless somebody reads there just now', () => {
    const { limit, told, second, beingRead } = made();
    limit.want(true);
    const drip = (bytes: number): void => {
      for (let sent = 0; sent <= bytes; sent += 8000) {
        limit.writing(8000)();
        second();
      }
    };
    beingRead.is = true;
    drip(MOST_KEPT_BYTES);
    expect(told).toEqual([]);
    beingRead.is = false;
    drip(8000);
    expect(told).toEqual(['off', 'on']);
  });

  test('is not counted where the user has no screen reader, and a flood is over when the mode is switched off', () => {
    const { limit, told, looking } = made();
    expect(limit.want(false)).toBe(false);
    limit.writing(10_000_000)();
    expect(told).toEqual([]);
    limit.want(true);
    limit.writing(10_000_000);
    limit.want(false);
    expect(told).toEqual(['off', 'flood', 'calm']);
    expect(looking()).toBe(false);
    expect(limit.want(true)).toBe(true);
  });
});
