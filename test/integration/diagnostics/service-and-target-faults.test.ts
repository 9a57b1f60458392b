import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessRulesRoutes } from '../../../shared/api/access-rules.ts';
import { credentialsRoutes } from '../../../shared/api/credentials.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import { usersRoutes } from '../../../shared/api/users.ts';
import { formatGatewayKeyLine, parseGatewayKeyLine } from '../../../shared/gateway-key.ts';
import type { CredentialId, Protocol } from '../../../shared/ids.ts';
import { ServiceClient } from '../../../scripts/embedded-system/service-client.ts';
import type { LastConnection } from '../../../src-main/diagnostics/checks/last-sign-on.ts';
import type { DiagnosedResource } from '../../../src-main/diagnostics/checks/resource-way.ts';
import { ensureGatewayKeys } from '../../../src-gateway/keys/gateway-keys.ts';
import { codesOf, eventProxy, expectCause, finds, type LabClient, LabOpen, ownAddress, profileOf, startPeer, startTlsPeer } from '../../fixtures/diagnosis-laboratory.ts';
import { makeAuthority } from '../../fixtures/certificate-authority.ts';
import { startDroppingPort } from '../../fixtures/dropping-port.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { HeadlessClient } from '../../fixtures/headless-client.ts';
import { ServiceUnderTest } from '../../fixtures/service-under-test.ts';
import { TestGatewayProcess } from '../../fixtures/tunnel-gateways.ts';
import { until } from '../../targets/until.ts';
import { startFaultProxy, type FaultProxy } from '../../targets/fault-proxy.ts';
import { type OpenSshTarget, startOpenSshTarget } from '../../targets/open-ssh-target.ts';

// As a signed-in user: a real service, a real gateway process that is registered with it, a real OpenSSH server. What is wrong
// is wrong in the service's settings or at the target.

const PASSWORD = 'Lab-Pass-diagnosis-1';

let service: ServiceUnderTest;
let admin: ServiceClient;
let client: HeadlessClient;
let gateway: TestGatewayProcess;
let target: OpenSshTarget;
let folder: string;
const open = new LabOpen();

