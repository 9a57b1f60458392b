import { randomBytes, randomUUID } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditRoutes, type AuditEntry } from '../../../shared/api/audit.ts';
import { connectionsRoutes, type ConnectionOffer } from '../../../shared/api/connections.ts';
import { credentialsRoutes } from '../../../shared/api/credentials.ts';
import { recordingsRoutes } from '../../../shared/api/recordings.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import { usersRoutes } from '../../../shared/api/users.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { resourceId, sha256, type ResourceId } from '../../../shared/ids.ts';
import { frameType } from '../../../shared/proxy-stream/frames.ts';
import type { SessionReport } from '../../../src-main/sessions/session-process-contract.ts';
import { HeadlessClient } from '../../fixtures/headless-client.ts';
import { HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { makeKeyPair } from '../../fixtures/key-pair.ts';
import { startWholeSystem, type WholeSystem } from '../../fixtures/whole-system.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

/**
 * Every bad input over the whole way: service, gateway and target as real processes, the client's own parts. Each has its
 * code, its audit entry and where a connection was asked its entry in the error log, leaves no recording where nothing was
 * connected, and the very next good connection works.
 */

const PASSWORD = 'several unrelated words';
const FINAL = /^connection\.(?:ended|failed|not-used)$/;

let system: WholeSystem;
let target: OpenSshTarget;
let client: HeadlessClient;
/** Asked at the very beginning, of a gateway that runs to the end, and dialled when its ticket is over. */
let late: { readonly offer: ConnectionOffer; readonly askedAtMs: number };
/** The gateway died between its choice and the dial: its ticket runs out while all else is tried. */
let fallen: { readonly offer: ConnectionOffer; readonly failed: Extract<SessionReport, { kind: 'failed' }> };
/** Asked while there was no gateway. */
let none: MavisError;

beforeAll(async () => {
  [system, target] = await Promise.all([startWholeSystem(), startOpenSshTarget()]);
  await system.addUser('tester', 'admin', PASSWORD);
  client = new HeadlessClient(system.embedded.service);
  await client.signIn('tester', PASSWORD);
  const offer = await client.ask(system.live.id, 'ssh');
  await system.stopGateway();
  const failed = await client.open(offer).report('failed');
  await client.service.call(connectionsRoutes.connectionClaim, { params: { connectionId: offer.connectionId }, query: {}, body: { outcome: 'failed', code: failed.code } });
  fallen = { offer, failed };
  none = await errorOf(client.ask(await makeResource({ tags: ['gateway-office1'] }), 'ssh'));
  await system.startGateway();
  late = { offer: await client.ask(system.live.id, 'ssh'), askedAtMs: performance.now() };
}, 300_000);

afterAll(async () => {
  client.close();
  await system.stop();
  await target.stop();
});

const audit = async (query: { reference?: string; kind?: string; search?: string }): Promise<AuditEntry[]> => (await system.admin.call(auditRoutes.auditList, { query: { ...query, limit: 200 } })).items;

/** The error that an action ends with. */
async function errorOf(action: Promise<unknown>): Promise<MavisError> {
  const error: unknown = await action.then(() => undefined, (thrown: unknown) => thrown);
  if (error instanceof MavisError) return error;
  throw new Error('no refusal', { cause: error });
}

/** A shell opens, prints and ends, and this has one final entry: what was bad has left nothing behind. */
async function goodConnection(): Promise<void> {
  const offer = await client.ask(system.live.id, 'ssh');
  const session = client.open(offer);
  await session.report('connected');
  session.type('echo good-$((40+2))\nexit\n');
  await session.until(({ text }) => text.includes('good-42'));
  await session.report('ended');
  await expect.poll(async () => (await finals(offer.reference)).map(({ kind }) => kind), { timeout: 60_000 }).toEqual(['connection.ended']);
}

async function finals(reference: string): Promise<AuditEntry[]> {
  return (await audit({ reference })).filter(({ kind }) => FINAL.test(kind));
}

/** One final entry and one entry of the error log with the code, and no recording. */
async function failedOnce(reference: string, code: string, leg: string): Promise<AuditEntry> {
  await expect.poll(async () => (await finals(reference)).map(({ kind, facts }) => [kind, facts['code']]), { timeout: 100_000 }).toEqual([['connection.failed', code]]);
  const { items: errors } = await system.admin.call(auditRoutes.errorLogList, { query: { reference } });
  expect(errors.map((entry) => [entry.code, entry.leg])).toContainEqual([code, leg]);
  await nothingRecorded(reference);
  const [final] = await finals(reference);
  if (final === undefined) throw new Error('no final entry');
  return final;
}

async function nothingRecorded(reference: string): Promise<void> {
  expect((await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items).toEqual([]);
}

/** A resource on the test's own target. */
async function makeResource(parts: { privateKey?: string; password?: string; tags?: string[]; identities?: string[] }): Promise<ResourceId> {
  const name = `bad-input-${randomUUID().slice(0, 8)}`;
  const body = parts.password === undefined ? { kind: 'private-key' as const, name, userName: target.user, privateKey: parts.privateKey ?? target.privateKey } : { kind: 'password' as const, name, userName: target.user, password: parts.password };
  const { id: credentialId } = await system.admin.call(credentialsRoutes.credentialCreate, { body });
  const { id } = await system.admin.call(resourcesRoutes.resourceCreate, {
    body: { name, address: target.host, protocols: [{ protocol: 'ssh', port: target.port }], operatingSystem: 'linux', identities: parts.identities ?? [target.hostKeyFingerprint], tags: parts.tags ?? ['gateway-office1'], credentialId, allowSpecialAddress: true },
  });
  return id;
}

describe('signing in', () => {
  test('a wrong password: the code, an audit entry that tells who, and nothing more is lost', async () => {
    const stranger = new HeadlessClient(system.embedded.service);
    expect((await errorOf(stranger.signIn('tester', 'not the password'))).code).toBe('sign-in.failed');
    const refused = await audit({ kind: 'sign-in.refused', search: 'tester' });
    expect(refused).toHaveLength(1);
    expect(JSON.stringify(refused)).not.toContain('not the password');
    stranger.close();
    await goodConnection();
  });

  test('a vendor whose time is over: told so, audited, and asks nothing any more with the sign-in that held', async () => {
    const { user } = await system.admin.call(usersRoutes.userCreate, { body: { name: 'vendor', displayName: 'vendor', role: 'vendor', expiresAt: new Date(Date.now() + 3_600_000).toISOString(), password: PASSWORD } });
    const vendor = new HeadlessClient(system.embedded.service);
    await vendor.signIn('vendor', PASSWORD);
    await system.admin.call(usersRoutes.userUpdate, { params: { userId: user.id }, body: { expiresAt: new Date(Date.now() + 2000).toISOString() } });
    await expect.poll(async () => (await errorOf(vendor.ask(system.live.id, 'ssh'))).code, { timeout: 60_000 }).toMatch(/^sign-in\.(?:expired|required)$/);
    const again = new HeadlessClient(system.embedded.service);
    expect((await errorOf(again.signIn('vendor', PASSWORD))).code).toBe('sign-in.expired');
    expect((await audit({ kind: 'sign-in.refused', search: 'vendor' })).length).toBeGreaterThanOrEqual(1);
    again.close();
    vendor.close();
    await goodConnection();
  });
});

describe('asking', () => {
  test('S56: no right: refused, audited under the reference that the user is told, no recording', async () => {
    await system.addUser('plain', 'user', PASSWORD);
    const plain = new HeadlessClient(system.embedded.service);
    await plain.signIn('plain', PASSWORD);
    const error = await errorOf(plain.ask(system.live.id, 'ssh'));
    expect(error.code).toBe('access.denied');
    const unknown = await errorOf(plain.ask(resourceId.parse(randomUUID()), 'ssh'));
    expect(unknown.code).toBe('access.denied');
    for (const { reference } of [error, unknown]) {
      expect(reference).toMatch(/^MV-/);
      expect((await finals(reference ?? '')).map(({ kind, actor }) => [kind, actor.name])).toEqual([['connection.failed', 'plain']]);
      await nothingRecorded(reference ?? '');
    }
    plain.close();
    await goodConnection();
  });

  test('S12, S17: no gateway of the segment: told at once, audited, in the error log, no recording', async () => {
    expect(['gateway.none-available', 'gateway.link-unreachable']).toContain(none.code);
    const final = await failedOnce(none.reference ?? '', none.code, 'L3');
    expect(final.actor.name).toBe('tester');
    await goodConnection();
  });
});

describe('on the way', () => {
  test('B1: a ticket used twice: the second dial is refused, the session of the first goes on and ends once', async () => {
    const offer = await client.ask(system.live.id, 'ssh');
    const first = client.open(offer);
    await first.report('connected');
    const second = client.open(offer);
    expect((await second.report('failed')).code).toBe('ticket.refused');
    first.type('echo still-$((1+1))\nexit\n');
    await first.until(({ text }) => text.includes('still-2'));
    await first.report('ended');
    await expect.poll(async () => (await finals(offer.reference)).map(({ kind }) => kind), { timeout: 60_000 }).toEqual(['connection.ended']);
    await expect.poll(async () => (await audit({ reference: offer.reference })).filter(({ kind }) => kind === 'connection.ticket-refused').length, { timeout: 60_000 }).toBe(1);
    await goodConnection();
  });

  test('B2: another pin than the gateway’s: nothing is sent to it, and the ticket stays good for the right one', async () => {
    const offer = await client.ask(system.live.id, 'ssh');
    const strange = client.open({ ...offer, hops: offer.hops.map((hop) => ({ ...hop, pins: [sha256.parse(hop.pins[0]?.replace(/^.{10}/, 'AAAAAAAAAA'))] })) });
    const failed = await strange.report('failed');
    expect([failed.code, failed.leg, failed.credentialSent]).toEqual(['gateway.pin-mismatch', 'L2', false]);
    const right = client.open(offer);
    await right.report('connected');
    right.type('exit\n');
    await right.report('ended');
    await expect.poll(async () => (await finals(offer.reference)).map(({ kind }) => kind), { timeout: 60_000 }).toEqual(['connection.ended']);
  });

  test('S16, S18, S19: the target refuses the sign-on: once, on L4, no recording, the secret nowhere', async () => {
    const offer = await client.ask(await makeResource({ password: 'not-the-password-of-the-target' }), 'ssh');
    const failed = await client.open(offer).report('failed');
    expect([failed.code, failed.leg, failed.credentialSent]).toEqual(['target.sign-on-refused', 'L4', true]);
    await failedOnce(offer.reference, 'target.sign-on-refused', 'L4');
    expect(JSON.stringify(await audit({ reference: offer.reference }))).not.toContain('not-the-password');
    await goodConnection();
  });

  test('A24: a host key that changed blocks before any credential, with both fingerprints; back again, it opens', async () => {
    const changed = await makeResource({});
    await target.useHostKey('second');
    const offer = await client.ask(changed, 'ssh');
    const failed = await client.open(offer).report('failed');
    expect([failed.code, failed.leg, failed.credentialSent]).toEqual(['target.identity-changed', 'L4', false]);
    expect(failed.args).toMatchObject({ expected: target.hostKeyFingerprint, seen: target.secondHostKeyFingerprint });
    await failedOnce(offer.reference, 'target.identity-changed', 'L4');
    expect(JSON.stringify(await audit({ reference: offer.reference }))).toContain(target.secondHostKeyFingerprint);
    await target.useHostKey('first');
    const session = client.open(await client.ask(changed, 'ssh'));
    await session.report('connected');
    session.end();
    await session.report('ended');
  });
});

describe('peers that are none of ours', () => {
  /** Who was sent away unknown, in the audit log, by port; none of it is a connection, so that nothing is recorded. */
  const sentAway = async (kind: 'gateway.peer-refused' | 'service.peer-refused', code: string, ports: readonly number[], clientKeyThumbprint?: string): Promise<AuditEntry[]> => {
    const found = async (): Promise<AuditEntry[]> => (await audit({ kind })).filter(({ facts }) => facts['code'] === code && facts['address'] === '127.0.0.1' && facts['clientKeyThumbprint'] === clientKeyThumbprint);
    await expect.poll(async () => new Set((await found()).map(({ facts }) => facts['port'])), { timeout: 60_000 }).toEqual(new Set(ports));
    return found();
  };
  const ports = (): readonly number[] => [system.embedded.ports.service, system.embedded.ports.link, ...system.embedded.ports.proxy];

  test('S12, S16, B3: garbage, plain HTTP and endless TLS records on the service’s, the link’s and the proxy ports are cut off and audited, without a byte of them; the processes go on', async () => {
    const sent = [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), randomBytes(64 * 1024), Buffer.concat([Buffer.from([22, 3, 1, 255, 255]), randomBytes(70_000)]), Buffer.from('SSH-2.0-strange\r\n')];
    const cutOff = await Promise.all(ports().flatMap((port) => sent.map(async (bytes) => {
      const socket = connectTcp(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write(bytes);
      await closed;
      return socket.destroyed;
    })));
    expect(cutOff).toEqual(Array.from({ length: ports().length * sent.length }, () => true));
    const { service, link, proxy } = system.embedded.ports;
    const entries = [...(await sentAway('service.peer-refused', 'request.invalid', [service])), ...(await sentAway('gateway.peer-refused', 'hello.malformed', [link, ...proxy]))];
    expect(entries.map(({ actor, reference }) => [actor.kind, reference])).toEqual([['service', null], ...[link, ...proxy].map(() => ['gateway', null])]);
    expect(entries.every(({ facts }) => facts['count'] === 1 && String(facts['what']).startsWith('ERR_SSL_'))).toBe(true);
    expect(JSON.stringify(entries)).not.toMatch(/strange|Host: x/);
    await goodConnection();
  });

  test('S12, S16, B3: an oversized hello by a client with a key of its own is told as malformed and cut off, and grants nothing; it is in the audit log and the error log', async () => {
    const key = await makeKeyPair();
    for (const port of system.embedded.ports.proxy) {
      const hostile = await HostileProxyClient.open(port, key);
      // The length alone: the gateway does not wait for what it will not take.
      hostile.sendRaw(Buffer.from([frameType.hello, 0x7f, 0xff, 0xff, 0xff]));
      expect(await hostile.outcome()).toBe('hello.malformed');
      await hostile.closed;
    }
    const { proxy } = system.embedded.ports;
    const told = (await sentAway('gateway.peer-refused', 'hello.malformed', proxy, key.thumbprint)).map(({ facts }) => [facts['what'], facts['count'], facts['gateway']]);
    expect(told).toEqual(proxy.map(() => ['too-long', 1, 'office1']));
    const { items: errors } = await system.admin.call(auditRoutes.errorLogList, { query: { code: 'hello.malformed', limit: 50 } });
    expect(errors.map(({ leg, reference, gatewayName }) => [leg, reference, gatewayName])).toEqual(proxy.map(() => ['L2', null, 'office1']));
    await goodConnection();
  });

  test('CSV with bad lines: each is told with line, column and code; the good ones are taken; one audit entry', async () => {
    const text = ['name,address,protocols,operatingSystem,tags', 'csv-good,192.0.2.77,ssh:22,linux,gateway-office1', ',192.0.2.78,ssh:22,linux,', 'csv-bad-port,192.0.2.79,ssh:99999,linux,', '"csv-unclosed,192.0.2.80,ssh:22,linux,'].join('\n');
    const report = await system.admin.call(resourcesRoutes.resourceImport, { body: { format: 'csv', text } });
    expect(report.badLineCount).toBe(report.badLines.length);
    expect(report.badLineCount).toBeGreaterThanOrEqual(3);
    expect(new Set(report.badLines.map(({ line }) => line))).toEqual(new Set([3, 4, 5]));
    expect(report.created).toBe(1);
    expect((await audit({ kind: 'resource.imported' }))[0]?.facts).toMatchObject({ created: 1 });
    await goodConnection();
  });

  test('S13, S18: the gateway died between choice and dial: refused on L2; the claim closes the connection, once', async () => {
    const { offer, failed } = fallen;
    expect([failed.code, failed.leg, failed.credentialSent]).toEqual(['gateway.refused', 'L2', false]);
    const final = await failedOnce(offer.reference, 'gateway.refused', 'L2');
    expect(JSON.stringify(final.facts)).toMatch(/claim/i);
    await goodConnection();
  });

  test('B2: a ticket that comes late is refused; the connection is closed as not used, with no recording', { timeout: 150_000 }, async () => {
    const left = 31_000 - (performance.now() - late.askedAtMs);
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    expect((await client.open(late.offer).report('failed')).code).toBe('ticket.refused');
    await expect.poll(async () => (await finals(late.offer.reference)).map(({ kind }) => kind), { timeout: 100_000, interval: 1000 }).toEqual(['connection.not-used']);
    await nothingRecorded(late.offer.reference);
    await goodConnection();
  });

  test('after all of it the same processes run, and the audit chain proves itself', async () => {
    expect(system.embedded.serviceProgram.process.exitCode).toBeNull();
    expect((await system.admin.call(auditRoutes.auditVerify, {})).ok).toBe(true);
  });
});
