import { describe, expect, test } from 'vitest';
import { sessionReport } from '../../../src-main/sessions/session-process-contract.ts';

describe("what a session's process reports is bounded: it has read what a target and a gateway sent", () => {
  test.each([
    ['a size beyond any terminal', { kind: 'resized', columns: 100_000, rows: 40 }],
    ['a size that is none', { kind: 'resized', columns: 80, rows: -1 }],
    ['a proxy with a name without end', { kind: 'way', way: { port: 443, over443: true, proxy: 'p'.repeat(301) } }],
    ['watchers without end', { kind: 'watched', watchers: 30, by: Array.from({ length: 21 }, () => 'Ren') }],
    ['a watcher with a name without end', { kind: 'watched', watchers: 1, by: ['R'.repeat(201)] }],
    ['fewer watchers than none', { kind: 'watched', watchers: -1, by: [] }],
  ])('%s is not understood', (_what, report) => {
    expect(sessionReport.safeParse(report).success).toBe(false);
  });

  test('the largest of each is', () => {
    const reports = [{ kind: 'resized', columns: 1000, rows: 1000 }, { kind: 'way', way: { port: 443, over443: true, proxy: 'p'.repeat(300) } }, { kind: 'watched', watchers: 30, by: Array.from({ length: 20 }, () => 'R'.repeat(200)) }];
    for (const report of reports) expect(sessionReport.parse(report)).toEqual(report);
  });
});
