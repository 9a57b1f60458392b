import { describe, expect, test } from 'vitest';
import type { CheckResult, FactsOf } from '../../../shared/diagnostics/check-result.ts';
import { lineSigns, lineWords } from '../../../shared/diagnostics/line-words.ts';
import { gatewayId } from '../../../shared/ids.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import type { Found } from '../../../src-main/diagnostics/check.ts';
import { rateOf } from '../../../src-main/diagnostics/checks/gateway-throughput.ts';
import { latenessMs, OwnLateness } from '../../../src-main/diagnostics/checks/own-lateness.ts';
import { LineTurns } from '../../../src-main/diagnostics/line-turns.ts';

describe('what a line carries', () => {
  const every = (stepMs: number, bytes: number, count: number) => Array.from({ length: count + 1 }, (_none, one) => ({ bytes: one * bytes, atMs: 1000 + one * stepMs }));

  test('a steady line is told as it is; what this computer was late itself is not the line', () => {
    expect(rateOf(every(100, 4096, 20), 0)).toBeCloseTo(40_960, -3);
    expect(rateOf(every(100, 4096, 20), 500)).toBeGreaterThan(80_000);
  });

  test('slow start counts little: the second half of the time says what the line carries', () => {
    const grown = [0, 14, 42, 98, 210].map((kilobytes, round) => ({ bytes: kilobytes * 1000, atMs: round * 100 }));
    expect(rateOf(grown, 0)).toBeGreaterThan(700_000);
  });

  test('all in one moment is a fast line, and one piece alone is measured from the beginning; nothing is nothing', () => {
    expect(rateOf([{ bytes: 0, atMs: 0 }, { bytes: 4096, atMs: 5 }, { bytes: 262_144, atMs: 5 }], 0)).toBe(12_500_000);
    expect(rateOf([{ bytes: 0, atMs: 0 }, { bytes: 4096, atMs: 500 }], 0)).toBe(8192);
    expect(rateOf([{ bytes: 0, atMs: 0 }], 0)).toBe(0);
    expect(rateOf([], 0)).toBe(0);
  });
});

describe('what this computer was late itself', () => {
  test('is nothing where each look was in time, and else what goes beyond it', () => {
    expect([0, 4_900_000, 5_000_000].map(latenessMs)).toEqual([0, 0, 0]);
    expect(latenessMs(35_000_000)).toBe(30);
  });

  test('is what it was since the beginning: the second way is not charged with what was late in the first', async () => {
    const lateness = new OwnLateness();
    lateness.begin();
    const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
    // The runtime begins to look at its first own timer.
    for (let looks = 0; looks < 10; looks += 1) await turn();
    const until = performance.now() + 80;
    while (performance.now() < until);
    while (lateness.mostMs < 60) await turn();
    lateness.begin();
    expect(lateness.mostMs).toBe(0);
    lateness.end();
  });
});

describe('who has the line to itself', () => {
  const good: Found = { verdict: 'good', facts: { check: 'throughput', port: 1, upBytesPerSecond: 1, downBytesPerSecond: 1 } };

  test('throughputs wait for all round trips, then run one after another, and not at all where nothing leads', async () => {
    const turns = new LineTurns();
    const { signal } = new AbortController();
    const seen: string[] = [];
    const trips = { a: Promise.withResolvers<Found>(), b: Promise.withResolvers<Found>(), c: Promise.withResolvers<Found>() };
    const measured = Promise.withResolvers<Found>();
    const line = (gateway: keyof typeof trips, work: () => Promise<Found>) => [turns.roundTrip(gateway, () => trips[gateway].promise), turns.throughput(gateway, signal, () => (seen.push(gateway), work()))] as const;
    const all = [line('a', () => measured.promise), line('b', async () => good), line('c', async () => good)].map(([, throughput]) => throughput);
    trips.a.resolve(good);
    trips.b.resolve({ notRun: 'earlier-step' });
    await new Promise(setImmediate);
    expect(seen).toEqual([]);
    trips.c.resolve(good);
    await new Promise(setImmediate);
    expect(seen).toEqual(['a']);
    measured.resolve(good);
    expect(await Promise.all(all)).toEqual([good, { notRun: 'earlier-step', detail: 'round-trip' }, good]);
    expect(seen).toEqual(['a', 'c']);
  });

  test('one that is run alone waits for nobody; one whose time is over when its turn comes begins nothing, and holds up none behind it', async () => {
    const turns = new LineTurns();
    expect(await turns.throughput('a', new AbortController().signal, async () => good)).toEqual(good);
    const over = new AbortController();
    over.abort();
    expect(await turns.throughput('a', over.signal, () => Promise.reject(new Error('begun')))).toEqual({ notRun: 'cancelled' });
    await expect(turns.throughput('a', new AbortController().signal, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await turns.throughput('b', new AbortController().signal, async () => good)).toEqual(good);
  });
});

describe('the numbers of a line', () => {
  const result = (outcome: CheckResult['outcome']): CheckResult => ({ id: 'x', check: 'throughput', subject: { kind: 'gateway', gatewayId: gatewayId.parse('00000000-0000-4000-8000-000000000001'), name: 'office1' }, leg: 'L2', startedAt: '2026-11-26T00:00:00.000Z', milliseconds: 1, outcome, tried: [] });
  const carries = (upBytesPerSecond: number, downBytesPerSecond: number | null) => ({ check: 'throughput', port: 1, upBytesPerSecond, downBytesPerSecond }) as const;
  const trips: FactsOf<'round-trip'> = { check: 'round-trip', port: 1, samplesMs: [], bestMs: 4.2, medianMs: 12.6, jitterMs: 30 };

  test.each([
    ['en', 'best 4.2 ms, median 13 ms, jitter 30 ms', '≥ 100 Mb/s from the Gateway, 96 kb/s to it', '↓ ≥ 100 Mb/s ↑ 96 kb/s'],
    ['ja', '最短 4.2 ms、中央値 13 ms、ゆらぎ 30 ms', 'Gateway から ≥ 100 Mb/秒、Gateway へ 96 kb/秒', '↓ ≥ 100 Mb/秒 ↑ 96 kb/秒'],
    ['zh-Hant', '最短 4.2 毫秒，中位數 13 毫秒，抖動 30 毫秒', '從 Gateway 接收 ≥ 100 Mb/秒，傳往 Gateway 96 kb/秒', '↓ ≥ 100 Mb/秒 ↑ 96 kb/秒'],
  ] as const)('are told in %s', (language, words, rates, signs) => {
    const translator = createTranslator(language);
    expect(lineWords(result({ status: 'found', verdict: 'good', facts: trips }), translator)).toBe(words);
    expect(lineWords(result({ status: 'found', verdict: 'good', facts: carries(12_000, 12_500_000) }), translator)).toBe(rates);
    expect(lineSigns(carries(12_000, 12_500_000), translator)).toBe(signs);
  });

  test('what was not measured is a dash; other checks and what was not run have none', () => {
    const translator = createTranslator('en');
    expect(lineSigns(carries(3000, null), translator)).toBe('↓ — ↑ 24 kb/s');
    expect(lineWords(result({ status: 'not-run', reason: 'time-limit', detail: '' }), translator)).toBe('');
    expect(lineWords(result({ status: 'found', verdict: 'good', facts: { check: 'disk', freeBytes: 1, writable: true } }), translator)).toBe('');
  });
});
