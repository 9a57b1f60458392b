import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { lockDataFolder } from '../store/data-folder-lock.ts';

const CONNECT_LIMIT_MS = 3000;
const row = z.object({ name: z.string(), sha256: z.string() });
const SCHEMA = 'SELECT name, sha256 FROM schema_migrations ORDER BY name';
/** PostgreSQL's code for a table that is not there. */
const UNDEFINED_TABLE = '42P01';

/** What ran of the schema in a database that no service uses now; null where there is none yet. */
export type SchemaRan = readonly z.infer<typeof row>[] | null;

/** Reads a PostgreSQL server's database without changing it. Throws what the system or the server says. */
export async function lookAtPostgresql(url: string): Promise<SchemaRan> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS, statement_timeout: CONNECT_LIMIT_MS, application_name: 'mavis-service-doctor' });
  // Told by the statement that it fails.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(SCHEMA)).rows.map((found) => row.parse(found));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE) return null;
    throw error;
  } finally {
    await client.end();
  }
}

/** Reads the embedded database of a data folder that no service has. Throws `service.data-folder-in-use` where one takes it meanwhile. */
export async function lookAtEmbedded(folder: string): Promise<SchemaRan> {
  const dataDir = join(folder, 'database');
  try {
    await access(join(dataDir, 'PG_VERSION'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const [{ PGlite }, { pg_trgm }] = await Promise.all([import('@electric-sql/pglite'), import('@electric-sql/pglite/contrib/pg_trgm')]);
  const lock = await lockDataFolder(folder);
  try {
    const client = await PGlite.create({ dataDir, extensions: { pg_trgm } });
    try {
      return (await client.query(SCHEMA)).rows.map((found) => row.parse(found));
    } finally {
      await client.close();
    }
  } finally {
    await lock.release();
  }
}
