import { mkdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { drizzle } from 'drizzle-orm/pglite';
import type { Store } from './database.ts';
import { migrate, readMigrations } from './migrate.ts';
import * as schema from './schema.ts';

/**
 * Opens (and at first makes) the embedded database in `folder`, brought to the newest schema; in memory without one, for
 * tests. The caller holds the data folder's lock (`data-folder-lock.ts`): PGlite has none of its own.
 *
 * PGlite knows a single role, which owns every table: there only the triggers refuse changes of the audit log.
 */
export async function openPglite(folder?: string): Promise<Store & { readonly client: PGlite }> {
  if (folder !== undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
  const client = new PGlite({ extensions: { pg_trgm }, ...(folder === undefined ? {} : { dataDir: folder }) });
  try {
    await client.waitReady;
    await migrate(
      {
        run: async (script) => void (await client.exec(script)),
        rows: async (query, values) => (await client.query(query, [...values])).rows,
      },
      await readMigrations(),
    );
  } catch (error) {
    await client.close();
    throw error;
  }
  const database = drizzle(client, { schema });
  return {
    kind: 'pglite',
    client,
    database,
    listen: (channel, heard) => client.listen(channel, heard),
    close: () => client.close(),
  };
}
