import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditRoutes } from '../../../shared/api/audit.ts';
import { connectionsRoutes } from '../../../shared/api/connections.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import type { ResourceId } from '../../../shared/ids.ts';
import { connect, echoes } from '../../fixtures/connecting.ts';
import { EventRecorder } from '../../fixtures/event-recorder.ts';
import { Fleet, finalKinds } from '../../fixtures/fleet.ts';
import { TestLinkClient } from '../../fixtures/gateway-link-client.ts';
import type { HeadlessClient } from '../../fixtures/headless-client.ts';
import type { LightClient } from '../../fixtures/light-client.ts';
import { makeCrowd } from '../../fixtures/light-crowd.ts';

/** Every gateway is synced by the other instance within this (rule 17). */
const TAKEN_OVER_LIMIT_MS = 15_000;
const NAMES = ['a1', 'a2', 'b1', 'c1'];

let fleet: Fleet;
let people: HeadlessClient[];
let inA: ResourceId;

beforeAll(async () => {
  fleet = await Fleet.start({ database: 'postgresql', services: 2, gateways: NAMES.map((name) => ({ name, segment: `gateway-${name.slice(0, 1)}` })) });
  people = [await fleet.person('admin', 0), await fleet.person('admin', 1)];
  inA = await fleet.resource(['gateway-a']);
}, 300_000);
afterAll(() => fleet?.stop(), 120_000);

interface Held {
  readonly name: string;
  readonly holder: string | null;
  readonly epoch: number;
  readonly confirmedMs: number;
}
async function held(): Promise<Held[]> {
  const rows = await fleet.query('SELECT name, lease_holder, lease_epoch, confirmed_at FROM gateways ORDER BY name');
  return rows.map((row) => ({ name: String(row['name']), holder: row['lease_holder'] === null ? null : String(row['lease_holder']), epoch: Number(row['lease_epoch']), confirmedMs: new Date(String(row['confirmed_at'])).getTime() }));
}
/** The place of the instance that holds all leases: its process is in the holder's name. */
async function holderPlace(): Promise<number> {
  const holders = new Set((await held()).map(({ holder }) => holder));
  const place = fleet.services.findIndex(({ process }) => [...holders].every((holder) => holder?.includes(`/${process.pid}/`)));
  if (place < 0) throw new Error(`no one instance holds all leases: ${[...holders].join(', ')}`);
  return place;
}
/** Waits until every gateway was synced after a moment under another lease than before; gives how long it took. */
async function takenOver(before: readonly Held[], sinceMs: number, by: (holder: string | null, name: string) => boolean = (holder, name) => holder !== before.find((one) => one.name === name)?.holder): Promise<{ after: Held[]; tookMs: number }> {
  const after = await fleet.until(async () => {
    const now = await held();
    return now.every(({ name, holder, confirmedMs }) => confirmedMs > sinceMs && by(holder, name)) ? now : undefined;
  }, 'all gateways synced by the other instance');
  return { after, tookMs: Date.now() - sinceMs };
}
const person = (place: number): HeadlessClient => {
  const found = people[place];
  if (found === undefined) throw new Error('nobody is there');
  return found;
};

