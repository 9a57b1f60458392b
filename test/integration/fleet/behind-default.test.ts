import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionsRoutes } from '../../../shared/api/connections.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import { tunnelRoutes } from '../../../shared/api/tunnel.ts';
import type { ResourceId } from '../../../shared/ids.ts';
import { connect, echoes } from '../../fixtures/connecting.ts';
import { Fleet, type FleetGateway } from '../../fixtures/fleet.ts';
import type { HeadlessClient } from '../../fixtures/headless-client.ts';

/** One sync and its three tries. */
const SYNC_MS = 15_000;
const OUT_LIMIT_MS = 26_000;
/** Large enough that the cut comes in its middle, small enough for a terminal. */
const STREAM_BYTES = 4 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
/** What a page sends at once; the stream is a multiple of it. */
const KEYS_BYTES = 16 * 1024;

let fleet: Fleet;
let person: HeadlessClient;
let resource: ResourceId;

beforeAll(async () => {
  fleet = await Fleet.start({
    database: 'pglite',
    gateways: [
      { name: 'entry1', segment: 'gateway-entry' },
      { name: 'entry2', segment: 'gateway-entry' },
      { name: 'hidden', segment: 'gateway-closed', behind: ['entry1', 'entry2'] },
    ],
  });
  resource = await fleet.resource(['gateway-closed']);
  person = await fleet.person();
}, 300_000);
afterAll(() => fleet?.stop(), 60_000);

const hidden = (): FleetGateway => fleet.gateway('hidden');
const setDefault = (segment: string | null): Promise<unknown> => fleet.admin.call(tunnelRoutes.tunnelUpdate, { body: { enabled: false, default: segment === null ? null : { kind: 'segment', segment } } });
const reachedThroughDefault = (on: boolean): Promise<unknown> => fleet.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: hidden().id }, body: { reachedThroughDefault: on } });
/** Waits until the hidden gateway is unavailable for a reason. */
async function untilReason(code: string, limitMs = OUT_LIMIT_MS): Promise<{ code: string | null; detail: string; confirmedAt: string | null }> {
  let last: unknown;
  return fleet.until(async () => {
    const { status } = await fleet.shown('hidden');
    last = status;
    return status.state === 'unavailable' && status.code === code ? status : undefined;
  }, () => `hidden unavailable, ${code}; it is ${JSON.stringify(last)}`, limitMs);
}

