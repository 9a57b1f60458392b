import { createHash, createPublicKey, generateKeyPairSync, randomUUID, verify } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateway as gatewaySchema, segmentState } from '../../../shared/api/gateways.ts';
import { connectionTest } from '../../../shared/api/resources.ts';
import { gatewayConfiguration, signedGatewayConfiguration } from '../../../shared/gateway-configuration.ts';
import { formatGatewayKeyLine, gatewayKeyFingerprintText } from '../../../shared/gateway-key.ts';
import { recordingId } from '../../../shared/ids.ts';
import type { GatewayStatusReport } from '../../../shared/link/messages.ts';
import type { RequestContext } from '../../../src-service/http/bound-route.ts';
import { STATUS_RETRY_MS } from '../../../src-service/gateways/status-sync.ts';
import { errorLog, gateways } from '../../../src-service/store/schema.ts';
import { GatewaySideWorld, strangeGatewayId } from '../../fixtures/gateway-side-world.ts';
import { makeSelfSigned } from '../../fixtures/self-signed.ts';

let world: GatewaySideWorld;
let admin: RequestContext;

beforeAll(async () => {
  world = await GatewaySideWorld.start();
  admin = await world.user('admin');
});
afterAll(() => world.stop());

const registration = (changes: object = {}) => ({ name: `gw-${randomUUID().slice(0, 8)}`, segment: 'gateway-office1', addresses: { host: '192.0.2.9', linkPort: 443, proxyPorts: [7993, 7994, 7995] }, ...changes });
const changesOf = async (gatewayName: string) => (await world.auditOfKind('gateway.state-changed')).filter((facts) => facts['gateway'] === gatewayName).map((facts) => [facts['from'], facts['to'], facts['code']]);
const errorsOf = async (gatewayName: string) => (await world.store.database.select().from(errorLog).where(eq(errorLog.gatewayName, gatewayName))).map(({ code }) => code);

describe('registering a gateway', () => {
  test('S35, S36: gives a configuration file that is signed over exactly its text and pins the service', async () => {
    const answer = Object(await world.call('gatewayRegister', { body: registration() }, admin));
    const file = signedGatewayConfiguration.parse(answer.configurationFile);
    const key = createPublicKey({ key: Buffer.from(file.signingKey, 'base64url'), format: 'der', type: 'spki' });
    expect(verify(null, Buffer.from(file.configuration), key, Buffer.from(file.signature, 'base64url'))).toBe(true);
    const configuration = gatewayConfiguration.parse(JSON.parse(file.configuration));
    expect(configuration).toMatchObject({ gatewayId: answer.gateway.id, segment: 'gateway-office1', listen: { host: '0.0.0.0', linkPort: 443, proxyPorts: [7993, 7994, 7995] }, service: { linkPins: [world.service.pin], signingKeys: [file.signingKey] } });
    expect(configuration.portPreference.ssh).toEqual([[7993], [7994, 7995]]);
    expect(gatewaySchema.parse(answer.gateway).status).toMatchObject({ state: 'pending', code: 'gateway.no-key', confirmedAt: null });
    expect((await world.auditOfKind('gateway.registered')).at(-1)).toMatchObject({ gatewayId: answer.gateway.id });
  });

  test('a name stands once, without regard to case', async () => {
    const first = registration();
    await world.call('gatewayRegister', { body: first }, admin);
    await expect(world.call('gatewayRegister', { body: registration({ name: first.name.toUpperCase() }) }, admin)).rejects.toMatchObject({ code: 'request.conflict' });
  });

  test('S38: the entered line holds both keys, under one fingerprint', async () => {
    const registered = Object(await world.call('gatewayRegister', { body: registration() }, admin)).gateway;
    const tls = await makeSelfSigned('gateway');
    const signing = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64url');
    const entered = gatewaySchema.parse(await world.call('gatewayEnterKey', { params: { gatewayId: registered.id }, body: { line: formatGatewayKeyLine({ tls: tls.spki, signing }, 'gw') } }, admin));
    const expected = createHash('sha256').update(gatewayKeyFingerprintText({ tls: tls.spki, signing })).digest('base64').replace(/=+$/, '');
    expect(entered.keyFingerprint).toBe(`SHA256:${expected}`);
    expect((await world.auditOfKind('gateway.key-entered')).at(-1)).toMatchObject({ fingerprint: `SHA256:${expected}`, previousFingerprint: null });
  });

  test('keys of the wrong kind are refused', async () => {
    const registered = Object(await world.call('gatewayRegister', { body: registration() }, admin)).gateway;
    const { spki } = await makeSelfSigned('gateway');
    const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64url');
    const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64url');
    for (const keys of [{ tls: p384, signing: ed25519 }, { tls: spki, signing: spki }, { tls: 'A'.repeat(120), signing: ed25519 }]) {
      await expect(world.call('gatewayEnterKey', { params: { gatewayId: registered.id }, body: { line: formatGatewayKeyLine(keys, 'gw') } }, admin)).rejects.toMatchObject({ code: 'gateway.key-invalid' });
    }
  });
});

