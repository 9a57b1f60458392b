import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessRulesRoutes } from '../../../shared/api/access-rules.ts';
import { auditRoutes, type AuditEntry } from '../../../shared/api/audit.ts';
import { connectionsRoutes, type ConnectionOffer } from '../../../shared/api/connections.ts';
import { credentialsRoutes } from '../../../shared/api/credentials.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import { recordingsRoutes } from '../../../shared/api/recordings.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import { tunnelRoutes, type TunnelFields } from '../../../shared/api/tunnel.ts';
import type { ResourceId } from '../../../shared/ids.ts';
import { SecretSearch } from '../../e2e/secret-search.ts';
import { HeadlessClient, type HeadlessSession } from '../../fixtures/headless-client.ts';
import { TestGatewayProcess, WireTap } from '../../fixtures/tunnel-gateways.ts';
import { startWholeSystem, type WholeSystem } from '../../fixtures/whole-system.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

/**
 * Tunnel over the whole way: the service, four gateways in two segments and a real OpenSSH server as real processes, the
 * client's own parts. `entry1` and `entry2` are the default gateways; `office1` (of the embedded system), `closed1` and
 * `closed2` reach targets.
 */
const PASSWORD = 'several unrelated words';
let system: WholeSystem;
let target: OpenSshTarget;
let client: HeadlessClient;
let vendor: HeadlessClient;
let entry: TestGatewayProcess;
let closed1: TestGatewayProcess;
let closed2: TestGatewayProcess;
let tagged: ResourceId;
let untagged: ResourceId;

beforeAll(async () => {
  [system, target] = await Promise.all([startWholeSystem(), startOpenSshTarget({ signOn: ['publickey', 'password'] })]);
  const { admin, folder } = system;
  [entry, closed1, closed2] = await Promise.all([
    TestGatewayProcess.start(admin, folder, 'entry1', 'gateway-entry'),
    TestGatewayProcess.start(admin, folder, 'closed1', 'gateway-closed'),
    TestGatewayProcess.start(admin, folder, 'closed2', 'gateway-closed'),
  ]);
  const credential = await admin.call(credentialsRoutes.credentialCreate, { body: { kind: 'password', name: 'tunnel-canary', userName: target.user, password: target.password ?? '' } });
  const resource = async (name: string, tags: string[]): Promise<ResourceId> =>
    (await admin.call(resourcesRoutes.resourceCreate, { body: { name, address: target.host, protocols: [{ protocol: 'ssh', port: target.port }], operatingSystem: 'linux', identities: [target.hostKeyFingerprint], tags, credentialId: credential.id, allowSpecialAddress: true } })).id;
  [tagged, untagged] = [await resource('tunnel-tagged', ['gateway-closed']), await resource('tunnel-untagged', [])];
  await admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: 'vendors', subject: { kind: 'role', role: 'vendor' }, filter: '', protocols: ['ssh'], policy: {} } });
  await system.addUser('tester', 'admin', PASSWORD);
  await system.addUser('supplier', 'vendor', PASSWORD);
  [client, vendor] = [new HeadlessClient(system.embedded.service), new HeadlessClient(system.embedded.service)];
  await client.signIn('tester', PASSWORD);
  await vendor.signIn('supplier', PASSWORD);
}, 300_000);

afterAll(async () => {
  client.close();
  vendor.close();
  await Promise.all([entry, closed1, closed2].map((gateway) => gateway.kill()));
  await system.stop();
  await target.stop();
});

const setTunnel = (fields: TunnelFields): Promise<unknown> => system.admin.call(tunnelRoutes.tunnelUpdate, { body: fields });
const throughEntry = { kind: 'gateway' as const, get gatewayId() { return entry.gateway.id; } };
const on = (): Promise<unknown> => setTunnel({ enabled: true, default: { kind: 'gateway', gatewayId: throughEntry.gatewayId } });
const off = (): Promise<unknown> => setTunnel({ enabled: false, default: { kind: 'gateway', gatewayId: throughEntry.gatewayId } });
const namesOf = (offer: ConnectionOffer): string[] => offer.hops.map(({ gatewayName }) => gatewayName);
const audit = async (reference: string): Promise<AuditEntry[]> => (await system.admin.call(auditRoutes.auditList, { query: { reference, limit: 100 } })).items;
const kinds = async (reference: string): Promise<string[]> => (await audit(reference)).map(({ kind }) => kind).toSorted();

