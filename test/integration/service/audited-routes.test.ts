import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { auditEntry, type AuditEntry } from '../../../shared/api/audit.ts';
import { routes } from '../../../shared/api/index.ts';
import type { Route } from '../../../shared/api/route.ts';
import { formatGatewayKeyLine } from '../../../shared/gateway-key.ts';
import { ClientKey, startServiceOn, type Answer, type ServiceUnderTest, type SignedInUser } from '../../fixtures/service-under-test.ts';

/** Something that one request does, and the entry that must tell of it. */
interface Act {
  readonly kind: string;
  /** Facts of the entry, as far as they are known beforehand. */
  readonly facts?: Readonly<Record<string, unknown>>;
  do(world: World): Promise<Answer>;
}

interface World {
  readonly service: ServiceUnderTest;
  readonly admin: SignedInUser;
  readonly user: SignedInUser;
  /** Ids of what was made for one act, by a name. */
  readonly ids: Map<string, string>;
}

const SECRET = 'the-secret-of-a-target-0815';
const made = z.object({ id: z.string() });
const idOf = (answer: Answer): string => made.parse(answer.json).id;
const policy = {};
const resource = { address: '192.0.2.7', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux' };
const addresses = { host: '127.0.0.1', linkPort: 1, proxyPorts: [2, 3, 4] };
const post = (admin: SignedInUser, path: string, body: unknown = {}): Promise<Answer> => admin.ask({ method: 'POST', path, body });
const newUser = async (admin: SignedInUser): Promise<string> => z.object({ user: made }).parse((await post(admin, '/v1/users', { name: `u-${randomUUID()}`, displayName: 'Before', role: 'user' })).json).user.id;
const newResource = async (admin: SignedInUser): Promise<string> => idOf(await post(admin, '/v1/resources', { ...resource, name: `r-${randomUUID()}` }));
const newRule = async (admin: SignedInUser): Promise<string> => idOf(await post(admin, '/v1/access-rules', { name: 'before', subject: { kind: 'role', role: 'auditor' }, filter: '', protocols: ['ssh'], policy }));
const newCredential = async (admin: SignedInUser): Promise<string> => idOf(await post(admin, '/v1/credentials', { name: 'before', kind: 'password', userName: 'root', password: SECRET }));
const newGateway = async (admin: SignedInUser): Promise<string> => z.object({ gateway: made }).parse((await post(admin, '/v1/gateways', { name: `g-${randomUUID().slice(0, 8)}`, segment: 'gateway-before', addresses })).json).gateway.id;
const signed = (user: SignedInUser, asking: { method: string; path: string; body: unknown }): Promise<Answer> => user.ask({ ...asking, headers: user.signature(asking) });
const keyLine = (): string => {
  const spki = (kind: 'ec' | 'ed25519'): string => (kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) : generateKeyPairSync('ed25519')).publicKey.export({ format: 'der', type: 'spki' }).toString('base64url');
  return formatGatewayKeyLine({ tls: spki('ec'), signing: spki('ed25519') }, 'gateway');
};