describe('the state of a gateway', () => {
  test('S10, S12, S13: available, then unavailable after its retries, then available again: each change an audit entry, the worse one an error', async () => {
    const gateway = await world.gateway('gateway-states', admin);
    const { confirmedAt } = await world.state(gateway.id, 'available');
    if (confirmedAt === null) throw new Error('An available gateway was never confirmed.');
    await gateway.stop();
    const down = await world.state(gateway.id, 'unavailable');
    expect(down.stateCode).toBe('gateway.link-unreachable');
    // A second status may have come between the first and the stop; what fails confirms nothing.
    expect(down.confirmedAt?.getTime()).toBeGreaterThanOrEqual(confirmedAt.getTime());
    expect(down.confirmedAt?.getTime()).toBeLessThan(down.stateChangedAt.getTime() - Math.max(...STATUS_RETRY_MS));
    await gateway.listen();
    await world.syncNow(gateway.id, admin);
    await world.state(gateway.id, 'available');
    expect(await changesOf(gateway.name)).toEqual([['pending', 'available', null], ['available', 'unavailable', 'gateway.link-unreachable'], ['unavailable', 'available', null]]);
    // The lost link itself, and the state after the retries.
    expect(await errorsOf(gateway.name)).toEqual(['gateway.link-failed', 'gateway.link-unreachable']);
  });

  test.each<[string, Partial<GatewayStatusReport>]>([
    ['more sessions than the store counts', { sessions: 3_000_000_000 }],
    ['fewer than none', { sessions: -1 }],
    ['more memory than there can be', { load: { cpu: 0, memoryBytes: 1e300 } }],
    ['a version that no store takes', { version: '1\0' }],
    ['a head of a recording before its first', { recordings: [{ recordingId: recordingId.parse(randomUUID()), frames: -1, headHash: 'A'.repeat(43) }] }],
  ])('S12, B13: a gateway that tells %s is unavailable, and available again when it tells what can be', async (_what, changes) => {
    const gateway = await world.gateway(null, admin);
    gateway.statusChanges = changes;
    await world.syncNow(gateway.id, admin);
    expect((await world.state(gateway.id, 'unavailable')).stateCode).toBe('gateway.link-failed');
    gateway.statusChanges = {};
    await world.syncNow(gateway.id, admin);
    await world.state(gateway.id, 'available');
  });

  test('S11: one failed status is retried and changes nothing', async () => {
    const gateway = await world.gateway('gateway-once', admin);
    gateway.asked.length = 0;
    gateway.script.set('status', [{ kind: 'error', code: 'internal' }]);
    await world.syncNow(gateway.id, admin);
    await world.until(async () => (gateway.asked.filter(({ method }) => method === 'status').length >= 2 ? true : undefined), 'the retry');
    expect((await world.state(gateway.id, 'available')).state).toBe('available');
    expect(await changesOf(gateway.name)).toEqual([['pending', 'available', null]]);
  });

  test('a wrong pin: unavailable with that reason, and nothing was sent to the stranger', async () => {
    const gateway = await world.gateway('gateway-pin', admin);
    const other = await makeSelfSigned('other');
    await world.call('gatewayEnterKey', { params: { gatewayId: gateway.id }, body: { line: gateway.keyLine(gateway.name).replace(gateway.tls.spki, other.spki) } }, admin);
    expect((await world.state(gateway.id, 'unavailable')).stateCode).toBe('gateway.link-pin-mismatch');
    const { bytesReceived, begun } = gateway;
    await world.syncNow(gateway.id, admin);
    await world.until(async () => (gateway.begun > begun + 1 ? true : undefined), 'further tries');
    expect(gateway.bytesReceived).toBe(bytesReceived);
  });

  test('a gateway that pins another service: unavailable, link failed', async () => {
    const gateway = await world.gateway('gateway-otherpin', admin);
    gateway.servicePins = ['another'];
    gateway.cut();
    expect((await world.state(gateway.id, 'unavailable')).stateCode).toBe('gateway.link-failed');
  });

  test('another gateway under the same key and address is seen by its id', async () => {
    const gateway = await world.gateway('gateway-identity', admin);
    gateway.gatewayId = strangeGatewayId();
    await world.syncNow(gateway.id, admin);
    expect((await world.state(gateway.id, 'unavailable')).stateCode).toBe('gateway.identity-conflict');
  });

  test('rule 5: a failed grant ejects until the next good status', async () => {
    const gateway = await world.gateway('gateway-eject', admin);
    gateway.script.set('grant', [{ kind: 'error', code: 'gateway.full' }]);
    await expect(world.ask(await world.resource(['gateway-eject']), admin)).rejects.toMatchObject({ code: 'gateway.none-available' });
    const ejected = async () => (await world.store.database.select().from(gateways).where(eq(gateways.id, gateway.id)))[0]?.ejectedAt;
    await world.syncNow(gateway.id, admin);
    await world.until(async () => ((await ejected()) === null ? true : undefined), 'the ejection over');
    expect((await world.auditOfKind('gateway.ejected')).at(-1)).toMatchObject({ gateway: gateway.name, code: 'gateway.full' });
    expect((await world.auditOfKind('gateway.restored')).at(-1)).toMatchObject({ gateway: gateway.name });
  });

  test('drained, then disabled: out of the choice at once, and back when the administrator says so', async () => {
    const gateway = await world.gateway('gateway-switch', admin);
    const resource = await world.resource(['gateway-switch']);
    const update = (body: object) => world.call('gatewayUpdate', { params: { gatewayId: gateway.id }, body }, admin);
    for (const [on, off] of [[{ draining: true }, { draining: false }], [{ disabled: true }, { disabled: false }]] as const) {
      await update(on);
      await expect(world.ask(resource, admin)).rejects.toMatchObject({ code: 'gateway.none-available' });
      await update(off);
      await world.state(gateway.id, 'available');
      expect((await world.ask(resource, admin)).hops[0]?.gatewayId).toBe(gateway.id);
    }
  });

  test('removed: gone from the list, its link closed, its open connections closed with the reason', async () => {
    const gateway = await world.gateway('gateway-removed', admin);
    const offer = await world.ask(await world.resource(['gateway-removed']), admin);
    await gateway.stop();
    await world.call('gatewayRemove', { params: { gatewayId: gateway.id } }, admin);
    const list = Object(await world.call('gatewayList', {}, admin)).items;
    expect(list.map(({ id }: { id: string }) => id)).not.toContain(gateway.id);
    expect(await world.connection(offer.connectionId)).toMatchObject({ state: 'failed', code: 'session.gateway-lost' });
    await expect(world.ask(await world.resource(['gateway-removed']), admin)).rejects.toMatchObject({ code: 'gateway.segment-unknown' });
  });
});

