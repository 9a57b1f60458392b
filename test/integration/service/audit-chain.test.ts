import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { SignedAuditHead } from '../../../shared/audit-head.ts';
import { AuditChain } from '../../../src-service/audit/audit-chain.ts';
import { AuditHeads } from '../../../src-service/audit/audit-heads.ts';
import { AuditLog, serviceActor } from '../../../src-service/audit/audit-log.ts';
import { verifyAudit } from '../../../src-service/audit/audit-verification.ts';
import { systemClock } from '../../../src-service/clock.ts';
import { Notice } from '../../../src-service/notices/notice.ts';
import { rowsOf } from '../../../src-service/store/database.ts';
import { forEachDatabase, type StoreUnderTest } from '../../fixtures/for-each-database.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signing = { publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64url'), sign: (text: string) => sign(null, Buffer.from(text), privateKey).toString('base64url') };
const auditLog = new AuditLog(systemClock);

function partsOf({ store: { database } }: StoreUnderTest) {
  const published: SignedAuditHead[] = [];
  const headSigned = new Notice<SignedAuditHead>((error) => {
    throw error;
  });
  headSigned.subscribe((head) => void published.push(head));
  const heads = new AuditHeads({ database, clock: systemClock, signing, headSigned });
  const chain = new AuditChain(database);
  const write = (count: number): Promise<void> => database.transaction(async (transaction) => {
    for (let index = 0; index < count; index += 1) await auditLog.append(transaction, { kind: 'test.written', actor: { kind: 'user', id: randomUUID(), name: 'Ann' }, reference: 'MV-AAAAA-BBBBB', facts: { index, text: 'ü "quoted"', list: ['a', 'b'], none: null, yes: true, number: 0.1 } });
  });
  const verify = async (copies: readonly SignedAuditHead[] = []) => verifyAudit({ database, signingKey: signing.publicKey, heads: [...(await heads.all()), ...copies] });
  return { database, heads, chain, published, write, verify };
}

async function chained(database: StoreUnderTest['store']['database']): Promise<number> {
  const [row] = await rowsOf(database, sql`SELECT count(*) AS count FROM audit_chain`, z.object({ count: z.coerce.number() }));
  return row?.count ?? 0;
}