describe('rule 17: two instances of the service as processes, on one PostgreSQL', () => {
  test('each of them grants on, and ends at, every gateway, whoever holds its lease', async () => {
    // Both began at once; one of them was first with each gateway.
    expect((await held()).filter(({ holder }) => holder === null)).toEqual([]);
    for (const [asks, ends] of [[0, 1], [1, 0]] as const) {
      const { offer, session } = await connect(person(asks), inA);
      await echoes(session);
      const { confirmed } = await person(ends).service.call(connectionsRoutes.connectionTerminate, { params: { connectionId: offer.connectionId }, query: {}, body: { reason: 'a test' } });
      expect(confirmed).toBe(true);
      expect((await session.report('ended')).code).toBe('session.terminated');
      await fleet.connectionIn(offer.connectionId, 'ended');
      expect(await fleet.finals(offer.reference)).toEqual([['connection.ended', 'session.terminated']]);
    }
  }, 240_000);

  test('LISTEN and NOTIFY: what one instance learns, the clients of the other hear within a second', async () => {
    const recorder = new EventRecorder(person(1));
    await fleet.until(async () => (recorder.available('gateway-c') === 1 ? true : undefined), 'the event stream');
    for (const [draining, available] of [[true, 0], [false, 1]] as const) {
      const changedMs = Date.now();
      await fleet.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: fleet.gateway('c1').id }, body: { draining } });
      await fleet.until(async () => (recorder.available('gateway-c') === available ? true : undefined), `told of ${available}`);
      const kind = draining ? 'gateway.changed' : 'gateway.state-changed';
      const knownMs = (await fleet.audit({ kind })).filter(({ facts, at }) => facts['gateway'] === 'c1' && Date.parse(at) >= changedMs - 1).map(({ at }) => Date.parse(at))[0] ?? Number.NaN;
      const toldMs = recorder.segments.find(({ atMs, items }) => atMs >= changedMs && items.some((item) => item.segment === 'gateway-c' && item.available === available))?.atMs ?? Number.NaN;
      expect(toldMs - knownMs).toBeLessThan(1_000);
    }
    await recorder.stop();
  }, 240_000);

  test('a gateway refuses an epoch below the newest that it saw', async () => {
    const { epoch } = (await held()).find(({ name }) => name === 'b1') ?? { epoch: 0 };
    const link = await TestLinkClient.open(fleet.gateway('b1').linkPort, fleet.linkIdentity);
    expect(await link.request('status', { epoch: epoch - 1 })).toMatchObject({ code: 'request.conflict', args: { what: 'epoch' } });
    expect(await link.request('journalRead', { epoch: epoch - 1, after: 0, limit: 1 })).toMatchObject({ code: 'request.conflict' });
    expect(await link.request('status', { epoch })).toMatchObject({ result: { gatewayId: fleet.gateway('b1').id } });
    link.close();
  });

  test('one that stood still finds its leases gone: the other has them, under a higher epoch, and nothing is written twice', async () => {
    // All leases with one: the other is stopped in good order, gives its leases back, and starts again.
    await fleet.service(1).process.stop();
    const { after: before } = await takenOver(await held(), Date.now(), (holder) => holder?.includes(`/${fleet.service(0).process.pid}/`) === true);
    await fleet.service(1).process.start();
    await fleet.useService(1);
    const { offer, session } = await connect(person(1), inA);
    const stoppedMs = Date.now();
    fleet.service(0).process.hang();
    const { after, tookMs } = await takenOver(before, stoppedMs);
    expect(tookMs).toBeLessThan(TAKEN_OVER_LIMIT_MS);
    fleet.service(0).process.goOn();
    session.end();
    await fleet.connectionIn(offer.connectionId, 'ended');
    // Long enough for the one that came back to have tried.
    await delay(3_000);
    expect((await held()).map(({ name, holder: who, epoch }) => ({ name, who, epoch }))).toEqual(after.map(({ name, holder: who, epoch }) => ({ name, who, epoch })));
    for (const { name, epoch } of after) expect(epoch).toBe((before.find((one) => one.name === name)?.epoch ?? 0) + 1);
    expect(await fleet.finals(offer.reference)).toHaveLength(1);
    expect(await fleet.audit({ kind: 'audit.trail-incomplete' })).toEqual([]);
  }, 240_000);

  test('one of two is killed under load: every gateway is synced by the other within 15 s, and nothing is lost or doubled', async () => {
    const victim = await holderPlace();
    const survivor = 1 - victim;
    await fleet.useService(survivor);
    const crowd = await makeCrowd(fleet, 12, 'admin', (place) => fleet.service(place % 2).url);
    const sessions = [await connect(person(survivor), inA), await connect(person(victim), inA), await connect(person(victim), inA)];
    const acknowledged: string[] = [];
    let asking = true;
    const load = Promise.all(crowd.map((client) => askOnAndOn(client, inA, () => asking, acknowledged)));
    await fleet.until(async () => (acknowledged.length > 40 ? true : undefined), 'a load');
    const before = await held();
    const killedMs = Date.now();
    await fleet.service(victim).process.kill();
    const [first, ...rest] = sessions;
    for (const { session } of sessions) await echoes(session);
    first?.session.end();
    const { tookMs } = await takenOver(before, killedMs);
    expect(tookMs).toBeLessThan(TAKEN_OVER_LIMIT_MS);
    asking = false;
    await load;
    for (const { session } of rest) {
      await echoes(session);
      session.end();
    }
    for (const { offer } of sessions) {
      await fleet.connectionIn(offer.connectionId, 'ended');
      expect(await fleet.finals(offer.reference)).toHaveLength(1);
      await fleet.until(async () => ((await fleet.recordings(offer.reference)).every(({ stored }) => stored) ? true : undefined), 'the recording');
      expect(await fleet.recordings(offer.reference)).toHaveLength(1);
    }
    // Every ask comes to one end: a ticket's half minute after the last.
    await fleet.until(async () => ((await fleet.query('SELECT FROM connections WHERE final_at IS NULL')).length === 0 ? true : undefined), 'every end', 120_000);
    const doubled = await fleet.query(
      `SELECT reference, count(*) FILTER (WHERE kind = ANY($1)) AS finals, count(*) FILTER (WHERE kind = 'connection.granted') AS granted, count(*) FILTER (WHERE kind = 'connection.connected') AS connected
       FROM audit_entries WHERE reference IS NOT NULL AND kind LIKE 'connection.%' GROUP BY reference
       HAVING count(*) FILTER (WHERE kind = ANY($1)) <> 1 OR count(*) FILTER (WHERE kind = 'connection.connected') > 1`,
      [[...finalKinds]],
    );
    expect(doubled).toEqual([]);
    const written = new Set((await fleet.query(`SELECT reference FROM audit_entries WHERE kind = 'connection.granted'`)).map(({ reference }) => String(reference)));
    expect(acknowledged.filter((reference) => !written.has(reference))).toEqual([]);
    expect(await fleet.audit({ kind: 'audit.trail-incomplete' })).toEqual([]);
    const chain = await fleet.admin.call(auditRoutes.auditVerify, {});
    expect(chain).toMatchObject({ ok: true, firstBroken: null });
    await fleet.service(victim).process.start();
    expect((await person(victim).ask(inA, 'ssh')).hops).toHaveLength(1);
  }, 300_000);
});

async function askOnAndOn(client: LightClient, resourceId: ResourceId, goOn: () => boolean, acknowledged: string[]): Promise<void> {
  while (goOn()) {
    try {
      const answer = await client.ask(resourceId);
      if ('offer' in answer) acknowledged.push(answer.offer.reference);
    } catch {
      // Its instance is gone.
      await delay(200);
    }
    await delay(50);
  }
}