/** Every route that changes something or takes a log or a recording out, with what its entry must say. */
const acts: Readonly<Record<string, Act>> = {
  signIn: { kind: 'sign-in.succeeded', do: async ({ service, user }) => service.ask({ method: 'POST', path: '/v1/sign-in', body: { name: user.name, password: user.password, ...(await new ClientKey().proof(service)) } }) },
  signInOneTime: { kind: 'sign-in.succeeded', do: async ({ service, admin }) => service.ask({ method: 'POST', path: '/v1/sign-in/one-time', body: { oneTimeSignIn: service.opened.core.oneTimeSignIns.issue((await service.opened.core.accounts.byName(admin.name)).id), ...(await new ClientKey().proof(service)) } }) },
  signOut: { kind: 'sign-out.done', do: async ({ service }) => post(await service.newUser('user'), '/v1/sign-out') },
  changePassword: { kind: 'user.password-changed', do: async ({ service }) => {
    const someone = await service.newUser('user');
    return post(someone, '/v1/me/password', { current: someone.password, next: 'another-long-password' });
  } },
  userCreate: { kind: 'user.created', facts: { role: 'user' }, do: ({ admin }) => post(admin, '/v1/users', { name: `u-${randomUUID()}`, displayName: 'New', role: 'user' }) },
  userUpdate: { kind: 'user.changed', facts: { 'before.role': 'user', 'after.role': 'operator', 'before.displayName': 'Before', 'after.displayName': 'After' }, do: async ({ admin }) => admin.ask({ method: 'PATCH', path: `/v1/users/${await newUser(admin)}`, body: { role: 'operator', displayName: 'After' } }) },
  userDisable: { kind: 'user.disabled', facts: { 'before.disabled': false, 'after.disabled': true }, do: async ({ admin }) => post(admin, `/v1/users/${await newUser(admin)}/disable`) },
  userEnable: { kind: 'user.enabled', facts: { 'before.disabled': true, 'after.disabled': false }, do: async ({ admin }) => {
    const id = await newUser(admin);
    await post(admin, `/v1/users/${id}/disable`);
    return post(admin, `/v1/users/${id}/enable`);
  } },
  userUnlock: { kind: 'user.unlocked', do: async ({ admin }) => post(admin, `/v1/users/${await newUser(admin)}/unlock`) },
  userResetPassword: { kind: 'user.password-reset', do: async ({ admin }) => post(admin, `/v1/users/${await newUser(admin)}/reset-password`) },
  userRevokeTokens: { kind: 'user.tokens-revoked', do: async ({ admin }) => post(admin, `/v1/users/${await newUser(admin)}/revoke-tokens`) },
  resourceCreate: { kind: 'resource.created', do: ({ admin }) => post(admin, '/v1/resources', { ...resource, name: `r-${randomUUID()}` }) },
  resourceUpdate: { kind: 'resource.changed', facts: { 'before.address': '192.0.2.7', 'after.address': '192.0.2.8', 'before.tags': [], 'after.tags': ['gateway-x'] }, do: async ({ admin }) => admin.ask({ method: 'PATCH', path: `/v1/resources/${await newResource(admin)}`, body: { address: '192.0.2.8', tags: ['gateway-x'] } }) },
  resourceRemove: { kind: 'resource.removed', facts: { 'before.address': '192.0.2.7' }, do: async ({ admin }) => admin.ask({ method: 'DELETE', path: `/v1/resources/${await newResource(admin)}` }) },
  resourceImport: { kind: 'resource.imported', facts: { created: 1 }, do: ({ admin }) => post(admin, '/v1/resources/import', { format: 'json', text: JSON.stringify([{ ...resource, name: `i-${randomUUID()}` }]) }) },
  resourceExport: { kind: 'resource.exported', do: ({ admin }) => admin.ask({ path: '/v1/resources/export?format=csv' }) },
  resourceConfirmIdentity: { kind: 'resource.identity-confirmed', do: async ({ admin }) => admin.ask({ method: 'PUT', path: `/v1/resources/${await newResource(admin)}/identity`, body: { fingerprint: `SHA256:${'A'.repeat(43)}` } }) },
  accessRuleCreate: { kind: 'access-rule.created', facts: { subject: 'auditor' }, do: ({ admin }) => post(admin, '/v1/access-rules', { name: 'new', subject: { kind: 'role', role: 'auditor' }, filter: '', protocols: ['ssh'], policy }) },
  accessRuleUpdate: { kind: 'access-rule.changed', facts: { 'before.name': 'before', 'after.name': 'after', 'before.protocols': ['ssh'], 'after.protocols': ['rdp', 'vnc'], 'after.policy.viewOnly': 'true', 'before.tunnel': 'system', 'after.tunnel': 'always' }, do: async ({ admin }) => admin.ask({ method: 'PUT', path: `/v1/access-rules/${await newRule(admin)}`, body: { name: 'after', subject: { kind: 'role', role: 'auditor' }, filter: '', protocols: ['rdp', 'vnc'], policy: { viewOnly: true }, tunnel: 'always' } }) },
  accessRuleRemove: { kind: 'access-rule.removed', facts: { 'before.name': 'before' }, do: async ({ admin }) => admin.ask({ method: 'DELETE', path: `/v1/access-rules/${await newRule(admin)}` }) },
  credentialCreate: { kind: 'credential.created', facts: { userName: 'root' }, do: ({ admin }) => post(admin, '/v1/credentials', { name: 'new', kind: 'password', userName: 'root', password: SECRET }) },
  credentialReplace: { kind: 'credential.replaced', facts: { 'before.userName': 'root', 'after.userName': 'admin', secretReplaced: true }, do: async ({ admin }) => admin.ask({ method: 'PUT', path: `/v1/credentials/${await newCredential(admin)}`, body: { name: 'before', kind: 'password', userName: 'admin', password: `${SECRET}-2` } }) },
  credentialUpdate: { kind: 'credential.changed', facts: { 'before.userName': 'root', 'after.userName': 'admin', 'before.name': 'before', 'after.name': 'after' }, do: async ({ admin }) => admin.ask({ method: 'PATCH', path: `/v1/credentials/${await newCredential(admin)}`, body: { name: 'after', userName: 'admin' } }) },
  credentialRemove: { kind: 'credential.removed', do: async ({ admin }) => admin.ask({ method: 'DELETE', path: `/v1/credentials/${await newCredential(admin)}` }) },
  gatewayRegister: { kind: 'gateway.registered', do: ({ admin }) => post(admin, '/v1/gateways', { name: `g-${randomUUID().slice(0, 8)}`, segment: null, addresses }) },
  gatewayEnterKey: { kind: 'gateway.key-entered', do: async ({ admin }) => admin.ask({ method: 'PUT', path: `/v1/gateways/${await newGateway(admin)}/public-key`, body: { line: keyLine() } }) },
  gatewayUpdate: { kind: 'gateway.changed', facts: { 'before.segment': 'gateway-before', 'after.segment': 'gateway-after', 'before.draining': false, 'after.draining': true }, do: async ({ admin }) => admin.ask({ method: 'PATCH', path: `/v1/gateways/${await newGateway(admin)}`, body: { segment: 'gateway-after', draining: true } }) },
  segmentRename: { kind: 'gateway.segment-renamed', facts: { to: 'gateway-renamed' }, do: async ({ admin }) => {
    await newGateway(admin);
    return post(admin, '/v1/segments/gateway-before/rename', { name: 'gateway-renamed' });
  } },
  resourceTagsChange: { kind: 'resource.tags-changed', facts: { before: [], after: ['web'] }, do: async ({ admin }) => post(admin, '/v1/resources/tags', { resourceIds: [await newResource(admin)], add: ['web'] }) },
  tunnelUpdate: { kind: 'tunnel.changed', facts: { 'before.defaultSegment': null, 'after.defaultSegment': 'gateway-before' }, do: async ({ admin }) => {
    await newGateway(admin);
    return admin.ask({ method: 'PUT', path: '/v1/tunnel', body: { enabled: false, default: { kind: 'segment', segment: 'gateway-before' } } });
  } },
  gatewayRemove: { kind: 'gateway.removed', do: async ({ admin }) => admin.ask({ method: 'DELETE', path: `/v1/gateways/${await newGateway(admin)}` }) },
  connectionAsk: { kind: 'connection.failed', facts: { code: 'access.denied' }, do: async ({ admin, user }) => signed(user, { method: 'POST', path: '/v1/connections', body: { resourceId: await newResource(admin), protocol: 'ssh' } }) },
  connectionForeign: { kind: 'foreign-client.refused', facts: { code: 'access.denied', asked: ['ssh'] }, do: async ({ admin, user }) => signed(user, { method: 'POST', path: '/v1/connections/foreign-clients', body: { resourceId: await newResource(admin), protocols: ['ssh'] } }) },
  auditExport: { kind: 'audit.exported', facts: { format: 'csv', 'filter.kind': 'user.created' }, do: ({ admin }) => admin.ask({ path: '/v1/audit/export?format=csv&kind=user.created' }) },
  auditVerify: { kind: 'audit.verified', facts: { ok: true }, do: ({ admin }) => post(admin, '/v1/audit/verify') },
  auditVerifyProgress: { kind: 'audit.verified', facts: { ok: true }, do: ({ admin }) => post(admin, '/v1/audit/verify/progress') },
  errorLogExport: { kind: 'error-log.exported', facts: { format: 'csv' }, do: ({ admin }) => admin.ask({ path: '/v1/error-log/export?format=csv' }) },
};

