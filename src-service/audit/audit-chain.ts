import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Transaction } from '../store/database.ts';
import { rowsOf } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { auditChain } from '../store/schema.ts';
import { CHAIN_START, chainHash, chainedEntry } from './chain-hash.ts';

/** Entries a transaction: short enough that no other writer waits, long enough that the chain keeps up with thousands a second. */
const BATCH = 2_000;
/** Held by the one chainer among all instances. The number has no other meaning. */
const CHAIN_LOCK = 799_303;

/** Entry columns as `chainedEntry` reads them. */
export const ENTRY_COLUMNS = sql.raw(`e.id::text AS id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, e.kind, e.actor_kind, e.actor_id, e.actor_name, e.reference, e.facts`);

const lockAnswer = z.object({ locked: z.boolean(), horizon: z.string() });
const chainEnd = z.object({ seq: z.coerce.number(), hash: z.string() });

/**
 * Appends entries to the chain in the order in which they are seen committed. An entry whose transaction commits late is
 * found by its absence from the chain, not by its number, so that none is skipped (rule 18).
 */
export class AuditChain {
  readonly #database: Database;
  /** Every entry of a transaction before this number is chained: only later ones are looked at. Starts at none. */
  #settledBefore = '0';

  constructor(database: Database) {
    this.#database = database;
  }

  /** Chains everything that is committed; gives how many. 0 where another instance is at it. */
  async chainAll(): Promise<number> {
    let chained = 0;
    let after = 0;
    let horizon: string | undefined;
    for (;;) {
      const from = after;
      const batch = await this.#database.transaction((transaction) => this.#chainBatch(transaction, from));
      if (batch === undefined) return chained;
      // Of the first batch: what was open then and commits meanwhile may have a number that later batches have passed.
      horizon ??= batch.horizon;
      chained += batch.count;
      after = batch.last;
      if (batch.count < BATCH) break;
    }
    this.#settledBefore = horizon;
    return chained;
  }

  /** Chains the next entries whose number is above `after`, so that a long backlog is not read again for each batch. */
  async #chainBatch(transaction: Transaction, after: number): Promise<{ count: number; last: number; horizon: string } | undefined> {
    // The horizon is taken before the entries are read: whatever was open then may still commit and is looked for again.
    const [lock] = await rowsOf(transaction, sql`SELECT pg_try_advisory_xact_lock(${CHAIN_LOCK}) AS locked, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon`, lockAnswer);
    if (lock === undefined || !lock.locked) return undefined;
    const entries = await rowsOf(
      transaction,
      sql`SELECT ${ENTRY_COLUMNS}, e.ordinal FROM audit_entries e WHERE e.transaction_id >= ${this.#settledBefore}::xid8 AND e.ordinal > ${after}
          AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id) ORDER BY e.ordinal LIMIT ${BATCH}`,
      chainedEntry.extend({ ordinal: z.coerce.number() }),
    );
    if (entries.length > 0) {
      const [end] = await rowsOf(transaction, sql`SELECT seq, hash FROM audit_chain ORDER BY seq DESC LIMIT 1`, chainEnd);
      let { seq, hash } = end ?? { seq: 0, hash: CHAIN_START };
      const links = entries.map((entry) => {
        seq += 1;
        hash = chainHash(hash, entry);
        return { seq, entryId: entry.id, hash };
      });
      await transaction.insert(auditChain).values(links);
      // Here and not where an entry is written: one notice for a batch, of entries that have their place in the chain.
      await notify(transaction, 'audit', String(seq));
    }
    return { count: entries.length, last: entries.at(-1)?.ordinal ?? after, horizon: lock.horizon };
  }
}