beforeAll(async () => {
  [service, target, folder] = await Promise.all([ServiceUnderTest.start(), startOpenSshTarget(), mkdtemp(join(tmpdir(), 'mavis-diagnosis-'))]);
  const { core } = service.opened;
  admin = new ServiceClient(service.running);
  await admin.signIn(core.oneTimeSignIns.issue((await core.accounts.byName('admin')).id));
  gateway = await TestGatewayProcess.start(admin, folder, 'office1', 'gateway-office1');
  await admin.call(usersRoutes.userCreate, { body: { name: 'aiko', displayName: 'Aiko', role: 'user', password: PASSWORD } });
  const rule = (filter: string, signOn: 'ask-user' | 'stored') => admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: filter, subject: { kind: 'role', role: 'user' }, filter, protocols: ['ssh'], signOn, policy: {} } });
  await rule('tag:lab', 'ask-user');
  await rule('tag:stored', 'stored');
  client = new HeadlessClient(service.running);
  await client.signIn('aiko', PASSWORD);
});
afterAll(async () => {
  client.close();
  await open.stop();
  await gateway.kill();
  await service.stop();
  await target.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** A resource of the user's, well but for what the case changes. */
async function resource(changes: { readonly address?: string; readonly port?: number; readonly tags?: readonly string[]; readonly identities?: readonly string[]; readonly allowSpecialAddress?: boolean; readonly credentialId?: CredentialId | null } = {}, protocol: Protocol = 'ssh'): Promise<DiagnosedResource> {
  const { address = target.host, port = target.port, tags = ['lab', 'gateway-office1'], identities = [target.hostKeyFingerprint], allowSpecialAddress = true, credentialId = null } = changes;
  const made = await admin.call(resourcesRoutes.resourceCreate, { body: { name: `files-${Math.random().toString(36).slice(2)}`, address, protocols: [{ protocol: 'ssh', port }, { protocol: 'vnc', port }], operatingSystem: 'linux', tags: [...tags], identities: [...identities], allowSpecialAddress, credentialId } });
  return { id: made.id, name: made.name, protocol };
}
const signedIn = (wanted: DiagnosedResource): LabClient => ({ profile: profileOf(service), signedIn: client.service, resource: wanted });

const cases: readonly (readonly [what: string, code: string, make: () => Promise<DiagnosedResource>])[] = [
  ['a target on whose port nothing listens', 'target.refused', async () => resource({ port: (await freePorts(1))[0] ?? 0 })],
  ['a target behind a firewall that drops', 'target.time-out', async () => {
    const { host, port } = open.keep(await startDroppingPort(ownAddress(), 0));
    return resource({ address: host, port });
  }],
  ['a target that speaks another protocol', 'target.protocol-error', async () => {
    const { host, port } = open.keep(await startPeer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    return resource({ address: host, port });
  }],
  ['an address that the gateway may not dial', 'target.address-forbidden', () => resource({ allowSpecialAddress: false })],
  ['a host key that nobody has confirmed', 'target.identity-unknown', () => resource({ identities: [] })],
  ['a host key that changed', 'target.identity-changed', () => resource({ identities: [`SHA256:${'A'.repeat(43)}`] })],
  ['a tag that names no segment', 'gateway.segment-unknown', () => resource({ tags: ['lab', 'gateway-nowhere'] })],
  ['a protocol that no rule gives', 'access.protocol-not-allowed', () => resource({}, 'vnc')],
  ['a resource that no rule gives', 'access.denied', () => resource({ tags: ['gateway-office1'] })],
  ['a resource without a credential', 'resource.no-credential', () => resource({ tags: ['stored', 'gateway-office1'] })],
];

describe('L4 and the choice: the first finding is the cause', () => {
  test.concurrent.each(cases)('%s: %s', async (_what, code, make) => {
    await finds(signedIn(await make()), (run) => {
      expectCause(run, code);
      expect(codesOf(run)).toEqual([code]);
    });
  });

  test('nothing wrong as far as the target: no finding, and every leg was looked at', async () => {
    await finds(signedIn(await resource()), (run) => {
      expect(codesOf(run)).toEqual([]);
      expect([...new Set(run.results.filter(({ outcome }) => outcome.status === 'found').map(({ leg }) => leg))].toSorted()).toEqual(['L1', 'L2', 'L3', 'L4', 'client']);
    });
  });
});

describe('L4: the sign-on, which a diagnosis does not try by itself (rule 14)', () => {
  test('a target that refuses the stored credential: target.sign-on-refused by what the connection found, and gone when it is taken; without a connection nothing is said', async () => {
    const named = { name: 'of the sign-on case', userName: target.user };
    const { id: credentialId } = await admin.call(credentialsRoutes.credentialCreate, { body: { ...named, kind: 'password', password: 'not the password' } });
    const wanted = await resource({ tags: ['stored', 'gateway-office1'], credentialId });
    const connect = async (): Promise<LastConnection> => {
      const session = client.open(await client.ask(wanted.id, 'ssh'));
      await session.until(({ reports }) => reports.some(({ report: { kind } }) => kind === 'failed' || kind === 'connected'));
      const failed = session.reports.flatMap(({ report }) => (report.kind === 'failed' ? [report] : []))[0];
      session.end();
      return failed === undefined ? { code: null, step: null, args: {} } : { code: failed.code, step: 'signed-on', args: failed.args };
    };
    await finds(signedIn(wanted), (run) => expect(codesOf(run)).toEqual([]));
    const refused = await connect();
    await finds(signedIn({ ...wanted, lastConnection: refused }), (run) => {
      expectCause(run, 'target.sign-on-refused');
      expect(run.findings).toMatchObject([{ leg: 'L4', actor: 'target-administrator', evidence: ['sign-on'] }]);
    });
    await admin.call(credentialsRoutes.credentialReplace, { params: { credentialId }, body: { ...named, kind: 'private-key', privateKey: target.privateKey } });
    const taken = await connect();
    await finds(signedIn({ ...wanted, lastConnection: taken }), (run) => expect(codesOf(run)).toEqual([]));
    expect(taken.code).toBeNull();
  });
});

describe('L1: the event stream', () => {
  test.each([['cut', 'events-cut'], ['held', 'events-held']] as const)('a proxy before the service by which it is %s: %s, and gone when it is let through', async (fault, code) => {
    const authority = await makeAuthority('Example Company CA');
    const host = ownAddress();
    const { keyPem, certificatePem, fingerprint } = await authority.issue({ name: host, hosts: [host] });
    let now: typeof fault | null = fault;
    const proxy = open.keep(await startTlsPeer({ key: keyPem, cert: certificatePem, ALPNProtocols: ['http/1.1'] }, { host, serve: eventProxy({ host: '127.0.0.1', port: Number(new URL(service.running.url).port) }, () => now) }));
    const url = `https://${proxy.host}:${proxy.port}`;
    const behind = new HeadlessClient({ url, pin: fingerprint });
    await behind.signIn('aiko', PASSWORD);
    const person: LabClient = { profile: { serviceUrl: url, pin: fingerprint }, signedIn: behind.service };
    try {
      await finds(person, (run) => {
        expectCause(run, code);
        expect(run.findings).toMatchObject([{ leg: 'L1', actor: 'your-it' }]);
      });
      now = null;
      await finds(person, (run) => expect(codesOf(run)).toEqual([]));
    } finally {
      behind.close();
    }
  });
});

describe('L3: what the service says of the gateway, and that the finding goes when the fault does', () => {
  let link: FaultProxy;
  let wanted: DiagnosedResource;
  beforeAll(async () => {
    // The service and the client reach the gateway over a wire of the test's own.
    const host = ownAddress();
    const { linkPort, proxyPorts } = gateway.gateway.addresses;
    const [first] = await Promise.all([linkPort, ...proxyPorts].map(async (port) => open.keep(await startFaultProxy({ host, port, target: { host: '127.0.0.1', port }, seed: 1 }))));
    if (first === undefined) throw new Error('no link port');
    link = first;
    await gateway.moveTo(host);
    wanted = await resource();
  });

  const update = (body: { readonly draining?: boolean; readonly disabled?: boolean }) => admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: gateway.gateway.id }, body });
  const enter = (line: string) => admin.call(gatewaysRoutes.gatewayEnterKey, { params: { gatewayId: gateway.gateway.id }, body: { line } });
  const stateIs = (state: string): Promise<void> => until(async () => (await admin.call(gatewaysRoutes.gatewayList, {})).items.find(({ id }) => id === gateway.gateway.id)?.status.state === state, 120_000);
  const spki = (kind: 'ec' | 'ed25519'): string => (kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) : generateKeyPairSync('ed25519')).publicKey.export({ format: 'der', type: 'spki' }).toString('base64url');

  const faults: readonly (readonly [what: string, code: string, leg: string, actor: string, state: string, make: () => Promise<() => unknown>])[] = [
    ['a gateway that is draining', 'gateway.draining', 'gateway', 'nobody', 'draining', async () => {
      await update({ draining: true });
      return () => update({ draining: false });
    }],
    ['a gateway that was taken out of use', 'gateway-disabled', 'gateway', 'gateway-administrator', 'disabled', async () => {
      await update({ disabled: true });
      return () => update({ disabled: false });
    }],
    ['a link that is cut', 'gateway.link-unreachable', 'L3', 'gateway-administrator', 'unavailable', async () => {
      await link.setDown(true);
      return () => link.setDown(false);
    }],
    ['a gateway that hangs', 'gateway-silent', 'gateway', 'gateway-administrator', 'unavailable', async () => {
      gateway.signal('SIGSTOP');
      return () => gateway.signal('SIGCONT');
    }],
    ['a gateway with another key than the one entered', 'gateway-key-changed', 'gateway', 'gateway-administrator', 'unavailable', async () => {
      const line = await keyLine();
      await enter(formatGatewayKeyLine({ tls: spki('ec'), signing: spki('ed25519') }, parseGatewayKeyLine(line).name));
      return () => enter(line);
    }],
  ];

  test.each(faults)('%s: %s', async (_what, code, leg, actor, state, make) => {
    const repair = await make();
    try {
      await stateIs(state);
      await finds(signedIn(wanted), (run) => {
        expectCause(run, code);
        expect(run.findings[0]).toMatchObject({ leg, actor });
      });
    } finally {
      await repair();
    }
    await gateway.available();
    await finds(signedIn(wanted), (run) => expect(codesOf(run)).toEqual([]));
  });
});

/** The line that `init` prints again, where the keys are there. */
async function keyLine(): Promise<string> {
  return formatGatewayKeyLine((await ensureGatewayKeys(join(gateway.folder, 'keys'), new Date())).keys.publicKeys, gateway.gateway.name);
}
