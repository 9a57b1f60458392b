import { expect, test } from 'vitest';
import type { Database } from '../../../src-service/store/database.ts';
import { beginAnewAfterDeadlock } from '../../../src-service/store/deadlock.ts';

/** A database whose transactions fail so often with this SQLSTATE, wrapped as Drizzle wraps what a driver throws. */
function failing(times: number, code: string): { readonly database: Pick<Database, 'transaction'>; readonly begun: () => number } {
  let begun = 0;
  const transaction: Database['transaction'] = async (work) => {
    begun += 1;
    if (begun <= times) throw new Error('Failed query', { cause: Object.assign(new Error('refused'), { code }) });
    return work(undefined as never);
  };
  return { database: beginAnewAfterDeadlock({ transaction }), begun: () => begun };
}

test('rule 17: a transaction that gave way in a deadlock begins anew and is done once', async () => {
  const { database, begun } = failing(2, '40P01');
  let done = 0;
  await database.transaction(async () => void (done += 1));
  expect([begun(), done]).toEqual([3, 1]);
});

test('four times at most, and nothing else is tried again', async () => {
  const always = failing(99, '40P01');
  await expect(always.database.transaction(async () => undefined)).rejects.toThrow('Failed query');
  expect(always.begun()).toBe(4);
  const conflict = failing(1, '23505');
  await expect(conflict.database.transaction(async () => undefined)).rejects.toThrow('Failed query');
  expect(conflict.begun()).toBe(1);
});
