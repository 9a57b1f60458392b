import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import type { Channel, Database, Store } from './database.ts';
import { isDatabaseLost, tellLostDatabase } from './database-lost.ts';
import { beginAnewAfterDeadlock } from './deadlock.ts';
import { migrate, readMigrations } from './migrate.ts';
import { endConnection, ListeningConnection } from './listening-connection.ts';
import * as schema from './schema.ts';

export interface PostgresqlOptions {
  /** Whose login serves requests. Its statements run as the role `mavis_runtime`. */
  readonly url: string;
  /** Whose login owns the schema and migrates it; `url` where there is no other. */
  readonly ownerUrl?: string | undefined;
  /** Told of connections that broke while idle; the pool makes new ones. */
  readonly connectionLost: (error: Error) => void;
  /** How long an answer is waited for before its connection is given up; tests wait less long. */
  readonly answerLimitMs?: number;
}

/** Enough for the event loop of one process to keep busy; PostgreSQL's default limit of 100 leaves room for four instances. */
const MAX_CONNECTIONS = 16;
const CONNECT_LIMIT_MS = 5_000;
/** A server process for each connection is dear to begin and cheap to keep: a burst must not wait for sixteen new ones. */
const KEEP_IDLE_MS = 5 * 60_000;
/** A statement of the service takes milliseconds; only verification and export read long, and they read in pages. */
const STATEMENT_LIMIT_MS = 30_000;
/**
 * A network that swallows what is sent leaves a connection standing for ever, and whoever asked on it waiting: one whose
 * answer does not come for longer than any statement may run is cut, which fails what waits on it.
 */
const ANSWER_LIMIT_MS = 40_000;
/** After so long without a word the system asks whether the server's machine is still there. */
const KEEP_ALIVE_MS = 10_000;
/** An instance that stands still within a transaction holds its locks: so long, then the server takes them, and another instance goes on with the gateways (rule 17). */
const STANDSTILL_LIMIT_MS = 8_000;

/**
 * What the runtime role may do: everything with ordinary tables, and only insert and select where the log is append-only
 * (rule 18). It owns nothing, so it cannot disable a trigger.
 */
const RUNTIME_ROLE = `
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mavis_runtime') THEN
    CREATE ROLE mavis_runtime NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO mavis_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO mavis_runtime;
REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM mavis_runtime;
REVOKE UPDATE, DELETE ON audit_entries, audit_chain, audit_heads, error_log FROM mavis_runtime;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO mavis_runtime;
`;

/** Opens the database of a PostgreSQL server (13 or newer), brought to the newest schema. */
export async function openPostgresql({ url, ownerUrl = url, connectionLost, answerLimitMs = ANSWER_LIMIT_MS }: PostgresqlOptions): Promise<Store> {
  await migrateAsOwner(ownerUrl, new URL(url).username || undefined);
  const pool = new pg.Pool({ connectionString: url, max: MAX_CONNECTIONS, connectionTimeoutMillis: CONNECT_LIMIT_MS, idleTimeoutMillis: KEEP_IDLE_MS, statement_timeout: STATEMENT_LIMIT_MS, idle_in_transaction_session_timeout: STANDSTILL_LIMIT_MS, options: '-c role=mavis_runtime', application_name: 'mavis-service', keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_MS });
  pool.on('error', connectionLost);
  // The pool listens to those that are idle. One in use that breaks between two statements fails the next of them, and nothing else.
  pool.on('connect', (client) => client.on('error', () => undefined));
  cutUnanswered(pool, answerLimitMs);
  const listening = new ListeningConnection(
    () => new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS, options: '-c role=mavis_runtime', application_name: 'mavis-service-notices', keepAlive: true }),
    connectionLost,
    answerLimitMs,
  );
  return {
    kind: 'postgresql',
    database: beginAnewAfterDeadlock(tellLostDatabase(givingBack(drizzle(pool, { schema }), pool))),
    listen: (channel: Channel, heard) => listening.listen(channel, heard),
    close: async () => {
      await listening.close();
      await pool.end();
    },
  };
}

/**
 * Has transactions give their connection back whatever happens: drizzle's own keeps one on which BEGIN failed, so that each connection
 * that broke unseen took a place of the pool for good. One that broke within its transaction is not used again.
 */
function givingBack(database: Database, pool: pg.Pool): Database {
  const ofClients = new WeakMap<pg.PoolClient, Database>();
  const transact: Database['transaction'] = async (work, options) => {
    const client = await pool.connect();
    const onClient = ofClients.get(client) ?? drizzle(client, { schema });
    ofClients.set(client, onClient);
    let broken = false;
    try {
      return await onClient.transaction(work, options);
    } catch (error) {
      broken = isDatabaseLost(error);
      throw error;
    } finally {
      client.release(broken);
    }
  };
  return Object.assign(database, { transaction: transact });
}

/** Ends each connection on which no answer has come for `limitMs` while somebody holds it: pg cuts one whose answer is outstanding, and the pool makes another. */
function cutUnanswered(pool: pg.Pool, limitMs: number): void {
  const held = new Map<pg.PoolClient, NodeJS.Timeout>();
  const letGo = (client: pg.PoolClient): void => {
    clearTimeout(held.get(client));
    held.delete(client);
  };
  const wait = (client: pg.PoolClient): void => {
    clearTimeout(held.get(client));
    held.set(client, setTimeout(() => void endConnection(client), limitMs));
  };
  // pg says `drain` when all that was asked is answered: a transaction may take as long as its statements together.
  pool.on('connect', (client) =>
    client.on('drain', () => {
      if (held.has(client)) wait(client);
    }),
  );
  pool.on('acquire', wait);
  pool.on('release', (_error, client) => letGo(client));
  pool.on('remove', letGo);
}

async function migrateAsOwner(ownerUrl: string, runtimeLogin: string | undefined): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_LIMIT_MS, application_name: 'mavis-service-migrations' });
  await client.connect();
  try {
    const ran = await migrate(
      {
        run: async (script) => void (await client.query(script)),
        rows: async (query, values) => (await client.query<Record<string, unknown>>(query, [...values])).rows,
      },
      await readMigrations(),
    );
    if (ran.length > 0) await client.query(RUNTIME_ROLE);
    await client.query(`GRANT mavis_runtime TO ${runtimeLogin === undefined ? 'CURRENT_USER' : pg.escapeIdentifier(decodeURIComponent(runtimeLogin))}`);
  } finally {
    await client.end();
  }
}
