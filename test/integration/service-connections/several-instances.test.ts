import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateways } from '../../../src-service/store/schema.ts';
import { openPostgresql } from '../../../src-service/store/open-postgresql.ts';
import type { Store } from '../../../src-service/store/database.ts';
import type { RequestContext } from '../../../src-service/http/bound-route.ts';
import { GatewaySideWorld } from '../../fixtures/gateway-side-world.ts';
import { startPostgresql, type PostgresqlServer } from '../../fixtures/postgresql-server.ts';

let server: PostgresqlServer;
let urls: { url: string; ownerUrl: string };
let one: GatewaySideWorld;
let other: GatewaySideWorld;
let admin: RequestContext;

const open = (): Promise<Store> => openPostgresql({ url: urls.url, ownerUrl: urls.ownerUrl, connectionLost: () => undefined });
const rowOf = async (id: typeof gateways.$inferSelect['id']) => {
  const [row] = await one.store.database.select().from(gateways).where(eq(gateways.id, id));
  if (row === undefined) throw new Error('no such gateway');
  return row;
};

beforeAll(async () => {
  server = await startPostgresql();
  urls = await server.createDatabase();
  one = await GatewaySideWorld.start({ store: await open() });
  other = await GatewaySideWorld.start({ store: await open(), beside: one });
  admin = await one.user('admin');
});
afterAll(async () => {
  await other.stop();
  await one.stop();
  await server.stop();
});

describe('rule 17: several instances on one PostgreSQL', () => {
  test('one instance holds the lease; the other one chooses by what it found, grants, and ends', async () => {
    const gateway = await one.gateway('gateway-shared', admin);
    const { leaseHolder } = await rowOf(gateway.id);
    expect(leaseHolder).not.toBeNull();
    const offer = await other.ask(await other.resource(['gateway-shared']), admin);
    expect(offer.hops[0]?.gatewayId).toBe(gateway.id);
    gateway.record({ kind: 'connected', connectionId: offer.connectionId, reference: offer.reference, facts: { recordingId: randomUUID() } });
    await other.connectionIn(offer.connectionId, 'connected');
    expect(await other.call('connectionTerminate', { params: { connectionId: offer.connectionId } }, admin)).toEqual({ confirmed: true });
    gateway.record({ kind: 'ended', connectionId: offer.connectionId, reference: offer.reference, facts: { code: 'session.terminated' } });
    await one.connectionIn(offer.connectionId, 'ended');
    expect((await one.audit(offer.reference)).filter(({ kind }) => kind === 'connection.ended')).toHaveLength(1);
    expect((await rowOf(gateway.id)).leaseHolder).toBe(leaseHolder);
  });

  test('a lease whose holder is not heard is taken over under a higher epoch, and the journal goes on where it was', async () => {
    const gateway = await one.gateway('gateway-takeover', admin);
    const offer = await one.ask(await one.resource(['gateway-takeover']), admin);
    const before = await rowOf(gateway.id);
    gateway.asked.length = 0;
    // The holder is gone without a word.
    await one.store.database.execute(sql`UPDATE gateways SET lease_holder = 'a crashed instance', lease_epoch = lease_epoch + 1 WHERE id = ${gateway.id}`);
    gateway.record({ kind: 'connected', connectionId: offer.connectionId, reference: offer.reference, facts: { recordingId: randomUUID() } });
    await other.syncNow(gateway.id, admin);
    await other.connectionIn(offer.connectionId, 'connected');
    const after = await rowOf(gateway.id);
    expect(after.leaseEpoch).toBe(before.leaseEpoch + 2);
    expect(after.leaseHolder).not.toBe('a crashed instance');
    const epochs = gateway.asked.flatMap(({ method, params }) => (method === 'status' || method === 'journalRead' ? [Number(Reflect.get(Object(params), 'epoch'))] : []));
    // What the one before had begun to ask may still come; from the new one's first word on, nothing under an older epoch.
    expect(new Set(epochs.slice(epochs.indexOf(after.leaseEpoch)))).toEqual(new Set([after.leaseEpoch]));
  });

  test('100 asks over both instances at once: each granted once', async () => {
    const gateway = await one.gateway('gateway-both', admin);
    const resource = await one.resource(['gateway-both']);
    const offers = await Promise.all(Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? one : other).ask(resource, admin)));
    expect(new Set(gateway.grants.map(({ connectionId }) => connectionId))).toEqual(new Set(offers.map(({ connectionId }) => connectionId)));
    expect(gateway.grants).toHaveLength(100);
  });
});