/** Routes whose entry needs a Gateway or a recording, or that change nothing, and the test that proves what they write. */
const elsewhere: Readonly<Record<string, string>> = {
  signInChallenge: 'gives a nonce and changes nothing',
  updateFile: 'what the publisher gives to anybody, before the sign-in too',
  resourceConnectionTest: 'integration/service-connections/real-gateway.test.ts',
  diagnosisReportSend: 'integration/service/sent-reports.test.ts',
  resourceDiagnosis: 'integration/service-connections/diagnosis.test.ts',
  gatewayRotateKey: 'integration/fleet/key-rotation.test.ts',
  gatewaySwitchKey: 'integration/fleet/key-rotation.test.ts',
  serviceKeyRotate: 'integration/fleet/several-services.test.ts',
  serviceKeySwitch: 'integration/fleet/several-services.test.ts',
  serviceKeyFinish: 'integration/fleet/several-services.test.ts',
  connectionRetry: 'integration/service-connections/connection-ask.test.ts',
  connectionResumeWay: 'integration/service-connections/tunnel.test.ts',
  connectionClaim: 'integration/service-connections/connection-life.test.ts',
  connectionTerminate: 'integration/service-connections/connection-life.test.ts',
  connectionWatch: 'integration/service-connections/real-gateway.test.ts',
  recordingPlayback: 'integration/service-connections/recordings.test.ts',
  recordingAsciicast: 'integration/service-connections/recordings.test.ts',
  recordingVerify: 'integration/service-connections/recordings.test.ts',
};