/** Opens an offer, types a command and waits for what it prints; gives the session, still open. */
async function shell(opened: HeadlessClient, offer: ConnectionOffer): Promise<HeadlessSession> {
  const session = opened.open(offer);
  await session.report('connected', 60_000);
  session.type('echo through-$((40+2))\n');
  await session.until(({ text }) => text.includes('through-42'), 60_000);
  return session;
}

async function endOf(session: HeadlessSession): Promise<void> {
  session.type('exit\n');
  await session.report('ended', 60_000);
}

describe('Tunnel, with real gateways and a real OpenSSH server', () => {
  test('S22, S23, S26, S31: a tagged resource is reached through both gateways, of the last of which the client learns no address; transit at the first, session and recording at the last, one final entry', async () => {
    await on();
    const offer = await client.ask(tagged, 'ssh');
    expect(namesOf(offer)[0]).toBe('entry1');
    expect(['closed1', 'closed2']).toContain(namesOf(offer)[1]);
    expect(offer.hops[1]).toMatchObject({ host: null, ports: [] });
    await endOf(await shell(client, offer));
    await expect.poll(() => kinds(offer.reference), { timeout: 60_000, interval: 300 }).toEqual(expect.arrayContaining(['connection.connected', 'connection.ended', 'connection.forward-ended', 'connection.forwarded', 'connection.granted', 'recording.stored']));
    const entries = await audit(offer.reference);
    expect(entries.filter(({ kind }) => /^connection\.(?:ended|failed|not-used)$/.test(kind))).toHaveLength(1);
    const said = (kind: string): Record<string, unknown> => ({ ...entries.find((one) => one.kind === kind)?.facts });
    expect(said('connection.ended')).toMatchObject({ gateway: namesOf(offer)[1], firstGateway: 'entry1', tunnel: true });
    expect(said('connection.forwarded')).toMatchObject({ firstGateway: 'entry1', nextGateway: namesOf(offer)[1] });
    expect(Number(said('connection.forward-ended')['bytesOut'])).toBeGreaterThan(1000);
    const { items } = await system.admin.call(recordingsRoutes.recordingList, { query: { search: offer.reference, limit: 10 } });
    expect(items.map(({ gatewayName, state }) => [gatewayName, state])).toEqual([[namesOf(offer)[1], 'sealed']]);
  });

  test('S22, S41: an untagged resource is reached by the default gateway itself', async () => {
    await on();
    const offer = await client.ask(untagged, 'ssh');
    expect(namesOf(offer)).toEqual(['entry1']);
    await endOf(await shell(client, offer));
  });

  test('S33: a third-party vendor goes through the default gateway with the switch off, others do not', async () => {
    await off();
    const offer = await vendor.ask(tagged, 'ssh');
    expect(namesOf(offer)[0]).toBe('entry1');
    await endOf(await shell(vendor, offer));
    expect(namesOf(await client.ask(tagged, 'ssh'))).toHaveLength(1);
  });

  test('S11: where the last gateway dies between grant and dial, the first says so, and the other gateway of the segment is reached', async () => {
    await on();
    const offer = await client.ask(tagged, 'ssh');
    const dying = namesOf(offer)[1] === 'closed1' ? closed1 : closed2;
    await dying.kill();
    const failure = await client.open(offer).report('failed', 60_000);
    expect(failure).toMatchObject({ code: 'tunnel.next-unreachable', leg: 'L4', credentialSent: false, args: { gateway: dying.gateway.name } });
    const body = { gatewayId: dying.gateway.id, leg: 'L4' as const, code: failure.code, milliseconds: Math.round(failure.milliseconds) };
    const next = await client.service.call(connectionsRoutes.connectionRetry, { params: { connectionId: offer.connectionId }, query: {}, body });
    expect(namesOf(next)).toEqual(['entry1', dying === closed1 ? 'closed2' : 'closed1']);
    expect(next.tried).toMatchObject([{ gatewayName: dying.gateway.name, leg: 'L4', code: 'tunnel.next-unreachable' }]);
    await endOf(await shell(client, next));
    await dying.run();
    await dying.available();
  });

  test('S17, S31: with the default gateway gone there is no way, although the last gateway could be reached directly', async () => {
    await on();
    await system.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: entry.gateway.id }, body: { draining: true } });
    for (const resource of [tagged, untagged]) await expect(client.ask(resource, 'ssh')).rejects.toMatchObject({ code: 'tunnel.no-default-gateway' });
    await system.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: entry.gateway.id }, body: { draining: false } });
    await entry.available();
  });

  test('rule 11: ending the session tells the user why through both gateways', async () => {
    await on();
    const offer = await client.ask(tagged, 'ssh');
    const session = await shell(client, offer);
    await system.admin.call(connectionsRoutes.connectionTerminate, { params: { connectionId: offer.connectionId }, body: { reason: 'test' } });
    expect((await session.report('ended', 60_000)).code).toBe('session.terminated');
    await expect.poll(() => kinds(offer.reference), { timeout: 60_000, interval: 300 }).toEqual(expect.arrayContaining(['connection.ended', 'connection.forward-ended']));
  });
});

