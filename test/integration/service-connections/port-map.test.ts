import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateway as gatewaySchema } from '../../../shared/api/gateways.ts';
import { gatewayConfiguration, portMap, signedGatewayConfiguration } from '../../../shared/gateway-configuration.ts';
import { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import type { RequestContext } from '../../../src-service/http/bound-route.ts';
import { allowed, GatewaySideWorld } from '../../fixtures/gateway-side-world.ts';
import type { LinkGateway } from '../../fixtures/link-gateway.ts';

let world: GatewaySideWorld;
let admin: RequestContext;
let user: RequestContext;

beforeAll(async () => {
  world = await GatewaySideWorld.start();
  [admin, user] = [await world.user('admin'), await world.user('user')];
});
afterAll(() => world.stop());

/** A gateway that tells the map it goes by, and takes another when it is sent one. */
async function mapped(segment: string): Promise<Awaited<ReturnType<GatewaySideWorld['gateway']>>> {
  const gateway = await world.gateway(segment, admin);
  const row = await world.state(gateway.id, 'available');
  obey(gateway, { portPreference: row.portPreference, over443: true });
  return gateway;
}

function obey(gateway: LinkGateway, map: unknown): void {
  const current = portMap.parse(map);
  gateway.statusChanges = {
    portMap: current,
    ports: gateway.proxyPorts.map((port) => ({ port, open: true, protocols: gateway.protocols.filter((one) => current.portPreference[one].flat().includes(port)) })),
  };
}

describe('S75: which protocol a port carries is configuration', () => {
  test('a change reaches the gateway over the link within the sync that it begins, and clients from then on', async () => {
    const gateway = await mapped('gateway-map');
    const [first = 0, second = 0, third = 0] = gateway.proxyPorts;
    const portPreference = { ssh: [[third], [first, second]], sftp: [[second]], rdp: [[first]], vnc: [[first]] };
    const sent = gateway.nextAsked('setPortMap');
    await world.call('gatewayUpdate', { params: { gatewayId: gateway.id }, body: { portPreference } }, admin);
    expect(await sent).toMatchObject({ portPreference, over443: true });
    obey(gateway, { portPreference, over443: true });
    await world.until(async () => ((await world.state(gateway.id, 'available')).ports.find(({ port }) => port === first)?.protocols.includes('sftp') === false ? true : undefined), 'the gateway’s new ports');
    const offer = await world.ask(await world.resource(['gateway-map']), user);
    expect(offer.hops[0]?.ports.map((equals) => equals.toSorted())).toEqual([[third], [first, second]]);
    const row = await world.state(gateway.id, 'available');
    expect((await world.auditOfKind('gateway.changed')).find((facts) => facts['gateway'] === gateway.name)).toMatchObject({ portPreference: `ssh=${third}/${first},${second} sftp=${second} vnc=${first} rdp=${first}`, previousOver443: true });
    expect(row.portPreference).toEqual(portPreference);
    const file = signedGatewayConfiguration.parse(await world.call('gatewayConfigurationFile', { params: { gatewayId: gateway.id } }, admin));
    expect(gatewayConfiguration.parse(JSON.parse(file.configuration)).portPreference).toEqual(portPreference);
  });

  test('a gateway that does not take its map now is sent it again, and one that goes by it is left alone', async () => {
    const gateway = await mapped('gateway-again');
    const asked = () => gateway.asked.filter(({ method }) => method === 'setPortMap').length;
    gateway.script.set('setPortMap', [{ kind: 'error', code: 'internal' }]);
    const failed = gateway.nextAsked('setPortMap');
    await world.call('gatewayUpdate', { params: { gatewayId: gateway.id }, body: { over443: false } }, admin);
    await failed;
    const again = gateway.nextAsked('setPortMap');
    await world.syncNow(gateway.id, admin);
    const map = Object(await again);
    expect(map).toMatchObject({ over443: false });
    obey(gateway, map);
    const before = asked();
    const status = gateway.nextAsked('status');
    await world.syncNow(gateway.id, admin);
    await status;
    await world.syncNow(gateway.id, admin);
    await gateway.nextAsked('status');
    expect(asked()).toBe(before);
  });

  test('a port that the gateway does not have, and one named twice, are refused by field', async () => {
    const gateway = await mapped('gateway-wrong');
    const { portPreference } = gatewaySchema.parse(await world.call('gatewayUpdate', { params: { gatewayId: gateway.id }, body: {} }, admin));
    const [first = 0] = gateway.proxyPorts;
    for (const ssh of [[[22]], [[first], [first]], [[first, first]]]) {
      await expect(world.call('gatewayUpdate', { params: { gatewayId: gateway.id }, body: { portPreference: { ...portPreference, ssh } } }, admin)).rejects.toMatchObject({ code: 'request.invalid', args: { field: 'portPreference.ssh' } });
    }
  });
});

describe('sessions over the link port (443)', () => {
  const fallback = async (segment: string) => (await world.ask(await world.resource([segment]), user)).hops[0]?.fallbackPort;

  test('S60, S65: the offer names the port and the grant allows it, where rule and gateway both do', async () => {
    const gateway = await mapped('gateway-both');
    expect(await fallback('gateway-both')).toBe(gateway.port);
    expect(gateway.grants.at(-1)?.over443).toBe(true);

    world.decide = () => allowed({ policy: sessionPolicy.parse({ over443: false }) });
    expect(await fallback('gateway-both')).toBeNull();
    expect(gateway.grants.at(-1)?.over443).toBe(false);
    world.decide = () => allowed();

    await world.call('gatewayUpdate', { params: { gatewayId: gateway.id }, body: { over443: false } }, admin);
    expect(await fallback('gateway-both')).toBeNull();
    expect(gateway.grants.at(-1)?.over443).toBe(false);
  });
});