describe('what others may know', () => {
  test('rule 26: a user sees only the segments of his resources; those who manage see all, and the pool', async () => {
    const gateway = await world.gateway('gateway-office1', admin);
    await world.gateway('gateway-hidden', admin);
    const segmentsOf = async (context: RequestContext) => segmentState.array().parse(Object(await world.call('segmentList', {}, context)).items);
    const seen = await segmentsOf(await world.user('user'));
    expect(seen.map(({ segment }) => segment)).toEqual(['gateway-office1']);
    expect(seen[0]?.available).toBeGreaterThanOrEqual(1);
    expect(seen[0]?.confirmedAt).not.toBeNull();
    expect((await segmentsOf(admin)).map(({ segment }) => segment)).toEqual(expect.arrayContaining([null, 'gateway-hidden', 'gateway-office1']));
    expect(JSON.stringify(seen)).not.toContain(gateway.name);
  });

  test('metrics count gateways by state, connections by outcome and status times', async () => {
    const text = await world.registry.metrics();
    expect(text).toMatch(/mavis_gateways\{state="available"\} [1-9]/);
    expect(text).toMatch(/mavis_connections_total\{outcome="gateway.none-available"\} [1-9]/);
    expect(text).toMatch(/mavis_gateway_status_seconds_count [1-9]/);
  });
});

describe('the connection test', () => {
  const run = async (resourceId: string, body: object) => connectionTest.parse(await world.call('resourceConnectionTest', { params: { resourceId }, body: { protocol: 'ssh', ...body } }, admin));

  test('S40, rule 14: reads the identity through a gateway, stage by stage, and sends no credential', async () => {
    const gateway = await world.gateway('gateway-test', admin);
    const found = await run(await world.resource(['gateway-test']), {});
    expect(found).toMatchObject({ gatewayId: gateway.id, identity: { fingerprint: `SHA256:${'a'.repeat(43)}`, expected: false } });
    expect(found.stages.map(({ stage, ok }) => [stage, ok])).toEqual([['choice', true], ['grant', true], ['resolve', true], ['tcp', true]]);
    expect(JSON.stringify(gateway.asked.filter(({ method }) => method === 'probe'))).not.toContain('password');
    expect(gateway.grants).toEqual([]);
  });

  test('S18: a target that cannot be reached is a stage with its code; a gateway that does not answer too', async () => {
    const gateway = await world.gateway('gateway-test2', admin);
    const resource = await world.resource(['gateway-test2']);
    gateway.script.set('probe', [{ kind: 'result', result: { stages: [{ stage: 'tcp', ok: false, milliseconds: 3, code: 'target.refused' }], identity: null } }, { kind: 'disconnect' }]);
    expect((await run(resource, {})).stages.at(-1)).toMatchObject({ stage: 'tcp', ok: false, code: 'target.refused' });
    expect((await run(resource, { gatewayId: gateway.id })).stages.at(-1)).toMatchObject({ stage: 'grant', ok: false, code: 'gateway.link-failed' });
    expect((await world.auditOfKind('resource.connection-tested')).slice(-2).map((facts) => facts['code'])).toEqual(['target.refused', 'gateway.link-failed']);
  });
});
