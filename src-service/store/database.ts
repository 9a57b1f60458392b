import type { SQL } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import type * as schema from './schema.ts';

/** The database as every subject sees it; PGlite and PostgreSQL alike. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>;

/**
 * A transaction. Inside one, use nothing but it: PGlite has one connection, so a call of the database itself from within
 * its own transaction waits for ever.
 */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** The database or a transaction: what only reads takes either. */
export type Queryable = Pick<Transaction, 'select' | 'insert' | 'update' | 'delete' | 'execute'>;

/** Channels of NOTIFY. Payloads are ids or revisions only (rule 17): everyone who can connect may listen. */
export type Channel = 'inventory' | 'access_rules' | 'credentials' | 'users' | 'client_sessions' | 'gateways' | 'gateway_states' | 'connections' | 'terminations' | 'audit' | 'error_log' | 'recordings' | 'tunnel' | 'service_keys';

/** An open store: its database, its notices, and how it is closed. Whoever opened it closes it. */
export interface Store {
  readonly kind: 'pglite' | 'postgresql';
  readonly database: Database;
  /**
   * Calls `heard` for each notice on `channel`, from this instance or another one, after its transaction committed; with
   * null after the listening connection was lost and made again, when some may have been missed. Gives how to stop.
   */
  listen(channel: Channel, heard: (payload: string | null) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const answerWithRows = z.object({ rows: z.array(z.unknown()) });

/** Rows of a query written by hand, each parsed by `row`; throws a ZodError where one is not of the form. */
export async function rowsOf<Row extends z.ZodType>(database: Pick<Queryable, 'execute'>, query: SQL, row: Row): Promise<z.output<Row>[]> {
  const { rows } = answerWithRows.parse(await database.execute(query));
  return rows.map((found) => row.parse(found));
}
