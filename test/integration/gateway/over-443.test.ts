import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { gatewayStatusReport } from '../../../shared/link/messages.ts';
import { frameType } from '../../../shared/proxy-stream/frames.ts';
import { bareConnection, type HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { TestLinkClient } from '../../fixtures/gateway-link-client.ts';
import { slowedClock } from '../../fixtures/manual-clock.ts';
import { TestGateway, type TestGatewayOptions } from '../../fixtures/running-gateway.ts';
import { signedConfigurationText } from '../../fixtures/signed-gateway-configuration.ts';

let gateway: TestGateway;
const start = async (options: TestGatewayOptions = {}): Promise<TestGateway> => (gateway = await TestGateway.start(options));
afterEach(() => gateway.stop());

const over443 = (): Promise<HostileProxyClient> => gateway.client(gateway.clientKey, { port: gateway.running.linkPort });

describe('sessions over the link port (443)', () => {
  test('S60, S62: a grant that allows it runs over the link port, by the same protocol, beside link and ping', async () => {
    await start();
    const { ticket, grant } = await gateway.grant({ over443: true });
    const client = await over443();
    client.hello(ticket);
    expect(await client.outcome()).toBe('accepted');
    client.openStream().send(Buffer.from('over 443'));
    expect((await client.bytes(8)).toString()).toBe('over 443');
    expect(gatewayStatusReport.parse(await gateway.link.ask('status', { epoch: 0 })).sessions).toBe(1);
    client.send(frameType.close, { code: 'session.closed-by-user' });
    expect((await gateway.finalEntry(grant)).kind).toBe('ended');
  });

  test('a grant that does not allow it is refused there by name, its ticket stays for the proxy ports, and the journal says why', async () => {
    await start();
    const { ticket } = await gateway.grant();
    const refused = await over443();
    refused.hello(ticket);
    expect(await refused.outcome()).toBe('session.not-allowed');
    const taken = await gateway.client();
    taken.hello(ticket);
    expect(await taken.outcome()).toBe('accepted');
    await gateway.journalUntil((events) => events.some(({ kind, facts }) => kind === 'ticket-refused' && facts['reason'] === 'not-over-443' && facts['port'] === gateway.running.linkPort));
  });

  test('B2: a wrong ticket, and one from another key, get the one answer of the proxy ports', async () => {
    await start();
    const { ticket } = await gateway.grant();
    const unknown = await over443();
    unknown.hello('x'.repeat(43));
    expect(await unknown.outcome()).toBe('ticket.refused');
    const stranger = await gateway.client(gateway.serviceKey, { port: gateway.running.linkPort });
    stranger.hello(ticket);
    expect(await stranger.outcome()).toBe('ticket.refused');
  });

  test('switched off, the link port does not speak the protocol at all; the service switches it over the link, at once and for good', async () => {
    await start({ configuration: { over443: false } });
    await expect(over443()).rejects.toThrow(/no application protocol/);
    await gateway.link.ask('setPortMap', { epoch: 0, portPreference: gateway.configuration.portPreference, over443: true });
    const { ticket } = await gateway.grant({ over443: true });
    const client = await over443();
    client.hello(ticket);
    expect(await client.outcome()).toBe('accepted');
    client.destroy();

    await gateway.running.stop();
    await gateway.startAgain();
    (await over443()).destroy();
    // A newer configuration file is the newer word.
    await gateway.running.stop();
    await writeFile(join(gateway.folder, 'configuration.json'), signedConfigurationText(gateway.service, { ...gateway.configuration, issuedAt: new Date(Date.now() + 1000).toISOString() }));
    await gateway.startAgain();
    await expect(over443()).rejects.toThrow(/no application protocol/);
  });
});

describe('S75: the map of ports', () => {
  test('is changed over the link: in force at once, told in status and ping, kept over a restart', async () => {
    await start();
    const [first = 0, second = 0, third = 0] = gateway.running.proxyPorts;
    const only = { ssh: [[second]], sftp: [[second]], rdp: [[first]], vnc: [[third]] };
    await gateway.link.ask('setPortMap', { epoch: 0, portPreference: only, over443: true });
    const { ticket } = await gateway.grant();
    const wrong = await gateway.client(gateway.clientKey, { port: first });
    wrong.hello(ticket);
    expect(await wrong.outcome()).toBe('gateway.refused');
    const right = await gateway.client(gateway.clientKey, { port: second });
    right.hello(ticket);
    expect(await right.outcome()).toBe('accepted');
    right.destroy();
    const told = async () => gatewayStatusReport.parse(await gateway.link.ask('status', { epoch: 0 }));
    const carrying = [{ port: first, protocols: [] }, { port: second, protocols: ['ssh', 'sftp'] }, { port: third, protocols: [] }];
    expect((await told()).ports).toMatchObject(carrying);
    expect((await told()).portMap).toEqual({ portPreference: only, over443: true });
    await gateway.running.stop();
    await gateway.startAgain();
    expect((await told()).ports).toMatchObject(carrying);
    expect(JSON.parse(await readFile(join(gateway.folder, 'port-map.json'), 'utf8'))).toMatchObject({ map: { portPreference: only } });
  });

  test('a map with a port that is none of its own is refused, and so is one of an old lease', async () => {
    await start();
    const { portPreference } = gateway.configuration;
    expect(await gateway.link.request('setPortMap', { epoch: 0, portPreference: { ...portPreference, ssh: [[gateway.running.linkPort]] }, over443: true })).toMatchObject({ code: 'request.invalid', args: { field: 'portPreference' } });
    expect(await gateway.link.request('setPortMap', { epoch: 0, portPreference: { ...portPreference, ssh: [] }, over443: true })).toMatchObject({ code: 'request.invalid' });
    await gateway.link.ask('status', { epoch: 7 });
    expect(await gateway.link.request('setPortMap', { epoch: 6, portPreference, over443: true })).toMatchObject({ code: 'request.conflict' });
  });

  test('a damaged file of the map costs nothing but the change', async () => {
    await start();
    await gateway.running.stop();
    await writeFile(join(gateway.folder, 'port-map.json'), '{"map":');
    await gateway.startAgain();
    expect(gatewayStatusReport.parse(await gateway.link.ask('status', { epoch: 0 })).portMap).toEqual({ portPreference: gateway.configuration.portPreference, over443: true });
  });
});

describe('B5: clients on the link port do not keep the service out', () => {
  const places = { unauthenticatedPerAddress: 8, unauthenticatedInAll: 40 };

  test('from the service’s own address, clients that say nothing fill their places and none of the service’s', async () => {
    // Who says nothing keeps the place for five seconds, which a busy machine may take to fill them all: by this clock it is a minute and more.
    await start({ settings: places, clock: slowedClock(20) });
    const idle = await Promise.allSettled(Array.from({ length: 30 }, () => over443()));
    // They share the bound of the proxy ports: eight of an address, there and here together.
    await expect.poll(() => idle.filter((one) => one.status === 'fulfilled' && !one.value.socket.destroyed).length).toBe(8);
    await expect(gateway.client().then((client) => client.closed)).rejects.toThrow(/closed|disconnected|ECONNRESET/);
    for (let opened = 0; opened < 20; opened += 1) {
      const link = await gateway.openLink();
      expect(await link.ask('status', { epoch: 0 })).toMatchObject({ canRecord: true });
      link.close();
    }
  });

  test('connections that never speak lose their place to the service', async () => {
    await start({ settings: places });
    const silent = await Promise.all(Array.from({ length: 30 }, () => bareConnection(gateway.running.linkPort)));
    const link = await TestLinkClient.open(gateway.running.linkPort, gateway.serviceKey);
    expect(await link.ask('status', { epoch: 0 })).toMatchObject({ canRecord: true });
    link.close();
    expect(await gateway.link.ask('status', { epoch: 0 })).toMatchObject({ canRecord: true });
    for (const socket of silent) socket.destroy();
  });

  test('a flood on the proxy ports takes no place of the link port', async () => {
    await start({ settings: { unauthenticatedPerAddress: 100, unauthenticatedInAll: 10 } });
    const beginning = await bareConnection(gateway.running.linkPort);
    const port = gateway.running.proxyPorts[0] ?? 0;
    const flood = await Promise.all(Array.from({ length: 40 }, () => bareConnection(port)));
    await expect.poll(() => flood.filter(({ destroyed }) => !destroyed).length).toBe(10);
    expect(beginning.destroyed).toBe(false);
    for (const socket of [...flood, beginning]) socket.destroy();
  });
});
