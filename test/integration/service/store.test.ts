import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getTableConfig } from 'drizzle-orm/pg-core';
import { is, sql } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AuditLog, serviceActor } from '../../../src-service/audit/audit-log.ts';
import { systemClock } from '../../../src-service/clock.ts';
import { problemOf } from '../../../src-service/http/problems.ts';
import { lockDataFolder } from '../../../src-service/store/data-folder-lock.ts';
import { rowsOf } from '../../../src-service/store/database.ts';
import { migrate, readMigrations, type Migration } from '../../../src-service/store/migrate.ts';
import { notify } from '../../../src-service/store/notify.ts';
import { openPostgresql } from '../../../src-service/store/open-postgresql.ts';
import { openPglite } from '../../../src-service/store/open-pglite.ts';
import * as schema from '../../../src-service/store/schema.ts';
import { openEmptyPglite } from '../../fixtures/empty-database.ts';
import { forEachDatabase } from '../../fixtures/for-each-database.ts';
import { asUser, startPostgresql } from '../../fixtures/postgresql-server.ts';

forEachDatabase('the store', (underTest) => {
  test('Drizzle knows exactly the columns that the migrations make', async () => {
    const column = z.object({ table_name: z.string(), column_name: z.string(), is_nullable: z.enum(['YES', 'NO']) });
    const made = await rowsOf(underTest().store.database, sql`SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migrations'`, column);
    const known = Object.values(schema).filter((value) => is(value, PgTable)).flatMap((table) => {
      const { name, columns } = getTableConfig(table);
      return columns.map((one) => `${name}.${one.name} ${one.notNull ? 'NO' : 'YES'}`);
    });
    expect(made.map((row) => `${row.table_name}.${row.column_name} ${row.is_nullable}`).toSorted()).toEqual(known.toSorted());
  });

  test.each(['audit_entries', 'audit_chain', 'audit_heads', 'error_log'])('update, delete and truncate of %s are refused', async (table) => {
    const { store } = underTest();
    await store.database.transaction((transaction) => new AuditLog(systemClock).append(transaction, { kind: 'test.written', actor: serviceActor }));
    const columns: Record<string, string> = { audit_entries: 'kind', audit_chain: 'hash', audit_heads: 'hash', error_log: 'code' };
    await fillOneRow(store.database, table);
    for (const statement of [`UPDATE ${table} SET ${columns[table] ?? ''} = 'x'`, `DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`]) {
      await expect(store.database.execute(sql.raw(statement))).rejects.toMatchObject({ cause: { code: '42501' } });
    }
  });

  test('a notice is heard after its transaction commits, and never where it was rolled back', async () => {
    const { database, listen } = underTest().store;
    const heard: (string | null)[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = await listen('inventory', (payload) => {
      heard.push(payload);
      if (payload === 'kept') resolve();
    });
    await database.transaction(async (transaction) => {
      await notify(transaction, 'inventory', 'dropped');
      throw new Error('rolled back');
    }).catch(() => undefined);
    await database.transaction((transaction) => notify(transaction, 'inventory', 'kept'));
    await promise;
    await stop();
    expect(heard).toEqual(['kept']);
  });
});

// PGlite has a single role.
forEachDatabase('roles', (underTest) => {
  test('even the owner of the tables is refused by the triggers', async () => {
    const { store, urls } = underTest();
    if (urls === undefined) throw new Error('no server');
    await store.database.transaction((transaction) => new AuditLog(systemClock).append(transaction, { kind: 'test.written', actor: serviceActor }));
    await expect(asUser(urls.ownerUrl, (client) => client.query("UPDATE audit_entries SET kind = 'x'"))).rejects.toMatchObject({ code: '42501' });
    await expect(asUser(urls.ownerUrl, (client) => client.query('TRUNCATE audit_chain'))).rejects.toMatchObject({ code: '42501' });
  });

  test('the runtime role cannot disable the triggers, nor rewrite the list of migrations', async () => {
    const { store } = underTest();
    for (const statement of ['ALTER TABLE audit_entries DISABLE TRIGGER ALL', 'DROP TABLE audit_chain CASCADE', "UPDATE schema_migrations SET sha256 = ''", "SET session_replication_role = replica"]) {
      await expect(store.database.execute(sql.raw(statement))).rejects.toMatchObject({ cause: { code: '42501' } });
    }
  });
}, ['postgresql']);

async function fillOneRow(database: Parameters<typeof rowsOf>[0], table: string): Promise<void> {
  const statements: Record<string, string> = {
    audit_chain: "INSERT INTO audit_chain (seq, entry_id, hash) SELECT 1, id, 'h' FROM audit_entries LIMIT 1 ON CONFLICT DO NOTHING",
    audit_heads: "INSERT INTO audit_heads VALUES (1, 'h', now(), 's', 'k') ON CONFLICT DO NOTHING",
    error_log: "INSERT INTO error_log (id, at, code, leg, facts) VALUES (gen_random_uuid(), now(), 'internal', 'service', '{}')",
  };
  const statement = statements[table];
  if (statement !== undefined) await database.execute(sql.raw(statement));
}

/** What a request that met this would be answered. */
const codeOf = (thrown: unknown): string => problemOf(thrown).problem.code;

describe('an instance that stands still within a transaction', () => {
  test('rule 17: loses its locks to the others, and lives on; a request that met that, or no database at all, is told so', async () => {
    const server = await startPostgresql();
    try {
      const { url, ownerUrl } = await server.createDatabase();
      const stores = [await openPostgresql({ url, ownerUrl, connectionLost: () => undefined }), await openPostgresql({ url, ownerUrl, connectionLost: () => undefined })] as const;
      const [still, other] = stores;
      const locked = Promise.withResolvers<undefined>();
      const goOn = Promise.withResolvers<undefined>();
      const standing = still.database.transaction(async (transaction) => {
        await transaction.execute(sql`SELECT pg_advisory_xact_lock(4711)`);
        locked.resolve(undefined);
        await goOn.promise;
        await transaction.execute(sql`SELECT 1`);
      });
      const outcome = standing.then(() => 'committed', codeOf);
      await locked.promise;
      await other.database.transaction((transaction) => transaction.execute(sql`SELECT pg_advisory_xact_lock(4711)`));
      goOn.resolve(undefined);
      expect(await outcome).toBe('service.database-unavailable');
      expect(await rowsOf(still.database, sql`SELECT 1 AS one`, z.object({ one: z.number() }))).toEqual([{ one: 1 }]);
      // And where there is no database at all, a request is told so too, whatever it does first.
      await server.stop();
      expect(await still.database.transaction(async () => undefined).then(() => 'committed', codeOf)).toBe('service.database-unavailable');
      expect(await rowsOf(still.database, sql`SELECT 1 AS one`, z.object({ one: z.number() })).then(() => 'read', codeOf)).toBe('service.database-unavailable');
      for (const store of stores) await store.close();
    } finally {
      await server.stop();
    }
  });
});

describe('migrations', () => {
  test('what ran before is left alone, what is new runs, what was changed afterwards is refused', async () => {
    const store = await openPglite();
    const connection = { run: async (script: string) => void (await store.client.exec(script)), rows: async (query: string, values: readonly string[]) => (await store.client.query(query, [...values])).rows };
    const known = await readMigrations();
    const next: Migration = { name: '9999-next.sql', script: 'CREATE TABLE next_one (id int); INSERT INTO next_one VALUES (1)', sha256: 'a' };
    expect(await migrate(connection, known)).toEqual([]);
    expect(await migrate(connection, [...known, next])).toEqual(['9999-next.sql']);
    expect(await migrate(connection, [...known, next])).toEqual([]);
    await expect(migrate(connection, [...known, { ...next, sha256: 'b' }])).rejects.toThrow('was changed after it ran');
    await expect(migrate(connection, known)).rejects.toThrow('does not know');
    await store.close();
  });

  test('a migration that fails leaves nothing of itself', async () => {
    const store = await openEmptyPglite();
    const connection = { run: async (script: string) => void (await store.client.exec(script)), rows: async (query: string, values: readonly string[]) => (await store.client.query(query, [...values])).rows };
    const broken: Migration = { name: '9999-broken.sql', script: 'CREATE TABLE half (id int); SELECT nothing_of_the_kind', sha256: 'a' };
    await expect(migrate(connection, [...(await readMigrations()), broken])).rejects.toThrow('nothing_of_the_kind');
    await expect(store.client.query('SELECT * FROM half')).rejects.toThrow('does not exist');
    await store.close();
  });
});

describe('the data folder', () => {
  test('is refused to a second process while the first lives, and given again when it let go', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mavis-lock-'));
    const first = await lockDataFolder(folder);
    await expect(lockDataFolder(folder)).rejects.toMatchObject({ code: 'service.data-folder-in-use', args: { process: process.pid } });
    await first.release();
    const second = await lockDataFolder(folder);
    await second.release();
    await rm(folder, { recursive: true });
  });

  test.each(['{"pid":1,"startedAt":"another boot 12"}', '{"pid":4194304,"startedAt":"x"}', '', 'not JSON'])('is taken over from a process that is gone: %s', async (left) => {
    const folder = await mkdtemp(join(tmpdir(), 'mavis-lock-'));
    await writeFile(join(folder, 'service.lock'), left);
    const lock = await lockDataFolder(folder);
    await expect(lockDataFolder(folder)).rejects.toMatchObject({ code: 'service.data-folder-in-use' });
    await lock.release();
    await rm(folder, { recursive: true });
  });
});
