import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ResourceDiagnosis, diagnosticsRoutes, resourceDiagnosis } from '../../../shared/api/diagnostics.ts';
import { accessRuleId, type ResourceId } from '../../../shared/ids.ts';
import { noteState } from '../../../src-service/gateways/gateway-history.ts';
import type { RequestContext } from '../../../src-service/http/bound-route.ts';
import { allowed, GatewaySideWorld } from '../../fixtures/gateway-side-world.ts';

// What the service tells a client's diagnostics, on a real store with scripted gateways at real links.

type ScriptedGateway = Awaited<ReturnType<GatewaySideWorld['gateway']>>;

let world: GatewaySideWorld;
let admin: RequestContext;
let user: RequestContext;
let office: ScriptedGateway;
let entry: ScriptedGateway;

beforeAll(async () => {
  world = await GatewaySideWorld.start();
  [admin, user] = [await world.user('admin'), await world.user('user')];
  office = await world.gateway('gateway-office1', admin);
  entry = await world.gateway('gateway-entry', admin);
});
afterAll(() => world.stop());

const gatewaysOf = async (context: RequestContext) => diagnosticsRoutes.diagnosedGateways.response.parse(await world.call('diagnosedGateways', {}, context)).items;
const diagnose = async (resource: ResourceId, context = user): Promise<ResourceDiagnosis> => resourceDiagnosis.parse(await world.call('resourceDiagnosis', { params: { resourceId: resource }, body: { protocol: 'ssh' } }, context));

describe('rule 26: the gateways of a client’s diagnostics', () => {
  test('a user is told those of his resources’ segments, with where to reach them and their pins; who manages gateways is told all', async () => {
    expect(await gatewaysOf(user)).toEqual([expect.objectContaining({ id: office.id, place: { host: '127.0.0.1', linkPort: office.port, proxyPorts: office.proxyPorts, over443: true }, by: null, pins: [office.tls.pin], state: 'available', code: null })]);
    expect((await gatewaysOf(admin)).map(({ id }) => id).toSorted()).toEqual([office.id, entry.id].toSorted());
  });

  test('rule 8: with Tunnel the default gateway alone has a place, the others are by way of it', async () => {
    await world.call('tunnelUpdate', { body: { enabled: true, default: { kind: 'gateway', gatewayId: entry.id } } }, admin);
    const told = await gatewaysOf(user);
    expect(told.map(({ id, place, by }) => ({ id, placed: place !== null, by }))).toEqual([{ id: entry.id, placed: true, by: null }, { id: office.id, placed: false, by: entry.name }]);
    await world.call('tunnelUpdate', { body: { enabled: false, default: null } }, admin);
    const vendor = await world.user('vendor', { expiresAt: new Date(Date.now() + 3_600_000) });
    expect((await gatewaysOf(vendor)).map(({ place }) => place)).toEqual([null]);
  });
});

describe('S40, S43: what a connection would come to', () => {
  test('the choice and the stages as far as the target, through a gateway of the choice and without a grant', async () => {
    const resource = await world.resource(['gateway-office1'], { identities: [`SHA256:${'a'.repeat(43)}`] });
    const { choice, test: tried, identitiesKnown } = await diagnose(resource);
    expect(choice).toMatchObject({ segments: ['gateway-office1'], tunnel: false, code: null, gateways: [{ id: office.id, usable: true, state: 'available' }] });
    expect(tried?.stages.map(({ stage, ok }) => `${stage} ${ok}`)).toEqual(['choice true', 'grant true', 'resolve true', 'tcp true']);
    expect([tried?.identity?.expected, identitiesKnown]).toEqual([true, 1]);
    expect(office.grants).toEqual([]);
    expect((await world.auditOfKind('resource.connection-tested')).at(-1)).toMatchObject({ resourceId: resource, ok: true });
  });

  test.each([
    ['a tag that names no segment', ['gateway-nowhere'], 'gateway.segment-unknown'],
    ['a resource without a credential', ['gateway-office1'], 'resource.no-credential'],
  ])('%s', async (_what, tags, code) => {
    expect((await diagnose(await world.resource(tags, { credential: false }))).choice.code).toBe(code);
  });

  test('a segment whose gateway drains: none is available, and the gateway says why', async () => {
    await world.call('gatewayUpdate', { params: { gatewayId: office.id }, body: { draining: true } }, admin);
    await world.state(office.id, 'draining');
    const { choice, test: tried } = await diagnose(await world.resource(['gateway-office1']));
    expect(choice).toMatchObject({ code: 'gateway.none-available', args: { segment: 'gateway-office1' }, gateways: [{ id: office.id, usable: false, state: 'draining' }] });
    expect(tried).toBeNull();
    await world.call('gatewayUpdate', { params: { gatewayId: office.id }, body: { draining: false } }, admin);
    await world.state(office.id, 'available');
    // S10: what it was before is told with its state, to the user as well.
    const [told] = await gatewaysOf(user);
    expect(told?.changes.slice(0, 2)).toMatchObject([{ state: 'available', code: null }, { state: 'draining' }]);
    expect(told?.changes.map(({ at }) => at)).toEqual(told?.changes.map(({ at }) => at).toSorted().toReversed());
  });

  test('of changes of a gateway that comes and goes the newest ten are told, of the last day, and none of another gateway', async () => {
    const at = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
    const note = (gatewayId: typeof office.id, minutes: number, code: string | null) => noteState(world.store.database, gatewayId, { at: at(minutes), state: code === null ? 'available' : 'unavailable', code });
    await note(office.id, 25 * 60, 'gateway.link-failed');
    for (let one = 0; one < 20; one += 1) await note(office.id, 600 - one, one % 2 === 0 ? 'gateway.link-time-out' : null);
    await note(entry.id, 1, 'gateway.link-refused');
    await note(entry.id, 25 * 60, 'gateway.link-failed');
    const changes = (await gatewaysOf(user))[0]?.changes ?? [];
    expect(changes).toHaveLength(10);
    expect(JSON.stringify(changes)).not.toMatch(/link-failed|link-refused/);
    const others = (await gatewaysOf(admin)).find(({ id }) => id === entry.id)?.changes ?? [];
    expect(others.map(({ code }) => code)).toContain('gateway.link-refused');
    expect(others.map(({ code }) => code)).not.toContain('gateway.link-failed');
  });

  test('rules that do not let the user in now are told as such; a resource that no rule gives is as if it were not there', async () => {
    const resource = await world.resource(['gateway-office1']);
    world.decide = () => ({ allowed: false, code: 'access.outside-hours', args: { from: '08:00' } });
    expect((await diagnose(resource)).choice).toMatchObject({ code: 'access.outside-hours', gateways: [] });
    world.decide = () => ({ allowed: false, code: 'access.denied' });
    await expect(diagnose(resource)).rejects.toMatchObject({ code: 'access.denied' });
    await expect(world.call('resourceDiagnosis', { params: { resourceId: randomUUID() }, body: { protocol: 'ssh' } }, user)).rejects.toMatchObject({ code: 'access.denied' });
    world.decide = () => allowed();
  });

  test('a rule that asks for Tunnel without a default gateway', async () => {
    world.decide = () => allowed({ rule: { id: accessRuleId.parse(randomUUID()), name: 'through the default gateway', tunnel: 'always' } });
    expect((await diagnose(await world.resource(['gateway-office1']))).choice).toMatchObject({ tunnel: true, code: 'tunnel.no-default-gateway' });
    world.decide = () => allowed();
  });
});
