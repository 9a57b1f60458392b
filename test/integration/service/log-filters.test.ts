import { randomUUID } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { AuditFilter } from '../../../shared/api/audit.ts';
import { AuditLog, serviceActor, type AuditActor } from '../../../src-service/audit/audit-log.ts';
import { AuditReader } from '../../../src-service/audit/audit-reader.ts';
import { ErrorLog } from '../../../src-service/audit/error-log.ts';
import type { Facts } from '../../../src-service/audit/canonical-json.ts';
import { auditFile, errorLogFile } from '../../../src-service/audit/log-export.ts';
import { rowsOf } from '../../../src-service/store/database.ts';
import { forEachDatabase } from '../../fixtures/for-each-database.ts';

const [ann, ben] = [randomUUID(), randomUUID()];
const [web, database] = [randomUUID(), randomUUID()];
const [tokyo, taipei] = [randomUUID(), randomUUID()];
const annActs: AuditActor = { kind: 'user', id: ann, name: 'ann' };

interface Made {
  readonly kind: string;
  readonly actor: AuditActor;
  readonly reference?: string;
  readonly facts: Facts;
}

/** In the order in which they were written, a second apart. */
const made: readonly Made[] = [
  { kind: 'sign-in.succeeded', actor: annActs, facts: { userId: ann, user: 'ann', address: '203.0.113.9' } },
  { kind: 'connection.connected', actor: annActs, reference: 'MV-AAAAA-AAAAA', facts: { userId: ann, user: 'ann', resourceId: web, resource: 'web-100%', gatewayId: tokyo, gateway: 'tokyo-1', segment: 'gateway-tokyo', code: null } },
  { kind: 'connection.ended', actor: annActs, reference: 'MV-AAAAA-AAAAA', facts: { userId: ann, user: 'ann', resourceId: web, resource: 'web-100%', gatewayId: tokyo, gateway: 'tokyo-1', segment: 'gateway-tokyo', code: 'session.ended' } },
  { kind: 'connection.failed', actor: { kind: 'user', id: ben, name: 'ben' }, reference: 'MV-BBBBB-BBBBB', facts: { userId: ben, user: 'ben', resourceId: database, resource: '資料庫-1', gatewayId: taipei, gateway: 'taipei-1', segment: 'gateway-taipei', code: 'target.time-out' } },
  { kind: 'user.disabled', actor: annActs, facts: { userId: ben, userName: 'ben' } },
  { kind: 'sign-in.refused', actor: { kind: 'user', id: ben, name: 'ben' }, facts: { code: 'sign-in.disabled' } },
  { kind: 'gateway.state-changed', actor: serviceActor, facts: { gatewayId: tokyo, gateway: 'tokyo-1', segment: 'gateway-tokyo', from: 'available', to: 'unavailable', code: 'gateway.link-time-out', detail: 'no answer, twice' } },
];
const second = (number: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString();
/** A filter, and the positions in `made` of what it lets through, newest first. */
const filters: readonly (readonly [string, AuditFilter, readonly number[]])[] = [
  ['nothing', {}, [6, 5, 4, 3, 2, 1, 0]],
  ['a user by name, who acts or is acted on', { user: 'BEN' }, [5, 4, 3]],
  ['a user by id', { user: ann }, [4, 2, 1, 0]],
  ['a user that there is not', { user: 'nobody' }, []],
  ['a resource by its name now', { resource: 'web-renamed' }, [2, 1]],
  ['a resource by id', { resource: database }, [3]],
  ['a Gateway', { gateway: 'tokyo-1' }, [6, 2, 1]],
  ['a segment', { segment: 'gateway-tokyo' }, [6, 2, 1]],
  ['outcome connected', { outcome: 'connected' }, [1]],
  ['outcome ended', { outcome: 'ended' }, [2]],
  ['outcome failed', { outcome: 'failed' }, [3]],
  ['outcome refused', { outcome: 'refused' }, [5]],
  ['outcome not used', { outcome: 'not-used' }, []],
  ['a kind', { kind: 'user.disabled' }, [4]],
  ['a code', { code: 'target.time-out' }, [3]],
  ['a reference', { reference: 'MV-AAAAA-AAAAA' }, [2, 1]],
  ['a time from', { from: second(5) }, [6, 5]],
  ['a time until', { until: second(1) }, [1, 0]],
  ['part of a word, whatever its case', { search: 'TOKYO' }, [6, 2, 1]],
  ['two words in any order', { search: 'twice answer' }, [6]],
  ['words of another script', { search: '資料庫' }, [3]],
  ['a sign that SQL takes for any', { search: '100%' }, [2, 1]],
  ['another sign that SQL takes for any', { search: '100_' }, []],
  ['user and outcome', { user: 'ben', outcome: 'failed' }, [3]],
  ['user, segment and time', { user: 'ann', segment: 'gateway-tokyo', from: second(2) }, [2]],
  ['everything at once', { user: 'ann', resource: web, gateway: tokyo, segment: 'gateway-tokyo', outcome: 'ended', kind: 'connection.ended', code: 'session.ended', reference: 'MV-AAAAA-AAAAA', search: 'web', from: second(0), until: second(9) }, [2]],
  ['everything but one that does not hold', { user: 'ann', resource: web, outcome: 'connected', code: 'session.ended' }, []],
];

forEachDatabase('the filters of the logs', (underTest) => {
  beforeAll(() => fill(underTest().store.database));

  test.each(filters)('S12, S16, S17: the audit log is narrowed by %s, newest first', async (_name, filter, expected) => {
    const reader = new AuditReader(underTest().store.database);
    const { items, nextCursor } = await reader.entries({ ...filter, limit: 100 });
    expect(items.map(({ kind, at }) => [kind, at])).toEqual(expected.map((number) => [made[number]?.kind, second(number)]));
    expect(nextCursor).toBeUndefined();
    // Exported oldest first; and the same a page at a time.
    expect((await all(reader.everyEntry(filter))).map(({ id }) => id)).toEqual(items.map(({ id }) => id).toReversed());
    expect(await byPages(reader, filter)).toEqual(items.map(({ id }) => id));
  });

  test('S12, S17, S18: and the error log', async () => {
    const { store } = underTest();
    const errors = new ErrorLog({ now: () => new Date(second(20)) });
    await store.database.transaction(async (transaction) => {
      await errors.append(transaction, { code: 'target.time-out', reference: 'MV-BBBBB-BBBBB', gatewayName: 'taipei-1', facts: { userId: ben, resourceId: database, gatewayId: taipei, segment: 'gateway-taipei', resource: '資料庫-1' } });
      await errors.append(transaction, { code: 'gateway.none-available', reference: 'MV-CCCCC-CCCCC', facts: { userId: ann, resourceId: web, segment: 'gateway-tokyo' } });
    });
    const reader = new AuditReader(store.database);
    const codes = async (filter: AuditFilter): Promise<string[]> => (await reader.errors({ ...filter, limit: 10 })).items.map(({ code }) => code);
    expect(await codes({})).toEqual(['gateway.none-available', 'target.time-out']);
    expect(await codes({ user: 'ann' })).toEqual(['gateway.none-available']);
    expect(await codes({ resource: '資料庫-1' })).toEqual(['target.time-out']);
    expect(await codes({ gateway: 'taipei-1' })).toEqual(['target.time-out']);
    expect(await codes({ segment: 'gateway-tokyo' })).toEqual(['gateway.none-available']);
    expect(await codes({ code: 'target.time-out' })).toEqual(['target.time-out']);
    expect(await codes({ reference: 'MV-CCCCC-CCCCC' })).toEqual(['gateway.none-available']);
    expect(await codes({ search: 'taipei' })).toEqual(['target.time-out']);
    expect(await codes({ from: second(21) })).toEqual([]);
    expect(await codes({ user: 'ann', segment: 'gateway-taipei' })).toEqual([]);
    const first = await reader.errors({ limit: 1 });
    expect((await reader.errors({ limit: 1, cursor: first.nextCursor })).items.map(({ code }) => code)).toEqual(['target.time-out']);
  });

  test('S12, S17: both logs are exported as CSV and as JSON Lines, narrowed as the list is', async () => {
    const reader = new AuditReader(underTest().store.database);
    const text = async (pieces: AsyncIterable<string>): Promise<string> => (await all(each(pieces))).join('');
    const rows = async (pieces: AsyncIterable<string>): Promise<Record<string, string>[]> => z.array(z.record(z.string(), z.string())).parse(parse(await text(pieces), { columns: true }));
    const lines = async (pieces: AsyncIterable<string>): Promise<unknown[]> => (await text(pieces)).trimEnd().split('\n').map((line) => z.unknown().parse(JSON.parse(line)));
    const entries = (await reader.entries({ user: 'ben', limit: 100 })).items.toReversed();
    expect(await lines(auditFile('jsonl', reader.everyEntry({ user: 'ben' })))).toEqual(entries);
    expect((await rows(auditFile('csv', reader.everyEntry({ user: 'ben' })))).map(({ id, kind, reference }) => [id, kind, reference])).toEqual(entries.map(({ id, kind, reference }) => [id, kind, reference ?? '']));
    const errors = (await reader.errors({ limit: 100 })).items.toReversed();
    expect(errors).toHaveLength(2);
    expect(await lines(errorLogFile('jsonl', reader.everyError({})))).toEqual(errors);
    expect((await rows(errorLogFile('csv', reader.everyError({ gateway: 'taipei-1' })))).map(({ code, leg, reference, gatewayName }) => [code, leg, reference, gatewayName])).toEqual([['target.time-out', 'L4', 'MV-BBBBB-BBBBB', 'taipei-1']]);
  });

  test('every filter has an index in the order of the list', async () => {
    const indexes = await rowsOf(underTest().store.database, sql`SELECT indexdef FROM pg_indexes WHERE tablename IN ('audit_entries', 'error_log')`, z.object({ indexdef: z.string() }));
    const definitions = JSON.stringify(indexes);
    for (const column of ['kind', 'actor_id', 'user_id', 'resource_id', 'gateway_id', 'segment', 'code']) expect(definitions).toContain(`audit_entries USING btree (${column}, at DESC, ordinal DESC)`);
    for (const column of ['user_id', 'resource_id', 'gateway_id', 'segment', 'code']) expect(definitions).toContain(`error_log USING btree (${column}, at DESC, ordinal DESC)`);
    expect(definitions).toContain('audit_entries USING gin (search_text gin_trgm_ops)');
  });
});

type Database = ConstructorParameters<typeof AuditReader>[0];

async function fill(to: Database): Promise<void> {
  for (const [id, name] of [[ann, 'ann'], [ben, 'ben']]) await to.execute(sql`INSERT INTO users (id, name, name_key, display_name, role, created_at, updated_at) VALUES (${id}, ${name}, ${name}, ${name}, 'user', now(), now())`);
  for (const [id, name] of [[web, 'web-renamed'], [database, '資料庫-1']]) await to.execute(sql`INSERT INTO resources (id, name, address, protocols, operating_system, description, identities, tags, allow_special_address, created_at, updated_at, revision) VALUES (${id}, ${name}, 'a', '[]', 'linux', '', '[]', '[]', false, now(), now(), 1)`);
  for (const [id, name] of [[tokyo, 'tokyo-1'], [taipei, 'taipei-1']]) await to.execute(sql`INSERT INTO gateways (id, name, host, link_port, proxy_ports, port_preference, state_changed_at, created_at, updated_at) VALUES (${id}, ${name}, 'a', 443, '[]', '{}', now(), now(), now())`);
  for (const [number, entry] of made.entries()) await to.transaction((transaction) => new AuditLog({ now: () => new Date(second(number)) }).append(transaction, entry));
}

async function all<Entry>(pages: AsyncIterable<Entry[]>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of pages) entries.push(...page);
  return entries;
}

async function* each(pieces: AsyncIterable<string>): AsyncGenerator<string[]> {
  for await (const piece of pieces) yield [piece];
}

async function byPages(reader: AuditReader, filter: AuditFilter): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const { items, nextCursor } = await reader.entries({ ...filter, limit: 1, cursor });
    ids.push(...items.map(({ id }) => id));
    cursor = nextCursor;
    if (cursor === undefined) return ids;
  }
}
