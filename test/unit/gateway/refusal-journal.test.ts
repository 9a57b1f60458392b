import { expect, test } from 'vitest';
import type { JournalEvent } from '../../../shared/link/messages.ts';
import type { JournalEntry, JournalFacts } from '../../../src-gateway/journal/journal.ts';
import { RefusalJournal } from '../../../src-gateway/tickets/refusal-journal.ts';

const refused = { reason: 'unknown', address: '192.0.2.1', port: 7993, thumbprint: 'T'.repeat(43) } as const;

function world(): { journal: RefusalJournal; written: JournalFacts[]; pass: (milliseconds: number) => void; health: { healthy: boolean }; flood: (times: number) => void } {
  const written: JournalFacts[] = [];
  let nowMs = 0;
  const disk = { healthy: true, append: ({ kind, facts = {} }: JournalEntry): JournalEvent => ({ sequence: written.push(facts), at: '2026-01-01T00:00:00.000Z', kind, connectionId: null, reference: null, facts, hash: '' }) };
  const journal = new RefusalJournal(disk, { monotonicMs: () => nowMs });
  const flood = (times: number): void => {
    for (let time = 0; time < times; time += 1) journal.write(refused);
  };
  return { journal, written, pass: (milliseconds) => (nowMs += milliseconds), health: disk, flood };
}

test('B2, B13: a flood of wrong tickets is 200 entries and then ten a second; what was left out stands as a number in the next entry', () => {
  const { written, pass, flood } = world();
  flood(5_000);
  expect(written).toHaveLength(200);
  expect(written.every((facts) => facts['leftOutBefore'] === undefined)).toBe(true);
  pass(1_000);
  flood(50);
  expect(written).toHaveLength(210);
  expect(written[200]).toMatchObject({ code: 'ticket.refused', reason: 'unknown', leftOutBefore: 4_800 });
  expect(written[201]?.['leftOutBefore']).toBeUndefined();
  // A quiet hour gives room for as many as at the beginning, no more.
  pass(3_600_000);
  flood(1_000);
  expect(written).toHaveLength(410);
  expect(written[210]).toMatchObject({ leftOutBefore: 40 });
});

test('B13: while the disk takes nothing they are counted, and told with the first that it takes again', () => {
  const { written, health, flood } = world();
  health.healthy = false;
  flood(3);
  expect(written).toEqual([]);
  health.healthy = true;
  flood(2);
  expect(written.map((facts) => facts['leftOutBefore'])).toEqual([3, undefined]);
});