describe('rule 37: the first gateway sees ciphertext only', () => {
  test('S24, S32: what is typed, what is printed and the target\'s credential are not on its wires, in its heap, its memory, its log or on its disk; at the last gateway they are found', async () => {
    await on();
    // Of the two, the one that a snapshot is asked of must be the one that is used.
    await system.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: closed2.gateway.id }, body: { draining: true } });
    // As the one gateway of an untagged resource it was given the same credential before: it begins without that past.
    await entry.kill();
    await entry.run();
    const taps = [await WireTap.before(entry.gateway, '127.0.0.4'), await WireTap.before(closed1.gateway, '127.0.0.5')];
    try {
      await Promise.all([entry.moveTo('127.0.0.4'), closed1.moveTo('127.0.0.5')]);
      const typed = `typed-${randomBytes(12).toString('hex')}`;
      const half = randomBytes(12).toString('hex');
      // The printed canary never stands on the command line as a whole.
      const printed = `printed-${half}-${half}`;
      const credential = target.password ?? '';
      expect(credential.length).toBeGreaterThan(7);
      const search = new SecretSearch([{ name: 'typed', secret: typed }, { name: 'printed', secret: printed }, { name: 'credential', secret: credential }]);
      const offer = await client.ask(tagged, 'ssh');
      expect(namesOf(offer)).toEqual(['entry1', 'closed1']);
      const session = await shell(client, offer);
      session.type(`true ${typed}; half=${half}; while sleep 0.2; do echo printed-$half-$half; done\n`);
      await session.until(({ text }) => text.includes(typed) && text.includes(printed), 60_000);

      const memoryHits = (gateway: TestGatewayProcess): string[] => [...new Set([...gateway.memory()].flatMap((bytes) => search.inBytes('memory', bytes)).map(({ canary }) => canary))].toSorted();
      // While the session runs: at the last gateway the search finds them, so it would find them at the first.
      expect(search.inBytes('heap', await closed1.heapSnapshot()).map(({ canary }) => canary)).toContain('credential');
      expect(memoryHits(closed1)).toEqual(['credential', 'printed', 'typed']);
      expect(search.inBytes('heap', await entry.heapSnapshot())).toEqual([]);
      expect(memoryHits(entry)).toEqual([]);

      session.end();
      await session.report('ended', 60_000);
      for (const tap of taps) {
        expect(tap.seen().length).toBeGreaterThan(5_000);
        expect(search.inBytes('wire', tap.seen())).toEqual([]);
      }
      expect(entry.log).toContain('forward ended');
      expect(search.inBytes('log', Buffer.from(entry.log))).toEqual([]);
      const disk = search.inFolder(entry.folder);
      expect(disk.files).toBeGreaterThan(5);
      expect(disk.hits).toEqual([]);
    } finally {
      for (const tap of taps) tap.stop();
    }
  }, 240_000);
});
