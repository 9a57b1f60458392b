import { performance } from 'node:perf_hooks';
import { generateKeyPairSync } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { AuditChain } from '../../src-service/audit/audit-chain.ts';
import { verifyAudit } from '../../src-service/audit/audit-verification.ts';
import { openPglite } from '../../src-service/store/open-pglite.ts';
import { openPostgresql } from '../../src-service/store/open-postgresql.ts';
import { startPostgresql } from '../fixtures/postgresql-server.ts';

/** How long chaining and proving a long audit log take; the aim is under 10 s for proving a million entries on PostgreSQL. */
const ENTRIES = Number(process.env['ENTRIES'] ?? 1_000_000);
const signingKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64url');

const server = await startPostgresql();
try {
  const { url, ownerUrl } = await server.createDatabase();
  for (const kind of ['postgresql', 'pglite'] as const) {
    const store = kind === 'pglite' ? await openPglite() : await openPostgresql({ url, ownerUrl, connectionLost: () => undefined });
    const entries = kind === 'pglite' ? ENTRIES / 10 : ENTRIES;
    for (let made = 0; made < entries; made += 100_000) {
      await store.database.execute(sql`INSERT INTO audit_entries (id, at, kind, actor_kind, actor_id, actor_name, reference, facts)
        SELECT gen_random_uuid(), now(), 'connection.ended', 'user', gen_random_uuid()::text, 'ann', 'MV-AAAAA-BBBBB', '{"bytes":123456,"gatewayName":"office1","protocol":"ssh","resourceName":"web-tokyo-000123"}' FROM generate_series(1, ${Math.min(100_000, entries)})`);
    }
    let began = performance.now();
    const chained = await new AuditChain(store.database).chainAll();
    console.log(`${kind}: chained ${String(chained)} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    began = performance.now();
    const { ok, entries: proven } = await verifyAudit({ database: store.database, signingKey, heads: [] });
    console.log(`${kind}: read and checked ${String(proven)} (${ok ? 'whole' : 'broken'}) in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    await store.close();
  }
} finally {
  await server.stop();
}