forEachDatabase('the audit chain', (underTest) => {
  test('holds every entry once, in order, proves itself, and says what is not proven yet', async () => {
    const { chain, heads, published, write, verify } = partsOf(underTest());
    await write(1_500);
    expect(await chain.chainAll()).toBe(1_500);
    expect(await chain.chainAll()).toBe(0);
    expect(await verify()).toEqual({ ok: true, entries: 1_500, notYetProven: 1_500, headsChecked: 0, firstBroken: null });
    const head = await heads.sign();
    expect(published).toEqual([head]);
    expect(await heads.sign()).toBeUndefined();
    await write(3);
    await chain.chainAll();
    await write(2);
    expect(await verify(published)).toEqual({ ok: true, entries: 1_503, notYetProven: 5, headsChecked: 2, firstBroken: null });
    await chain.chainAll();
    await heads.sign();
    expect(await verify()).toMatchObject({ ok: true, entries: 1_505, notYetProven: 0 });
  });

  test('an entry whose transaction is rolled back is nowhere', async () => {
    const { database, chain } = partsOf(underTest());
    const before = await chained(database);
    await database.transaction(async (transaction) => {
      await auditLog.append(transaction, { kind: 'test.rolled-back', actor: serviceActor });
      throw new Error('rolled back');
    }).catch(() => undefined);
    await chain.chainAll();
    expect(await chained(database)).toBe(before);
  });

  const changes: [string, string, string][] = [
    ['an entry\'s id', "UPDATE audit_entries SET id = gen_random_uuid() WHERE id = ENTRY", 'missing'],
    ['an entry\'s time', "UPDATE audit_entries SET at = at + interval '1 ms' WHERE id = ENTRY", 'hash'],
    ['an entry\'s kind', "UPDATE audit_entries SET kind = 'test.other' WHERE id = ENTRY", 'hash'],
    ['an entry\'s kind of actor', "UPDATE audit_entries SET actor_kind = 'service' WHERE id = ENTRY", 'hash'],
    ['an entry\'s actor', "UPDATE audit_entries SET actor_id = NULL WHERE id = ENTRY", 'hash'],
    ['an entry\'s name of actor', "UPDATE audit_entries SET actor_name = 'Bob' WHERE id = ENTRY", 'hash'],
    ['an entry\'s reference', "UPDATE audit_entries SET reference = NULL WHERE id = ENTRY", 'hash'],
    ['an entry\'s facts', "UPDATE audit_entries SET facts = replace(facts, '0.1', '0.2') WHERE id = ENTRY", 'hash'],
    ['a link\'s hash', "UPDATE audit_chain SET hash = 'x' WHERE entry_id = ENTRY", 'hash'],
    ['a link\'s entry', "UPDATE audit_chain SET entry_id = gen_random_uuid() WHERE entry_id = ENTRY", 'missing'],
    ['a link\'s number', "UPDATE audit_chain SET seq = seq + 1000000 WHERE entry_id = ENTRY", 'missing'],
    ['an entry, removed', "DELETE FROM audit_entries WHERE id = ENTRY", 'missing'],
    ['a link, removed', "DELETE FROM audit_chain WHERE entry_id = ENTRY", 'missing'],
  ];
  test.each(changes)('shows a change past the triggers: %s', async (_what, statement, kind) => {
    const { database, chain, write, verify, heads } = partsOf(underTest());
    await write(20);
    await chain.chainAll();
    await heads.sign();
    await underTest().asIntruder('DROP TABLE IF EXISTS kept_entries, kept_chain; CREATE TABLE kept_entries AS SELECT * FROM audit_entries; CREATE TABLE kept_chain AS SELECT * FROM audit_chain');
    const last = await chained(database);
    const [victim] = await rowsOf(database, sql`SELECT entry_id FROM audit_chain WHERE seq = ${last - 10}`, z.object({ entry_id: z.uuid() }));
    await underTest().asIntruder(statement.replaceAll('ENTRY', `'${victim?.entry_id ?? ''}'`));
    const result = await verify();
    await underTest().asIntruder('DELETE FROM audit_chain; DELETE FROM audit_entries; INSERT INTO audit_entries (id, at, kind, actor_kind, actor_id, actor_name, reference, facts, ordinal, transaction_id) OVERRIDING SYSTEM VALUE SELECT id, at, kind, actor_kind, actor_id, actor_name, reference, facts, ordinal, transaction_id FROM kept_entries; INSERT INTO audit_chain SELECT * FROM kept_chain');
    expect(result).toMatchObject({ ok: false, firstBroken: { sequence: last - 10, what: kind } });
    expect(await verify()).toMatchObject({ ok: true });
  });

  test('two entries exchanged in the chain are found at the first', async () => {
    const { database, verify } = partsOf(underTest());
    const last = await chained(database);
    const exchange = `UPDATE audit_chain SET entry_id = CASE seq WHEN ${String(last - 5)} THEN (SELECT entry_id FROM audit_chain WHERE seq = ${String(last - 4)}) ELSE (SELECT entry_id FROM audit_chain WHERE seq = ${String(last - 5)}) END WHERE seq IN (${String(last - 5)}, ${String(last - 4)})`;
    await underTest().asIntruder('ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_entry_id_key');
    await underTest().asIntruder(exchange);
    expect(await verify()).toMatchObject({ ok: false, firstBroken: { sequence: last - 5, what: 'hash' } });
    await underTest().asIntruder(exchange);
    await underTest().asIntruder('ALTER TABLE audit_chain ADD CONSTRAINT audit_chain_entry_id_key UNIQUE (entry_id)');
    expect(await verify()).toMatchObject({ ok: true });
  });

  test('a history that was rewritten whole, with all hashes made anew, is shown by a signed head; copies of gateways show it where the database\'s heads are gone too', async () => {
    const { chain, database, heads, verify } = partsOf(underTest());
    const copies = await heads.all();
    const last = await chained(database);
    await underTest().asIntruder("UPDATE audit_entries SET actor_name = 'Eve' WHERE id = (SELECT entry_id FROM audit_chain WHERE seq = 5); DELETE FROM audit_chain");
    expect(await new AuditChain(database).chainAll()).toBe(last);
    expect(await chain.chainAll()).toBe(0);
    expect(await verify()).toMatchObject({ ok: false, firstBroken: { what: 'head' } });
    await underTest().asIntruder('DELETE FROM audit_heads');
    expect(await verify()).toMatchObject({ ok: true, notYetProven: last });
    expect(await verify(copies)).toMatchObject({ ok: false, firstBroken: { what: 'head' } });
  });

  test('a chain whose end was cut off is shown by the head that speaks of it, and a head that was not signed by the service is shown itself', async () => {
    const { database, chain, heads, verify } = partsOf(underTest());
    await heads.sign();
    const last = await chained(database);
    const copies = await heads.all();
    await underTest().asIntruder(`DELETE FROM audit_entries WHERE id IN (SELECT entry_id FROM audit_chain WHERE seq > ${String(last - 3)}); DELETE FROM audit_chain WHERE seq > ${String(last - 3)}`);
    expect(await verify(copies)).toMatchObject({ ok: false, entries: last - 3, firstBroken: { sequence: last - 2, what: 'missing' } });
    await underTest().asIntruder('DELETE FROM audit_heads');
    await chain.chainAll();
    const forged: SignedAuditHead = { ...(copies.at(-1) ?? { sequence: 1, hash: 'h', signedAt: new Date().toISOString(), signature: '' }), sequence: 2 };
    expect(await verify([forged])).toMatchObject({ ok: false, firstBroken: { sequence: 2, what: 'head' } });
  });
});

