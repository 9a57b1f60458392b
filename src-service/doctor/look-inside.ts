import { desc, sql } from 'drizzle-orm';
import { z } from 'zod';
import { instant } from '../../shared/ids.ts';
import type { Assembly } from '../assembly.ts';
import { rowsOf } from '../store/database.ts';
import { auditEntries } from '../store/schema.ts';
import { databaseWord, type InsideFacts } from './inside-facts.ts';

const DATABASE_LIMIT_MS = 3000;

/** Asks the service's own parts. Never rejects for a database that does not answer: that is what it tells. */
export async function lookInside({ core, gatewaySide }: Pick<Assembly, 'core' | 'gatewaySide'>, url: string | null): Promise<InsideFacts> {
  const { clock, database, version } = core;
  const none = { version, url, schema: null, databaseNow: null, databaseMs: null, newestEntryAt: null, gateways: [] };
  const begun = clock.monotonicMs();
  const { promise: late, resolve } = Promise.withResolvers<InsideFacts>();
  const timer = setTimeout(() => resolve({ ...none, databaseError: 'ETIMEDOUT', now: clock.now().toISOString() }), DATABASE_LIMIT_MS);
  const read = async (): Promise<InsideFacts> => {
    const [said] = await rowsOf(database, sql`SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now`, z.object({ now: instant }));
    const databaseMs = Math.round(clock.monotonicMs() - begun);
    const now = clock.now().toISOString();
    const schema = await rowsOf(database, sql`SELECT name, sha256 FROM schema_migrations ORDER BY name`, z.object({ name: z.string(), sha256: z.string() }));
    const [newest] = await database.select({ at: auditEntries.at }).from(auditEntries).orderBy(desc(auditEntries.ordinal)).limit(1);
    const gateways = (await gatewaySide.gateways.choosable()).map(({ id, state, ejected, row }) => ({ id, name: row.name, state, code: row.stateCode, confirmedAt: row.confirmedAt?.toISOString() ?? null, ejected }));
    return { version, url, schema, databaseNow: said?.now ?? null, databaseMs, databaseError: null, now, newestEntryAt: newest?.at.toISOString() ?? null, gateways };
  };
  try {
    return await Promise.race([read(), late]);
  } catch (error) {
    return { ...none, databaseError: databaseWord(error), now: clock.now().toISOString() };
  } finally {
    clearTimeout(timer);
  }
}
