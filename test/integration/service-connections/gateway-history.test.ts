import { inArray } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateway as gatewaySchema, GATEWAY_HISTORY_MAX, gatewayHistory } from '../../../shared/api/gateways.ts';
import { serviceEvent, type ServiceEvent } from '../../../shared/api/events.ts';
import { gatewayId, type GatewayId } from '../../../shared/ids.ts';
import { GatewayHistories, noteState } from '../../../src-service/gateways/gateway-history.ts';
import { gatewayHistory as historyRows } from '../../../src-service/store/schema.ts';
import { BytesAnswer, type RequestContext } from '../../../src-service/http/bound-route.ts';
import { GatewaySideWorld, strangeGatewayId } from '../../fixtures/gateway-side-world.ts';

let world: GatewaySideWorld;
let admin: RequestContext;

beforeAll(async () => {
  world = await GatewaySideWorld.start();
  admin = await world.user('admin');
});
afterAll(() => world.stop());

const historyOf = async (id: GatewayId) => gatewayHistory.parse(await world.call('gatewayHistory', { params: { gatewayId: id } }, admin));
const statesOf = async (id: GatewayId) => (await historyOf(id)).changes.map(({ state, code }) => [state, code]);

/** Follows an event stream; `next` gives the next event that is told and of which `wanted` holds, within five seconds. */
async function follow(context: RequestContext): Promise<(wanted: (event: ServiceEvent) => boolean) => Promise<ServiceEvent>> {
  const answer = await world.call('events', {}, context);
  if (!(answer instanceof BytesAnswer)) throw new Error('no stream');
  const stream = answer.body as NodeJS.ReadableStream;
  const told: ServiceEvent[] = [];
  let buffered = '';
  stream.on('data', (chunk: Buffer) => {
    buffered += chunk.toString('utf8');
    for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
      const data = buffered.slice(0, end).split('\ndata: ')[1];
      buffered = buffered.slice(end + 2);
      if (data !== undefined) told.push(serviceEvent.parse(JSON.parse(data)));
    }
  });
  return (wanted) =>
    world.until(async () => {
      const at = told.findIndex(wanted);
      return at < 0 ? undefined : told.splice(at, 1)[0];
    }, 'the event');
}

test('a gateway’s history holds each state that it changed to, in order, with the reason', async () => {
  const gateway = await world.gateway('gateway-past', admin);
  await gateway.stop();
  await world.state(gateway.id, 'unavailable');
  expect(await statesOf(gateway.id)).toEqual([['pending', 'gateway.no-key'], ['pending', null], ['available', null], ['unavailable', 'gateway.link-unreachable']]);
  await world.call('gatewayUpdate', { params: { gatewayId: gateway.id }, body: { disabled: true } }, admin);
  expect((await statesOf(gateway.id)).at(-1)).toEqual(['disabled', null]);
  await expect(historyOf(strangeGatewayId())).rejects.toMatchObject({ code: 'request.not-found' });
});

test('rule 26, S10: an administrator hears of a changed gateway as it changes, a user hears of segments only', async () => {
  const [toAdmin, toUser] = [await follow(admin), await follow(await world.user('user'))];
  const gateway = await world.gateway('gateway-office1', admin);
  const known = await toAdmin((event) => event.kind === 'gateways' && event.changed.some(({ id, status }) => id === gateway.id && status.state === 'available'));
  expect(known.kind === 'gateways' && gatewaySchema.parse(known.changed.find(({ id }) => id === gateway.id)).segment).toBe('gateway-office1');
  await toUser((event) => event.kind === 'segments' && event.items.some(({ segment, available }) => segment === 'gateway-office1' && available === 1));
  await gateway.stop();
  await world.call('gatewayRemove', { params: { gatewayId: gateway.id } }, admin);
  await toAdmin((event) => event.kind === 'gateways' && event.removed.includes(gateway.id));
  const wrong = toUser((event) => event.kind === 'gateways').then(() => 'told', () => 'never');
  expect(await Promise.race([wrong, new Promise((resolve) => setTimeout(() => resolve('not yet'), 300))])).toBe('not yet');
  expect(gatewayId.safeParse(gateway.id).success).toBe(true);
});

test('the history is bounded in time and number: older states are told as what held before, then removed', async () => {
  const gateway = await world.gateway('gateway-bounded', admin);
  const histories = new GatewayHistories(world.store.database, world.clock);
  const now = world.clock.now().getTime();
  const note = (hoursAgo: number, state: 'available' | 'unavailable') => noteState(world.store.database, gateway.id, { at: new Date(now - hoursAgo * 3_600_000), state, code: null });
  await note(60, 'unavailable');
  await note(30, 'available');
  const before = await histories.read(gateway.id);
  expect(before.before).toMatchObject({ state: 'available' });
  expect(Date.parse(before.until) - Date.parse(before.from)).toBe(24 * 3_600_000);
  await histories.removeOld();
  expect((await histories.read(gateway.id)).before).toMatchObject({ state: 'available' });
  world.clock.advance(25 * 3_600_000);
  await histories.removeOld();
  expect(await histories.read(gateway.id)).toMatchObject({ before: { state: 'available' } });
  for (let count = 0; count < GATEWAY_HISTORY_MAX + 5; count += 1) await noteState(world.store.database, gateway.id, { at: world.clock.now(), state: count % 2 ? 'available' : 'unavailable', code: null });
  const full = await histories.read(gateway.id);
  expect(full.changes).toHaveLength(GATEWAY_HISTORY_MAX);
  expect(full).toMatchObject({ complete: false });
});

test('of each gateway its own newest changes are told: one that comes and goes all day takes no place from another', async () => {
  const stopped = async (segment: string): Promise<GatewayId> => {
    const gateway = await world.gateway(segment, admin);
    await gateway.stop();
    await world.state(gateway.id, 'unavailable');
    return gateway.id;
  };
  const [restless, calm] = [await stopped('gateway-restless'), await stopped('gateway-calm')];
  await world.store.database.delete(historyRows).where(inArray(historyRows.gatewayId, [restless, calm]));
  const now = world.clock.now().getTime();
  const row = (id: GatewayId, secondsAgo: number) => ({ gatewayId: id, at: new Date(now - secondsAgo * 1000), state: secondsAgo % 2 === 0 ? 'available' as const : 'unavailable' as const, code: null });
  await world.store.database.insert(historyRows).values([...Array.from({ length: 1200 }, (_none, count) => row(restless, count)), ...Array.from({ length: 12 }, (_none, count) => row(calm, 2000 + count)), row(calm, 25 * 3600)]);
  const newest = await new GatewayHistories(world.store.database, world.clock).newest([restless, calm], 10);
  const secondsAgo = (id: GatewayId) => newest.get(id)?.map(({ at }) => (now - Date.parse(at)) / 1000);
  expect(secondsAgo(restless)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(secondsAgo(calm)).toEqual([2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009]);
  expect(newest.get(calm)?.[0]).toEqual({ at: new Date(now - 2_000_000).toISOString(), state: 'available', code: null });
});
