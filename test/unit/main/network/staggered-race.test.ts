import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AllWaysFailed, type RaceOptions, staggeredRace, type Way } from '../../../../src-main/network/staggered-race.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const begun: string[] = [];
const stopped: string[] = [];
const discarded: string[] = [];
beforeEach(() => {
  for (const list of [begun, stopped, discarded]) list.length = 0;
});

/** A way that arrives or fails after so long, or never does; it stops when told. */
const way = (name: string, afterMs: number | null, fails = false): Way<string> => (signal) =>
  new Promise((resolve, reject) => {
    begun.push(name);
    signal.addEventListener('abort', () => {
      stopped.push(name);
      reject(new Error('stopped'));
    });
    if (afterMs !== null) setTimeout(() => (fails ? reject(new Error(name)) : resolve(name)), afterMs);
  });
const race = (ways: Way<string>[], options: Partial<RaceOptions<string>> = {}) => staggeredRace(ways, { staggerMs: 500, limitMs: 8000, signal: new AbortController().signal, late: () => new Error('late'), discard: (value) => discarded.push(value), ...options });

describe('several ways, each a moment after the one before', () => {
  test('the first that arrives wins; those behind it are not begun, those beside it are stopped', async () => {
    const won = race([way('dropped', null), way('works', 100), way('other', 100)]);
    await vi.advanceTimersByTimeAsync(499);
    expect(begun).toEqual(['dropped']);
    await vi.advanceTimersByTimeAsync(101);
    expect(await won).toBe('works');
    await vi.advanceTimersByTimeAsync(5000);
    expect([begun, stopped]).toEqual([['dropped', 'works'], ['dropped', 'works']]);
  });

  test('one that fails makes way for the next at once', async () => {
    const won = race([way('refused', 1, true), way('refused too', 1, true), way('works', 1)]);
    await vi.advanceTimersByTimeAsync(3);
    expect(await won).toBe('works');
  });

  test('a slow first still wins over a second that is slower', async () => {
    const won = race([way('slow', 800), way('second', 600)]);
    await vi.advanceTimersByTimeAsync(900);
    expect(await won).toBe('slow');
  });

  test('where none leads there, each one’s failure is told; where time runs out, that too', async () => {
    const none = race([way('a', 700, true), way('b', 1, true)]).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1000);
    const failed = await none;
    expect(failed).toBeInstanceOf(AllWaysFailed);
    expect((failed as AllWaysFailed).failures.map((one) => (one as Error).message)).toEqual(['b', 'a']);
    const late = race([way('a', 1, true), way('never', null)]).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(8000);
    expect(((await late) as AllWaysFailed).failures.map((one) => (one as Error).message)).toEqual(['a', 'late']);
    expect(stopped).toContain('never');
  });

  test('what arrives when it is over is closed, and the signal ends all of it', async () => {
    const deaf: Way<string> = () => new Promise((resolve) => setTimeout(() => resolve('deaf'), 900));
    const won = race([deaf, way('works', 10)]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await won).toBe('works');
    expect(discarded).toEqual(['deaf']);
    const stop = new AbortController();
    const ended = race([way('x', null)], { signal: stop.signal }).catch((error: unknown) => error);
    stop.abort(new Error('cancelled'));
    expect(((await ended) as Error).message).toBe('cancelled');
    expect(stopped).toContain('x');
    await expect(race([way('y', 1)], { signal: stop.signal })).rejects.toThrow('cancelled');
    expect(begun).not.toContain('y');
  });
});
