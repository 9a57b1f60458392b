import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { z } from 'zod';

/** What migrations need of a connection: the owner's, and the same one for every call. */
export interface MigrationConnection {
  /** Runs a text of several statements. */
  run(script: string): Promise<void>;
  rows(query: string, values: readonly string[]): Promise<unknown[]>;
}

/** One file of `migrations/`: its name, text, and the SHA-256 of the text in hex. */
export interface Migration {
  readonly name: string;
  readonly script: string;
  readonly sha256: string;
}

/** Kept by whoever migrates, so that two instances that start at once do not both do it. The number has no other meaning. */
const MIGRATION_LOCK = 799_301;

const applied = z.object({ name: z.string(), sha256: z.string() });

/** The migrations that this version brings, in order. */
export async function readMigrations(folder: URL = new URL('./migrations/', import.meta.url)): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const script = await readFile(new URL(name, folder), 'utf8');
      return { name, script, sha256: createHash('sha256').update(script).digest('hex') };
    }),
  );
}

/**
 * Brings the database to the newest schema, each migration in a transaction of its own, and gives the names of those that
 * ran. Throws where one that ran before has since been changed, or where the database is newer than this version.
 */
export async function migrate(connection: MigrationConnection, migrations: readonly Migration[]): Promise<string[]> {
  await connection.rows(`SELECT pg_advisory_lock(${String(MIGRATION_LOCK)})`, []);
  try {
    await connection.run('CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz(3) NOT NULL DEFAULT now())');
    const before = (await connection.rows('SELECT name, sha256 FROM schema_migrations ORDER BY name', [])).map((row) => applied.parse(row));
    assertUnchanged(before, migrations);
    const missing = migrations.slice(before.length);
    for (const migration of missing) await apply(connection, migration);
    return missing.map((migration) => migration.name);
  } finally {
    await connection.rows(`SELECT pg_advisory_unlock(${String(MIGRATION_LOCK)})`, []);
  }
}

function assertUnchanged(before: readonly z.infer<typeof applied>[], migrations: readonly Migration[]): void {
  for (const [index, { name, sha256 }] of before.entries()) {
    const ours = migrations[index];
    if (ours === undefined) throw new Error(`the database has the migration ${name}, which this version does not know`);
    if (ours.name !== name || ours.sha256 !== sha256) throw new Error(`the migration ${name} was changed after it ran`);
  }
}

async function apply(connection: MigrationConnection, { name, script, sha256 }: Migration): Promise<void> {
  await connection.run('BEGIN');
  try {
    await connection.run(script);
    await connection.rows('INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)', [name, sha256]);
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK');
    throw error;
  }
}
