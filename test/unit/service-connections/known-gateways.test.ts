import { expect, test } from 'vitest';
import { KnownGateways } from '../../../src-service/gateways/known-gateways.ts';

function make() {
  const seen = { listings: 0, nowMs: 0 };
  let fail = false;
  const known = new KnownGateways({
    clock: { now: () => new Date(0), monotonicMs: () => seen.nowMs },
    list: async () => {
      seen.listings += 1;
      if (fail) throw new Error('the database is gone');
      return [];
    },
    tunnel: async () => ({ enabled: false, default: null }),
  });
  return { known, seen, failNow: (value: boolean) => (fail = value) };
}

test('a thousand who ask at once are answered by one reading', async () => {
  const { known, seen } = make();
  await Promise.all(Array.from({ length: 1_000 }, () => known.now()));
  expect(seen.listings).toBe(1);
});

test('rule 5: whoever asks after a change gets nothing that was read before it', async () => {
  const { known, seen } = make();
  const before = known.now();
  known.forget();
  expect(await known.now()).not.toBe(await before);
  expect(seen.listings).toBe(2);
});

test('what was read is used for half a second at most, whatever notice was lost', async () => {
  const { known, seen } = make();
  await known.now();
  seen.nowMs = 499;
  await known.now();
  expect(seen.listings).toBe(1);
  seen.nowMs = 500;
  await known.now();
  expect(seen.listings).toBe(2);
});

test('a failed reading is that of those who waited for it', async () => {
  const { known, failNow } = make();
  failNow(true);
  await expect(known.now()).rejects.toThrow('gone');
  failNow(false);
  expect((await known.now()).choosable).toEqual([]);
});
