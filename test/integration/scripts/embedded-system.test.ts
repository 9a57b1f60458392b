import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { portsFrom, type EmbeddedPorts } from '../../../scripts/embedded-system/embedded-ports.ts';
import { startEmbeddedSystem, type EmbeddedSystem } from '../../../scripts/embedded-system/embedded-system.ts';
import type { DemoDesktop } from '../../../scripts/embedded-system/demo-desktops.ts';
import { offerDesktops } from '../../../scripts/embedded-system/offered-desktops.ts';
import { ServiceClient } from '../../../scripts/embedded-system/service-client.ts';
import { StartedProcesses } from '../../../scripts/processes/started-processes.ts';
import { identify } from '../../../scripts/processes/process-identity.ts';
import { credentialsRoutes } from '../../../shared/api/credentials.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import { freePort } from '../../fixtures/free-ports.ts';
import { answers } from '../../fixtures/answering-port.ts';

let folder: string;
let owner: StartedProcesses;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-embedded-'));
});
afterEach(() => owner.endAll());
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

async function start(ports?: EmbeddedPorts): Promise<EmbeddedSystem> {
  owner = new StartedProcesses(join(folder, 'processes.json'));
  return startEmbeddedSystem({ folder: join(folder, 'data'), ports, owner });
}

async function freePorts(): Promise<EmbeddedPorts> {
  const list: number[] = [];
  while (new Set(list).size < 5) list.push(await freePort());
  const ports = portsFrom([...new Set(list)]);
  if (ports === undefined) throw new Error('no ports');
  return ports;
}

async function signedIn(system: EmbeddedSystem): Promise<ServiceClient> {
  const client = new ServiceClient(system.service);
  await client.signIn(await system.askOneTimeSignIn());
  return client;
}

/** The way to the demo target as the connection test sees it, once the gateway is available. */
async function expectWayToTarget(system: EmbeddedSystem): Promise<void> {
  const client = await signedIn(system);
  await expect.poll(async () => (await client.call(gatewaysRoutes.gatewayList, {})).items.map(({ name, status }) => [name, status.state]), { timeout: 60_000, interval: 250 }).toEqual([['office1', 'available']]);
  const { items } = await client.call(resourcesRoutes.resourceList, { query: { filter: 'tag:demo:live' } });
  const [live] = items;
  if (live === undefined) throw new Error('there is no live resource');
  expect(live.tags).toContain('gateway-office1');
  const way = await client.call(resourcesRoutes.resourceConnectionTest, { params: { resourceId: live.id }, body: { protocol: 'ssh' } });
  expect(way.stages.filter((stage) => !stage.ok)).toEqual([]);
  expect(way.identity).toMatchObject({ fingerprint: system.target.hostKeyFingerprint, expected: true });
}

/** Offers this machine's desktops, and looks the way to each up as the connection test sees it. */
async function offerAndCheck(system: EmbeddedSystem): Promise<readonly DemoDesktop[]> {
  const desktops = offerDesktops(system, join(folder, 'data'), owner);
  const offered = await desktops.ready;
  expect(offered.map(({ protocol }) => protocol)).toEqual(['vnc', 'rdp']);
  const client = await signedIn(system);
  for (const { protocol, port } of offered) {
    const { items } = await client.call(resourcesRoutes.resourceList, { query: { filter: `tag:demo:${protocol}` } });
    expect(items).toHaveLength(1);
    const [only] = items;
    if (only === undefined) throw new Error('there is no such resource');
    expect(await client.call(resourcesRoutes.resourceRead, { params: { resourceId: only.id } })).toMatchObject({ address: '127.0.0.1', protocols: [{ protocol, port }], allowSpecialAddress: true });
    const way = await client.call(resourcesRoutes.resourceConnectionTest, { params: { resourceId: only.id }, body: { protocol } });
    expect(way.stages.filter(({ ok }) => !ok)).toEqual([]);
    if (protocol === 'rdp') expect(way.identity?.expected).toBe(true);
  }
  await desktops.stop();
  for (const { port } of offered) await expect.poll(() => answers(port), { timeout: 20_000 }).toBe(false);
  return offered;
}

test('the first start provisions all, the next one repeats nothing, and new ports are brought to service and gateway', async () => {
  const ports = await freePorts();
  const first = await start(ports);
  await expectWayToTarget(first);
  const { port } = first.target;
  // Rule 13: desktops are real targets on loopback, allowed as those resources alone, with a password of each start.
  const offered = await offerAndCheck(first);
  await first.stop();
  await owner.endAll();

  const second = await start();
  expect(second.ports).toEqual(ports);
  expect(second.target.port).toBe(port);
  await expectWayToTarget(second);
  expect((await offerAndCheck(second)).map(({ password }) => password)).not.toEqual(offered.map(({ password }) => password));
  await second.stop();
  await owner.endAll();

  const other = await freePorts();
  const third = await start(other);
  expect(third.ports).toEqual(other);
  await expectWayToTarget(third);
  const client = await signedIn(third);
  expect((await client.call(credentialsRoutes.credentialList, {})).items).toHaveLength(3);
  await third.stop();
}, 600_000);

test('stopping ends service and gateway in good order', async () => {
  const system = await start();
  const pids = [system.serviceProgram, system.gatewayProgram].map(({ process: child }) => child.pid ?? 0);
  await system.stop();
  expect([system.serviceProgram, system.gatewayProgram].map(({ process: child }) => [child.exitCode, child.signalCode])).toEqual([[0, null], [0, null]]);
  expect(pids.map((pid) => identify(pid))).toEqual([undefined, undefined]);
});

test('a one-time sign-in works once', async () => {
  const system = await start();
  const secret = await system.askOneTimeSignIn();
  await new ServiceClient(system.service).signIn(secret);
  await expect(new ServiceClient(system.service).signIn(secret)).rejects.toThrow(/refused/);
  await system.stop();
});
