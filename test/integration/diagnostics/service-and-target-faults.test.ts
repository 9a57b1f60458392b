import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessRulesRoutes } from '../../../shared/api/access-rules.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import { usersRoutes } from '../../../shared/api/users.ts';
import type { Protocol } from '../../../shared/ids.ts';
import { ServiceClient } from '../../../scripts/embedded-system/service-client.ts';
import type { DiagnosedResource } from '../../../src-main/diagnostics/checks/resource-way.ts';
import { codesOf, diagnose, expectCause, type LabClient, LabOpen, ownAddress, profileOf, startPeer } from '../../fixtures/diagnosis-laboratory.ts';
import { startDroppingPort } from '../../fixtures/dropping-port.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { HeadlessClient } from '../../fixtures/headless-client.ts';
import { ServiceUnderTest } from '../../fixtures/service-under-test.ts';
import { TestGatewayProcess } from '../../fixtures/tunnel-gateways.ts';
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
  await rm(folder, { recursive: true, force: true });
});

/** A resource of the user's, well but for what the case changes. */
async function resource(changes: { readonly address?: string; readonly port?: number; readonly tags?: readonly string[]; readonly identities?: readonly string[]; readonly allowSpecialAddress?: boolean } = {}, protocol: Protocol = 'ssh'): Promise<DiagnosedResource> {
  const { address = target.host, port = target.port, tags = ['lab', 'gateway-office1'], identities = [target.hostKeyFingerprint], allowSpecialAddress = true } = changes;
  const made = await admin.call(resourcesRoutes.resourceCreate, { body: { name: `files-${Math.random().toString(36).slice(2)}`, address, protocols: [{ protocol: 'ssh', port }, { protocol: 'vnc', port }], operatingSystem: 'linux', tags: [...tags], identities: [...identities], allowSpecialAddress } });
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
    const run = await diagnose(signedIn(await make()));
    expectCause(run, code);
    expect(codesOf(run)).toEqual([code]);
  });

  test('nothing wrong as far as the target: no finding, and every leg was looked at', async () => {
    const run = await diagnose(signedIn(await resource()));
    expect(codesOf(run)).toEqual([]);
    expect([...new Set(run.results.filter(({ outcome }) => outcome.status === 'found').map(({ leg }) => leg))].toSorted()).toEqual(['L1', 'L2', 'L3', 'L4', 'client']);
  });
});