forEachDatabase('entries that commit late', (underTest) => {
  test('S69: a transaction held open for 3 s, while others commit and are chained, is not skipped', async () => {
    const { database, chain, write, verify } = partsOf(underTest());
    const [appended, chainedOthers] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const held = database.transaction(async (transaction) => {
      await auditLog.append(transaction, { kind: 'test.late', actor: serviceActor });
      appended.resolve();
      // However long the others take: what they do is done before this one commits.
      await Promise.all([delay(3_000), chainedOthers.promise]);
    });
    await appended.promise;
    let count = 0;
    for (let round = 0; round < 10; round += 1) {
      await write(5);
      count += await chain.chainAll();
    }
    chainedOthers.resolve();
    expect(count).toBe(50);
    await held;
    expect(await chain.chainAll()).toBe(1);
    const [late] = await rowsOf(database, sql`SELECT c.seq FROM audit_chain c JOIN audit_entries e ON e.id = c.entry_id WHERE e.kind = 'test.late'`, z.object({ seq: z.coerce.number() }));
    expect(late?.seq).toBe(51);
    expect(await verify()).toMatchObject({ ok: true, entries: 51 });
  });

  test('two chainers at once chain each entry once', async () => {
    const { database, write, verify } = partsOf(underTest());
    const before = await chained(database);
    const chainers = [new AuditChain(database), new AuditChain(database), new AuditChain(database)];
    const writing = (async () => {
      for (let round = 0; round < 20; round += 1) await write(10);
    })();
    const counts = await Promise.all(chainers.map(async (chain) => {
      let count = 0;
      for (let round = 0; round < 20; round += 1) count += await chain.chainAll();
      return count;
    }));
    await writing;
    const rest = await chainers[0]?.chainAll();
    expect(counts.reduce((sum, count) => sum + count, rest ?? 0)).toBe(200);
    expect(await chained(database)).toBe(before + 200);
    expect(await verify()).toMatchObject({ ok: true });
  });
}, ['postgresql']);