describe('rule 12, S69: what is entered in the audit log', () => {
  let service: ServiceUnderTest;
  let stop: () => Promise<void>;
  let world: World;
  beforeAll(async () => {
    ({ service, stop } = await startServiceOn('pglite'));
    const admin = await service.administrator();
    world = { service, admin, user: await service.user('user'), ids: new Map() };
  });
  afterAll(() => stop());

  test('every route that changes something, or takes something out, is in the table', () => {
    const needed = Object.entries<Route>(routes).filter(([, { method, mediaType }]) => method !== 'GET' || !['application/json', 'text/event-stream'].includes(mediaType));
    expect(needed.map(([name]) => name).toSorted()).toEqual([...Object.keys(acts), ...Object.keys(elsewhere)].toSorted());
  });

  test.each(Object.entries(acts))('%s', async (name, { kind, facts, do: act }) => {
    const before = await entries(kind);
    const answer = await act(world);
    expect([200, 403]).toContain(answer.status);
    const written = (await entries(kind)).filter(({ id }) => !before.some((known) => known.id === id));
    expect(written.length).toBeGreaterThan(0);
    const entry = written.find((one) => facts === undefined || Object.entries(facts).every(([key, value]) => JSON.stringify(one.facts[key]) === JSON.stringify(value)));
    expect(entry, `${name}: no entry says ${JSON.stringify(facts)}, but ${JSON.stringify(written.map((one) => one.facts))}`).toBeDefined();
    expect(entry?.actor.kind).toBe('user');
    expect(JSON.stringify(written)).not.toContain(SECRET);
  });

  test('sign-in: succeeded, refused and locked', async () => {
    const someone = await service.newUser('user');
    for (let times = 0; times < 6; times += 1) await service.ask({ method: 'POST', path: '/v1/sign-in', body: { name: someone.name, password: 'wrong-password-here', ...(await new ClientKey().proof(service)) } });
    const kinds = (await entriesOf(someone)).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['sign-in.succeeded', 'sign-in.refused', 'sign-in.locked']));
  });

  async function entries(kind: string): Promise<AuditEntry[]> {
    return read(`kind=${kind}&limit=1000`);
  }

  async function entriesOf(user: SignedInUser): Promise<AuditEntry[]> {
    return read(`user=${user.id}&limit=1000`);
  }

  async function read(query: string): Promise<AuditEntry[]> {
    return z.object({ items: z.array(auditEntry) }).parse((await world.admin.ask({ path: `/v1/audit?${query}` })).json).items;
  }
});
