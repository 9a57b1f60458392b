import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditRoutes } from '../../../shared/api/audit.ts';
import { connectionsRoutes } from '../../../shared/api/connections.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import { serviceKeysRoutes } from '../../../shared/api/service-keys.ts';
import type { ResourceId } from '../../../shared/ids.ts';
import { connect, echoes } from '../../fixtures/connecting.ts';
import { EventRecorder } from '../../fixtures/event-recorder.ts';
import { Fleet, finalKinds } from '../../fixtures/fleet.ts';
import { TestLinkClient } from '../../fixtures/gateway-link-client.ts';
import { HeadlessClient } from '../../fixtures/headless-client.ts';
import type { LightClient } from '../../fixtures/light-client.ts';
import { PinningClient, shownPin } from '../../fixtures/pinning-client.ts';
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
    const delaysMs: number[] = [];
    for (const [draining, available] of [[true, 0], [false, 1], [true, 0], [false, 1], [true, 0], [false, 1]] as const) {
      const changedMs = Date.now();
      await fleet.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: fleet.gateway('c1').id }, body: { draining } });
      await fleet.until(async () => (recorder.available('gateway-c') === available ? true : undefined), `told of ${available}`);
      const kind = draining ? 'gateway.changed' : 'gateway.state-changed';
      const knownMs = (await fleet.audit({ kind })).filter(({ facts, at }) => facts['gateway'] === 'c1' && Date.parse(at) >= changedMs - 1).map(({ at }) => Date.parse(at))[0] ?? Number.NaN;
      const toldMs = recorder.segments.find(({ atMs, items }) => atMs >= changedMs && items.some((item) => item.segment === 'gateway-c' && item.available === available))?.atMs ?? Number.NaN;
      delaysMs.push(toldMs - knownMs);
    }
    // What else the machine does can only add to it: within a second where it let it, and never what a sync takes without the notice.
    expect(Math.min(...delaysMs)).toBeLessThan(1_000);
    expect(Math.max(...delaysMs)).toBeLessThan(10_000);
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

  test('rule 15: the service\'s key rotates under sessions, at both instances; who was cut off is listed and catches up; then the old key is refused, and a client that pins it goes on unasked', async () => {
    const stolen = { link: fleet.linkIdentity, key: readFileSync(join(fleet.folder, 'service-0', 'keys', 'tls.pem'), 'utf8'), cert: readFileSync(join(fleet.folder, 'service-0', 'keys', 'tls.crt'), 'utf8') };
    const oldPin = fleet.service(0).pin;
    await fleet.useService(0);
    const client = new PinningClient(fleet, join(fleet.folder, 'profiles.json'));
    await client.start(oldPin);
    const sessions = [await connect(person(0), inA), await connect(person(1), inA)];
    // A connection that is opened by a key, whoever holds it.
    const answers = async (name: string, key: typeof stolen.link): Promise<boolean> => {
      let link: TestLinkClient | undefined;
      try {
        link = await TestLinkClient.open(fleet.gateway(name).linkPort, key);
        await link.request('auditHead', {});
        return true;
      } catch {
        return false;
      } finally {
        link?.close();
      }
    };
    const told = async (): Promise<Record<string, boolean>> => {
      const { gateways } = await fleet.admin.call(serviceKeysRoutes.serviceKeysRead, {});
      expect(gateways.map(({ name }) => name)).toEqual(NAMES);
      return Object.fromEntries(gateways.map(({ name, told: knows }) => [name, knows]));
    };

    await fleet.gateway('b1').process.stop();
    const announced = await fleet.admin.call(serviceKeysRoutes.serviceKeyRotate, {});
    const newPin = announced.other?.certificate ?? '';
    expect(announced).toMatchObject({ stage: 'announced', present: { certificate: oldPin } });
    await fleet.until(async () => (Object.entries(await told()).every(([name, knows]) => knows === (name !== 'b1')) ? true : undefined), 'all told but the one that is cut off');
    await fleet.until(async () => (client.pins.length === 2 ? true : undefined), 'the client told');
    expect(client.pins).toEqual([oldPin, newPin]);
    // Begun again it is the same rotation, at the other instance too.
    await fleet.useService(1);
    expect(await fleet.admin.call(serviceKeysRoutes.serviceKeyRotate, {})).toMatchObject({ stage: 'announced', other: announced.other });
    await expect(fleet.admin.call(serviceKeysRoutes.serviceKeyFinish, { body: { force: true } })).rejects.toMatchObject({ code: 'service.key-step' });

    expect(await fleet.admin.call(serviceKeysRoutes.serviceKeySwitch, {})).toMatchObject({ stage: 'switched', present: announced.other, other: announced.present });
    // Whoever has the old certificate's key is still taken for the service; that ends with the rotation.
    expect(await client.refusalOf(stolen)).toBe(null);
    for (const { url } of fleet.services) await fleet.until(async () => ((await shownPin(url)) === newPin ? true : undefined), `the new key at ${url}`);
    for (const { session } of sessions) await echoes(session);
    await client.signInAgain();
    await fleet.useService(0, newPin);
    await expect(fleet.admin.call(serviceKeysRoutes.serviceKeyFinish, { body: { force: false } })).rejects.toMatchObject({ code: 'service.key-not-acknowledged' });
    // An instance that starts now goes by the new key, though its own files were the old ones.
    await fleet.service(1).process.stop();
    for (const name of ['tls', 'link']) cpSync(join(fleet.folder, 'service-0', 'keys', `${name}.crt`), join(fleet.folder, 'service-1', 'keys', `${name}.crt`));
    writeFileSync(join(fleet.folder, 'service-1', 'keys', 'tls.pem'), stolen.key);
    writeFileSync(join(fleet.folder, 'service-1', 'keys', 'link.pem'), stolen.link.keyPem);
    expect(await fleet.service(1).process.start()).toMatchObject({ pin: newPin });
    // The one that was cut off knows the old key alone: it is met by that, and hears of the new one.
    await fleet.gateway('b1').process.start();
    await fleet.until(async () => ((await told())['b1'] === true ? true : undefined), 'the one that was cut off told');
    const newLink = fleet.linkIdentity;
    for (const name of NAMES) expect([await answers(name, stolen.link), await answers(name, newLink)]).toEqual([true, true]);

    const finished = await fleet.admin.call(serviceKeysRoutes.serviceKeyFinish, { body: { force: false } });
    expect(finished).toMatchObject({ stage: 'none', present: announced.other, other: null });
    await fleet.until(async () => (Object.values(await told()).every(Boolean) ? true : undefined), 'the old key refused everywhere');
    for (const name of NAMES) expect([await answers(name, stolen.link), await answers(name, newLink)]).toEqual([false, true]);
    const finishedMs = Date.parse(finished.finishedAt ?? '');
    await fleet.until(async () => ((await held()).every(({ confirmedMs }) => confirmedMs > finishedMs) ? true : undefined), 'every gateway synced by the new key');
    for (const name of NAMES) await fleet.untilState(name, ['available']);
    for (const { session } of sessions) {
      await echoes(session);
      session.end();
    }
    await fleet.until(async () => (client.pins.length === 1 ? true : undefined), 'the client told of the end');
    expect(client.pins).toEqual([newPin]);
    await client.signInAgain();
    expect(await client.refusalOf(stolen)).toBe('service.pin-mismatch');
    await expect(new HeadlessClient({ url: fleet.service(0).url, pin: oldPin }).signIn('nobody', 'nothing')).rejects.toMatchObject({ code: 'service.pin-mismatch' });
    await client.stop();
    const prints = { before: announced.present, after: announced.other };
    const change = { 'before.certificateFingerprint': prints.before.certificate, 'after.certificateFingerprint': prints.after?.certificate, 'before.linkFingerprint': prints.before.link, 'after.linkFingerprint': prints.after?.link };
    for (const [kind, facts] of [['service.key-announced', { certificateFingerprint: oldPin, 'next.certificateFingerprint': newPin }], ['service.key-switched', change], ['service.key-finished', { ...change, forced: false, behind: 0 }]] as const) {
      expect(await fleet.audit({ kind })).toMatchObject([{ actor: { kind: 'user' }, facts }]);
    }
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
