import { performance } from 'node:perf_hooks';
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { AuditFilter } from '../../shared/api/audit.ts';
import { AuditReader } from '../../src-service/audit/audit-reader.ts';
import { openPostgresql } from '../../src-service/store/open-postgresql.ts';
import { rowsOf } from '../../src-service/store/database.ts';
import { startPostgresql } from '../fixtures/postgresql-server.ts';

/** How long a filtered page of a long audit log takes on PostgreSQL; the aim is a p95 under 100 ms with a million entries. */
const ENTRIES = Number(process.env['ENTRIES'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 20);
const USERS = 2_000;
const RESOURCES = 20_000;
const GATEWAYS = 200;

/** SQL of the id that stands for `text`: the same each time, and a UUID of version 4 in its form. */
const madeId = (text: string): string => `overlay(overlay(md5(${text}) placing '4' from 13) placing '8' from 17)::uuid`;

/** Kinds as a busy month has them: of ten connections eight go well; sign-ins, refusals and changes in between. */
const ENTRY = sql.raw(`
  SELECT gen_random_uuid(), now() - (n * interval '2.5 seconds'), k.kind, 'user', ${madeId("'user' || u")}::text, 'user-' || u, 'MV-' || upper(substr(md5((n / 3)::text), 1, 5)) || '-' || upper(substr(md5((n / 3)::text), 6, 5)),
    CASE WHEN k.kind LIKE 'connection.%' THEN
      jsonb_build_object('connectionId', ${madeId("(n / 3)::text")}, 'userId', ${madeId("'user' || u")}, 'user', 'user-' || u, 'resourceId', ${madeId("'resource' || r")}, 'resource', (ARRAY['web', 'db', 'files', 'build', 'mail'])[1 + r % 5] || '-' || (ARRAY['tokyo', 'osaka', 'taipei', '台北'])[1 + r % 4] || '-' || lpad(r::text, 5, '0'),
        'protocol', (ARRAY['ssh', 'sftp', 'vnc', 'rdp'])[1 + n % 4], 'gatewayId', ${madeId("'gateway' || g")}, 'gateway', 'gateway-' || g, 'segment', 'gateway-site' || (g % 20),
        'code', CASE k.kind WHEN 'connection.failed' THEN (ARRAY['target.refused', 'target.time-out', 'gateway.none-available', 'access.denied'])[1 + n % 4] WHEN 'connection.ended' THEN 'session.ended' ELSE NULL END)::text
    ELSE jsonb_build_object('userId', ${madeId("'user' || u")}, 'user', 'user-' || u, 'address', '10.' || n % 250 || '.' || u % 250 || '.7')::text END
  FROM generate_series(FROM_NUMBER, TO_NUMBER) AS n,
    LATERAL (SELECT abs(hashint4(n / 3)) % ${String(USERS)} AS u, abs(hashint4(n / 3 + 7)) % ${String(RESOURCES)} AS r, abs(hashint4(n / 3 + 11)) % ${String(GATEWAYS)} AS g) AS ids,
    LATERAL (SELECT (ARRAY['connection.granted', 'connection.connected', 'connection.ended', 'connection.granted', 'connection.connected', 'connection.ended', 'connection.granted', 'connection.failed', 'sign-in.succeeded', 'sign-in.refused', 'connection.connected', 'connection.ended'])[1 + n % 12] AS kind) AS k`.replaceAll('\n', ' '));

const server = await startPostgresql();
const { url, ownerUrl } = await server.createDatabase();
const store = await openPostgresql({ url, ownerUrl, connectionLost: () => undefined });
try {
  const { database } = store;
  let began = performance.now();
  const chunk = 10_000;
  const template = ENTRY.queryChunks.map((part) => (typeof part === 'object' && part !== null && 'value' in part ? String(part.value) : '')).join('');
  for (let made = 0; made < ENTRIES; made += chunk) {
    await database.execute(sql.raw(`INSERT INTO audit_entries (id, at, kind, actor_kind, actor_id, actor_name, reference, facts) ${template.replace('FROM_NUMBER', String(made)).replace('TO_NUMBER', String(Math.min(made + chunk, ENTRIES) - 1))}`));
  }
  console.log(`${String(ENTRIES)} entries written in ${((performance.now() - began) / 1000).toFixed(1)} s, all indexes in place`);
  const asOwner = await openPostgresql({ url: ownerUrl, ownerUrl, connectionLost: () => undefined });
  await asOwner.database.execute(sql`RESET ROLE`);
  await asOwner.close();
  const sizes = await rowsOf(database, sql`SELECT pg_size_pretty(pg_relation_size('audit_entries')) AS rows, pg_size_pretty(pg_indexes_size('audit_entries')) AS indexes, pg_size_pretty(pg_relation_size('audit_entries_search')) AS search`, z.object({ rows: z.string(), indexes: z.string(), search: z.string() }));
  console.log(JSON.stringify(sizes[0]));
  const reader = new AuditReader(database);
  const id = async (text: string): Promise<string> => (await rowsOf(database, sql`SELECT (overlay(overlay(md5(${text}) placing '4' from 13) placing '8' from 17)::uuid)::text AS id`, z.object({ id: z.string() })))[0]?.id ?? '';
  const user = await id('user77');
  const other = await id('user1500');
  const resource = await id('resource1234');
  const gateway = await id('gateway42');
  const hourAgo = new Date(Date.now() - 10 * 86_400_000).toISOString();
  const yearAgo = new Date(Date.now() - 20 * 86_400_000).toISOString();
  const filters: Record<string, AuditFilter> = {
    'nothing': {},
    'user': { user },
    'another user': { user: other },
    'resource': { resource },
    'gateway': { gateway },
    'segment': { segment: 'gateway-site7' },
    'outcome failed': { outcome: 'failed' },
    'outcome refused': { outcome: 'refused' },
    'kind': { kind: 'connection.connected' },
    'code': { code: 'target.refused' },
    'reference': { reference: 'MV-C4CA4-23820' },
    'time': { from: yearAgo, until: hourAgo },
    'user, outcome': { user, outcome: 'failed' },
    'user, time': { user, from: yearAgo, until: hourAgo },
    'gateway, code': { gateway, code: 'target.time-out' },
    'gateway, segment (never together)': { gateway, segment: 'gateway-site7' },
    'kind, outcome (never together)': { kind: 'connection.connected', outcome: 'failed' },
    'user, resource': { user, resource },
    'segment, outcome, time': { segment: 'gateway-site3', outcome: 'failed', from: yearAgo, until: hourAgo },
    'all at once': { user, gateway, segment: 'gateway-site2', outcome: 'ended', kind: 'connection.ended', code: 'session.ended', from: yearAgo, until: hourAgo, search: 'ssh' },
    'text, frequent': { search: 'tokyo' },
    'text, one resource': { search: 'tokyo-01232' },
    'text, not there': { search: 'nowhere-to-be-found' },
    'text, three letters': { search: 'osa' },
    'text, Chinese': { search: '台北' },
    'text, two words': { search: 'user-77 rdp' },
    'text and outcome': { search: 'mail-taipei', outcome: 'failed' },
    'text and user': { search: 'tokyo', user },
  };
  const all: number[] = [];
  for (const [name, filter] of Object.entries(filters)) {
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      began = performance.now();
      const first = await reader.entries({ ...filter, limit: 100 });
      times.push(performance.now() - began);
      found = first.items.length;
      if (first.nextCursor !== undefined) {
        began = performance.now();
        await reader.entries({ ...filter, limit: 100, cursor: first.nextCursor });
        times.push(performance.now() - began);
      }
    }
    all.push(...times);
    console.log(`${name.padEnd(36)} ${String(found).padStart(4)} entries   p50 ${at(times, 0.5)}   p95 ${at(times, 0.95)}   max ${at(times, 1)} ms`);
  }
  console.log(`all filters: p50 ${at(all, 0.5)}, p95 ${at(all, 0.95)}, max ${at(all, 1)} ms`);
} finally {
  await store.close();
  await server.stop();
}

function at(times: readonly number[], share: number): string {
  const sorted = times.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1).padStart(7);
}
