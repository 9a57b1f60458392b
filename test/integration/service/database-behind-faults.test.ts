import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { like, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isDatabaseLost } from '../../../src-service/store/database-lost.ts';
import type { Store } from '../../../src-service/store/database.ts';
import { notify } from '../../../src-service/store/notify.ts';
import { openPostgresql } from '../../../src-service/store/open-postgresql.ts';
import { usedNonces } from '../../../src-service/store/schema.ts';
import { type FaultProxy, startFaultProxy } from '../../targets/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../../targets/postgres.ts';
import { seededRandom } from '../../targets/seeded-random.ts';

/** The long run breaks the wire in more ways. */
const SEEDS = Array.from({ length: process.env['MAVIS_LONG'] === '1' ? 100 : 5 }, (_, index) => index + 1);
/** Instead of the product's 40 s, which are longer than any statement of it may take. */
const ANSWER_LIMIT_MS = 2_000;
/** Twice as many as the pool has connections. */
const AT_ONCE = 32;

let server: PostgresServer;
let wire: FaultProxy;
let store: Store;
/** What the service would log. */
const lost: Error[] = [];

const open = (): Promise<Store> => openPostgresql({ url: server.url.replace(/:\d+\//, `:${String(wire.port)}/`), ownerUrl: server.url, connectionLost: (error) => void lost.push(error), answerLimitMs: ANSWER_LIMIT_MS });

beforeAll(async () => {
  server = await startPostgres();
  wire = await startFaultProxy({ target: { host: '127.0.0.1', port: Number(new URL(server.url).port) }, seed: 1 });
  store = await open();
});
afterEach(() => wire.clear());
afterAll(async () => {
  await store.close();
  await wire.stop();
  await server.stop();
});

const expiresAt = new Date('2099-01-01T00:00:00Z');
const insert = (nonce: string): Promise<unknown> => store.database.transaction((transaction) => transaction.insert(usedNonces).values({ nonceSha256: nonce, expiresAt }));
/** What became of it, as the service tells its users apart. */
const outcome = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', (error: unknown) => (isDatabaseLost(error) ? 'lost' : `another error: ${String(error)}`));
const answersAll = (): Promise<string[]> => Promise.all(Array.from({ length: AT_ONCE }, () => outcome(store.database.execute(sql`SELECT 1`))));
const swallow = (): void => {
  for (const direction of ['up', 'down'] as const) wire.set(direction, 'swallowed', { kind: 'timeout', timeoutMs: 0 });
};

describe('the service’s leg to PostgreSQL, over a wire that breaks', () => {
  test('a wire that swallows everything fails what waits, alone or within a transaction, and no connection stays lost', async () => {
    await expect.poll(answersAll).toEqual(Array.from({ length: AT_ONCE }, () => 'done'));
    let within = (): void => undefined;
    const begun = new Promise<void>((resolve) => (within = resolve));
    const goOn = Promise.withResolvers<void>();
    const transaction = outcome(
      store.database.transaction(async (one) => {
        await one.execute(sql`SELECT 1`);
        within();
        await goOn.promise;
        await one.execute(sql`SELECT 1`);
      }),
    );
    await begun;
    swallow();
    goOn.resolve();
    expect([await outcome(store.database.execute(sql`SELECT 1`)), await transaction]).toEqual(['lost', 'lost']);
    wire.clear();
    // Those that were idle then look as before: each fails once, and is replaced.
    await expect.poll(answersAll).toEqual(Array.from({ length: AT_ONCE }, () => 'done'));
  });

  test('a transaction whose statements together take longer than an answer may, as a large import does, is let be', async () => {
    // Short ones, so that each has nearly all of its time to spare.
    const statements = 12;
    const seconds = ANSWER_LIMIT_MS / 1000 / (statements - 1);
    const long = store.database.transaction(async (one) => {
      for (let count = 0; count < statements; count += 1) await one.execute(sql`SELECT pg_sleep(${seconds})`);
    });
    expect(await outcome(long)).toBe('done');
  });

  test('transactions that could not even begin give their connections back', async () => {
    await expect.poll(answersAll).toEqual(Array.from({ length: AT_ONCE }, () => 'done'));
    swallow();
    // As many as the pool has connections: each of them waits for the answer to its BEGIN.
    expect(new Set(await Promise.all(Array.from({ length: AT_ONCE / 2 }, () => outcome(insert(randomUUID())))))).toEqual(new Set(['lost']));
    wire.clear();
    await expect.poll(answersAll).toEqual(Array.from({ length: AT_ONCE }, () => 'done'));
  });

  test('rule 17: notices are heard again after a wire that swallowed them, and that some were missed is told', async () => {
    const heard: (string | null)[] = [];
    await store.listen('tunnel', (payload) => void heard.push(payload));
    const say = (payload: string): Promise<unknown> => store.database.transaction((transaction) => notify(transaction, 'tunnel', payload));
    await say('before');
    await expect.poll(() => heard).toEqual(['before']);
    wire.set('down', 'swallowed', { kind: 'timeout', timeoutMs: 0 });
    const before = lost.length;
    await outcome(say('missed'));
    await expect.poll(() => lost.length).toBeGreaterThan(before);
    wire.clear();
    await expect.poll(() => heard).toContain(null);
    await expect.poll(async () => (await outcome(say('after')), heard.at(-1))).toBe('after');
  });

  test.each(SEEDS)('seed %i: cut, late, in pieces and swallowed: each transaction that was acknowledged is there, none twice, and all goes on afterwards', async (seed) => {
    const random = seededRandom(seed);
    const run = randomUUID();
    const acknowledged: string[] = [];
    const outcomes = new Set<string>();
    const breaking = new AbortController();
    const writers = Array.from({ length: 8 }, async (_none, writer) => {
      for (let number = 0; !breaking.signal.aborted; number += 1) {
        const nonce = `${run}-${String(writer)}-${String(number)}`;
        const became = await outcome(insert(nonce));
        outcomes.add(became);
        if (became === 'done') acknowledged.push(nonce);
      }
    });
    const faults: readonly (() => void)[] = [
      () => wire.resetAll(),
      () => wire.set(random() < 0.5 ? 'up' : 'down', 'some', { kind: 'limit_data', bytes: Math.floor(random() * 5_000) }),
      () => wire.set('down', 'late', { kind: 'latency', latencyMs: 30, jitterMs: 25 }),
      () => wire.set('up', 'pieces', { kind: 'slicer', averageBytes: 20, variationBytes: 15, delayMs: 0 }),
      swallow,
    ];
    for (let count = 0; count < 4; count += 1) {
      const seen = acknowledged.length;
      await expect.poll(() => acknowledged.length).toBeGreaterThan(seen);
      faults[Math.floor(random() * faults.length)]?.();
      await delay(random() * 200);
      wire.clear();
    }
    breaking.abort();
    await Promise.all(writers);
    expect([...outcomes].filter((became) => became !== 'done' && became !== 'lost')).toEqual([]);
    const stored = await store.database.select().from(usedNonces).where(like(usedNonces.nonceSha256, `${run}%`));
    const present = stored.map(({ nonceSha256 }) => nonceSha256);
    expect(new Set(present).size).toBe(present.length);
    expect(acknowledged.filter((nonce) => !present.includes(nonce))).toEqual([]);
    await expect.poll(answersAll).toEqual(Array.from({ length: AT_ONCE }, () => 'done'));
  });

  test('a service stops though its database’s wire swallows everything', async () => {
    const stopping = await open();
    await stopping.listen('tunnel', () => undefined);
    await stopping.database.execute(sql`SELECT 1`);
    swallow();
    expect(await outcome(stopping.close())).toBe('done');
  });
});