describe('rule 8: a segment that only the default gateway reaches, with real processes', () => {
  test('without a default gateway it is unavailable and says why; with one it is synced within 15 s, and never directly', async () => {
    await untilReason('gateway.default-missing');
    await setDefault('gateway-entry');
    const { tookMs, gateway } = await fleet.untilState('hidden', ['available'], SYNC_MS + 5_000);
    expect(tookMs).toBeLessThan(SYNC_MS);
    expect(gateway).toMatchObject({ reachedThroughDefault: true, status: { code: null, ejected: false, version: expect.any(String) } });
    // The gate is real: this process is not let in, and neither was the service.
    const refusedBefore = hidden().gate?.refused ?? 0;
    expect(refusedBefore).toBe(0);
    const direct = connectTcp(hidden().linkPort, gateway.addresses.host);
    await expect(once(direct, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(hidden().gate?.refused).toBe(1);
    const syncedAt = gateway.status.confirmedAt ?? '';
    await fleet.until(async () => ((await fleet.shown('hidden')).status.confirmedAt ?? '') > syncedAt || undefined, 'the next sync', SYNC_MS + 5_000);
  });

  test('a real SSH session runs through both, with grant, audit, recording and end over the link behind', async () => {
    const { offer, session } = await connect(person, resource);
    expect(offer.hops.map(({ gatewayName }) => gatewayName)).toEqual([expect.stringMatching(/^entry[12]$/), 'hidden']);
    expect(offer.hops[1]).toMatchObject({ host: null, ports: [] });
    await echoes(session);
    await fleet.connectionIn(offer.connectionId, 'connected');
    const { confirmed } = await fleet.admin.call(connectionsRoutes.connectionTerminate, { params: { connectionId: offer.connectionId }, body: { reason: '' } });
    expect(confirmed).toBe(true);
    expect(await session.report('ended')).toMatchObject({ code: 'session.terminated' });
    await fleet.connectionIn(offer.connectionId, 'ended');
    const [recording] = await fleet.until(async () => {
      const found = await fleet.recordings(offer.reference);
      return found.length > 0 && found.every(({ stored }) => stored) ? found : undefined;
    }, 'its recording');
    expect(recording).toMatchObject({ gatewayName: 'hidden', state: 'sealed' });
    expect(await fleet.finals(offer.reference)).toEqual([['connection.ended', 'session.terminated']]);
  });

  test('Resume: the first of two gateways is killed in the middle of a stream, and the session goes on over another one that the service grants, SHA-256 equal both ways', async () => {
    const { offer, session } = await connect(person, resource);
    const first = offer.hops[0]?.gatewayName ?? '';
    const other = first === 'entry1' ? 'entry2' : 'entry1';
    const sent = randomBytes(STREAM_BYTES / 2).toString('hex');
    session.type(`stty raw -echo; echo beg""in; f=$(mktemp); head -c ${STREAM_BYTES} | tee $f; sha256sum < $f; rm $f; echo do""ne\r`);
    await session.until(({ tail }) => tail.includes('begin'));
    const begun = session.outputBytes;
    let typed = 0;
    /** Types on until so much has come back, never more than a piece ahead. */
    const streamTo = async (bytes: number): Promise<void> => {
      while (session.outputBytes - begun < bytes) {
        const wanted = Math.min(STREAM_BYTES, session.outputBytes - begun + PIECE_BYTES);
        for (; typed < wanted; typed += KEYS_BYTES) session.type(sent.slice(typed, typed + KEYS_BYTES));
        const seen = session.outputBytes;
        await session.until(({ outputBytes }) => outputBytes > seen, 30_000);
      }
    };
    await streamTo(STREAM_BYTES / 3);
    await fleet.gateway(first).process.kill();
    await streamTo(STREAM_BYTES);
    await session.until(({ tail }) => tail.includes('done'), 30_000);
    const came = session.output.toString('latin1').slice(session.text.indexOf('begin')).replace(/^begin\r?\n/, '');
    const expected = createHash('sha256').update(sent).digest('hex');
    expect(createHash('sha256').update(came.slice(0, STREAM_BYTES)).digest('hex')).toBe(expected);
    // What the target received, as it says itself.
    expect(came.slice(STREAM_BYTES)).toContain(expected);
    expect(session.firstGateways).toEqual([other]);
    expect((await fleet.audit({ reference: offer.reference })).filter(({ kind }) => kind === 'connection.first-gateway-replaced').map(({ facts }) => facts)).toMatchObject([{ 'before.firstGateway': first, 'after.firstGateway': other, gateway: 'hidden' }]);
    session.type('exit\r');
    await session.report('ended');
    await fleet.connectionIn(offer.connectionId, 'ended');
    expect((await fleet.finals(offer.reference)).map(([kind]) => kind)).toEqual(['connection.ended']);
    expect((await fleet.audit({ reference: offer.reference })).filter(({ kind, facts }) => kind === 'connection.forwarded' && facts['firstGateway'] === other)).toHaveLength(1);
    expect(await fleet.recordings(offer.reference)).toHaveLength(1);
    await fleet.gateway(first).process.start();
    await fleet.untilState(first, ['available']);
    await fleet.untilState('hidden', ['available']);
  });

  test('the connection test goes over the same way', async () => {
    const tested = await fleet.admin.call(resourcesRoutes.resourceConnectionTest, { params: { resourceId: resource }, body: { protocol: 'ssh', gatewayId: hidden().id } });
    expect(tested.stages.filter(({ ok }) => !ok)).toEqual([]);
    expect(tested.identity).toMatchObject({ expected: true });
  });

  test('taken for one that is reached directly it is unavailable, as the gate says: the way through the default gateway is what reaches it', async () => {
    await reachedThroughDefault(false);
    await fleet.untilState('hidden', ['unavailable'], OUT_LIMIT_MS);
    await reachedThroughDefault(true);
    await fleet.untilState('hidden', ['available'], SYNC_MS + 5_000);
    expect((await fleet.audit({ kind: 'gateway.changed' })).at(-1)?.facts).toMatchObject({ gateway: 'hidden', reachedThrough: 'default' });
  });

  test('S10, S12: its default gateways fall, one and then the other: the link goes over the one that is left; then it is unavailable because of them, and is back within 15 s with the first that returns', async () => {
    await fleet.gateway('entry1').process.kill();
    const killedAt = new Date().toISOString();
    await fleet.until(async () => {
      const { state, confirmedAt: at, ejected } = (await fleet.shown('hidden')).status;
      return (state === 'available' && !ejected && (at ?? '') > killedAt) || undefined;
    }, 'a sync over the other one');
    await fleet.gateway('entry2').process.kill();
    const { detail, confirmedAt } = await untilReason('gateway.default-away');
    expect(detail).toMatch(/^entry[12]$/);
    expect(Date.parse(confirmedAt ?? '')).toBeGreaterThan(0);
    expect((await fleet.audit({ kind: 'gateway.state-changed' })).findLast(({ facts }) => facts['gateway'] === 'hidden')?.facts).toMatchObject({ to: 'unavailable', code: 'gateway.default-away', detail });
    await expect(person.ask(resource, 'ssh')).rejects.toMatchObject({ code: 'gateway.none-available' });
    await fleet.gateway('entry1').process.start();
    await fleet.untilState('entry1', ['available']);
    const { tookMs } = await fleet.untilState('hidden', ['available'], SYNC_MS + 5_000);
    expect(tookMs).toBeLessThan(SYNC_MS);
    const { session } = await connect(person, resource);
    await echoes(session);
    session.end();
    await fleet.gateway('entry2').process.start();
  });

  test('where the hidden gateway itself falls, the reason is that the default gateway does not reach it', async () => {
    await hidden().process.kill();
    hidden().gate?.stop();
    expect((await untilReason('gateway.not-behind-default')).detail).toMatch(/^entry[12]$/);
    await hidden().gate?.open();
    await hidden().process.start();
    await fleet.untilState('hidden', ['available']);
  });
});
