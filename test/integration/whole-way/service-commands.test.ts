import { createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditRoutes, type AuditEntry } from '../../../shared/api/audit.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import { recordingsRoutes, type RecordingSummary } from '../../../shared/api/recordings.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import { tunnelRoutes } from '../../../shared/api/tunnel.ts';
import { auditHeadText, parseAuditHeads, type SignedAuditHead } from '../../../shared/audit-head.ts';
import { installGateway } from '../../../scripts/embedded-system/gateway-installation.ts';
import { inRepository } from '../../../scripts/set-up/repository.ts';
import { signedGatewayConfiguration } from '../../../shared/gateway-configuration.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { HeadlessClient } from '../../fixtures/headless-client.ts';
import { type ProgramEnd, runProgram } from '../../fixtures/run-program.ts';
import { TestGatewayProcess } from '../../fixtures/tunnel-gateways.ts';
import { startWholeSystem, type WholeSystem } from '../../fixtures/whole-system.ts';

/** The commands of an administrator at the service's machine that need more than a service alone: sessions, gateways, recordings and signed heads. */
const PASSWORD = 'several unrelated words';
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
let system: WholeSystem;
let added: TestGatewayProcess | undefined;
const clients: HeadlessClient[] = [];

beforeAll(async () => {
  system = await startWholeSystem();
}, 300_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await added?.kill();
  await system?.stop();
});

const dataOf = (program: string): string => join(system.folder, program);
const service = (...args: string[]): Promise<ProgramEnd> => runProgram(process.execPath, [inRepository('src-service', 'main.ts'), ...args, '--data', dataOf('service')]);
/** One line that names the code and no more: what a person at the command line is to see of a refusal. */
function refused(code: string): ProgramEnd {
  return { code: 1, output: '', errors: expect.stringMatching(new RegExp(`^${code.replaceAll('.', String.raw`\.`)}: [^\n]+\n$`)) };
}
async function signedIn(name: string, password: string): Promise<HeadlessClient> {
  const client = new HeadlessClient(system.embedded.service);
  clients.push(client);
  await client.signIn(name, password);
  return client;
}
const byCommand = async (kind: string): Promise<AuditEntry[]> => (await system.admin.call(auditRoutes.auditList, { query: { kind, limit: 100 } })).items.filter(({ actor }) => actor.kind === 'command-line' && actor.name === userInfo().username);
const recordings = async (): Promise<RecordingSummary[]> => (await system.admin.call(recordingsRoutes.recordingList, { query: { limit: 100 } })).items;

describe('mavis-service, asked at the command line while the service runs', () => {
  test('user disable: the user\'s session ends with that reason, the sign-in is refused, and the entry names who did it; a name that is none changes nothing', async () => {
    await system.addUser('leaver', 'admin', PASSWORD);
    const leaver = await signedIn('leaver', PASSWORD);
    const session = leaver.open(await leaver.ask(system.live.id, 'ssh'));
    await session.report('connected');
    expect(await service('user', 'disable', 'Leaver')).toMatchObject({ code: 0, output: expect.stringContaining('disabled'), errors: '' });
    expect(await session.report('ended')).toMatchObject({ code: 'session.user-disabled' });
    await expect(signedIn('leaver', PASSWORD)).rejects.toMatchObject({ code: 'sign-in.disabled' });
    expect(await byCommand('user.disabled')).toHaveLength(1);
    expect(await service('user', 'disable', 'nobody')).toMatchObject(refused('request.not-found'));
    expect(await service('user', 'disable', 'no name')).toMatchObject(refused('request.invalid'));
    expect(await byCommand('user.disabled')).toHaveLength(1);
  });

  test('user reset: the old password is refused and the one-time password that it prints signs in; nobody else\'s changes', async () => {
    await system.addUser('forgetful', 'auditor', PASSWORD);
    const before = await signedIn('forgetful', PASSWORD);
    const { code, output } = await service('user', 'reset', 'forgetful');
    const [, oneTime = ''] = /^one-time password: (\S{12,})$/m.exec(output) ?? [];
    expect([code, oneTime]).toEqual([0, expect.stringMatching(/\S{12,}/)]);
    await expect(before.service.call(auditRoutes.auditList, { params: {}, query: { limit: 1 }, body: {} })).rejects.toMatchObject({ code: 'sign-in.required' });
    await expect(signedIn('forgetful', PASSWORD)).rejects.toMatchObject({ code: 'sign-in.failed' });
    await signedIn('forgetful', oneTime);
    expect(await byCommand('user.password-reset')).toHaveLength(1);
    expect(await service('user', 'reset', 'nobody')).toMatchObject(refused('request.not-found'));
    expect(await service('user', 'reset')).toMatchObject({ code: 1, output: '', errors: expect.stringContaining('missing required argument') });
  });

  test('S22, S41: tunnel show, on and off: says and sets what the page does; a gateway or segment that is none changes nothing', async () => {
    const read = () => system.admin.call(tunnelRoutes.tunnelRead, {});
    expect(await service('tunnel', 'show')).toMatchObject({ code: 0, output: 'tunnel off; default gateway: office1\n', errors: '' });
    expect(await service('tunnel', 'on', '--segment', 'gateway-office1')).toMatchObject({ code: 0, output: 'tunnel on; default segment: gateway-office1\n' });
    expect(await read()).toMatchObject({ enabled: true, default: { kind: 'segment', segment: 'gateway-office1' } });
    expect(await service('tunnel', 'on', '--gateway', 'nowhere')).toMatchObject(refused('request.not-found'));
    expect(await service('tunnel', 'on', '--segment', 'office')).toMatchObject(refused('request.invalid'));
    expect(await service('tunnel', 'on', '--gateway', 'office1', '--segment', 'gateway-office1')).toMatchObject({ code: 1, errors: expect.stringContaining('cannot be used with') });
    expect(await read()).toMatchObject({ enabled: true, default: { kind: 'segment', segment: 'gateway-office1' } });
    expect(await service('tunnel', 'off', '--gateway', 'OFFICE1')).toMatchObject({ code: 0, output: 'tunnel off; default gateway: office1\n' });
    expect(await read()).toMatchObject({ enabled: false, default: { kind: 'gateway' } });
    expect(await byCommand('tunnel.changed')).toHaveLength(2);
  });

  test('S35, S36, S38, S40: gateway add, key and test, as an administrator without the app does it; rule 15: rotate-key and switch-key', async () => {
    const [linkPort = 0, ...proxyPorts] = await freePorts(4);
    const file = join(system.folder, 'branch1.json');
    expect(await service('gateway', 'add', 'branch1', '--segment', 'gateway-branch', '--host', '127.0.0.1', '--link-port', String(linkPort), '--proxy-ports', proxyPorts.join(','), '--out', file)).toMatchObject({ code: 0, errors: '' });
    const { items } = await system.admin.call(gatewaysRoutes.gatewayList, {});
    const [gateway] = items.filter(({ name }) => name === 'branch1');
    if (gateway === undefined) throw new Error('not added');
    added = TestGatewayProcess.of(system.admin, dataOf('branch1'), gateway);
    const line = await installGateway(added.folder, signedGatewayConfiguration.parse(JSON.parse(readFileSync(file, 'utf8'))));
    expect(await service('gateway', 'key', 'branch1', line.slice(0, -9))).toMatchObject(refused('gateway.key-invalid'));
    expect(await service('gateway', 'key', 'nowhere', line)).toMatchObject(refused('request.not-found'));
    expect(await service('gateway', 'key', 'branch1', line)).toMatchObject({ code: 0, output: 'key of gateway branch1 entered\n', errors: '' });
    // Nobody is there to make the next one.
    expect((await service('gateway', 'rotate-key', 'branch1')).code).toBe(1);
    await added.run();
    await added.available();
    expect((await service('gateway', 'list')).output).toMatch(/^branch1 .* available /m);

    // S40: through this gateway to a real target, stage by stage; where there is nothing to be reached the stage that failed is named.
    const tested = await service('gateway', 'test', 'branch1', system.live.name.toUpperCase());
    expect(tested).toMatchObject({ code: 0, errors: '' });
    expect(tested.output).toMatch(/^choice: ok, \d+ ms, branch1\n(?:grant|resolve|tcp|banner|identity): ok[^]*SHA256:\S{43}: the one that is expected\n$/);
    const nobody = (await freePorts(1))[0] ?? 0;
    const { address, operatingSystem } = await system.admin.call(resourcesRoutes.resourceRead, { params: { resourceId: system.live.id } });
    await system.admin.call(resourcesRoutes.resourceCreate, { body: { name: 'nobody-there', address, operatingSystem, protocols: [{ protocol: 'ssh', port: nobody }], allowSpecialAddress: true } });
    expect(await service('gateway', 'test', 'branch1', 'nobody-there', '--protocol', 'ssh')).toMatchObject({ code: 1, errors: '', output: expect.stringMatching(/^tcp: target\.refused, \d+ ms/m) });
    expect(await service('gateway', 'test', 'branch1', 'no-such-host')).toMatchObject(refused('resource.unknown'));
    expect(await service('gateway', 'test', 'branch1', 'nobody-there', '--protocol', 'vnc')).toMatchObject(refused('resource.protocol-unknown'));
    expect(await service('gateway', 'test', 'nowhere', 'nobody-there')).toMatchObject(refused('request.not-found'));
    expect((await byCommand('resource.connection-tested')).map(({ facts }) => [facts['gateway'], facts['ok'], facts['code']])).toEqual([['branch1', false, 'target.refused'], ['branch1', true, null]]);

    const now = added.gateway.keyFingerprint ?? '';
    const rotated = await service('gateway', 'rotate-key', 'branch1');
    const [, next = ''] = /^next fingerprint (SHA256:\S{43}):/m.exec(rotated.output) ?? [];
    expect(rotated).toMatchObject({ code: 0, output: expect.stringContaining(`fingerprint now ${now}\n`), errors: '' });
    expect(next).toMatch(/^SHA256:/);
    expect(await service('gateway', 'switch-key', 'branch1', now)).toMatchObject(refused('gateway.no-next-key'));
    expect(await service('gateway', 'switch-key', 'branch1', next)).toMatchObject({ code: 0, output: `gateway branch1 goes by ${next}; its old key is refused\n`, errors: '' });
    await added.available();
    expect(added.gateway).toMatchObject({ keyFingerprint: next, nextKeyFingerprint: null });
    expect(await service('gateway', 'rotate-key', 'nowhere')).toMatchObject(refused('request.not-found'));
    expect([await byCommand('gateway.key-announced'), await byCommand('gateway.key-rotated')].map((entries) => entries.length)).toEqual([1, 1]);
  });
});

describe('evidence, proven by mavis-service', () => {
  test('S58: recording verify names the one recording that was tampered with, and finds the others whole', async () => {
    await system.addUser('recorded', 'admin', PASSWORD);
    const client = await signedIn('recorded', PASSWORD);
    for (const word of ['first', 'second']) {
      const session = client.open(await client.ask(system.live.id, 'ssh'));
      await session.report('connected');
      session.type(`echo ${word}-$((40+2)); exit\n`);
      await session.until(({ text }) => text.includes(`${word}-42`));
      await session.report('ended');
    }
    await expect.poll(async () => (await recordings()).filter(({ stored, userName }) => stored && userName === 'recorded').length, { timeout: 60_000, interval: 300 }).toBe(2);
    const [tampered = '', whole = ''] = (await recordings()).filter(({ userName }) => userName === 'recorded').map(({ id }) => id);
    const all = await service('recording', 'verify');
    expect(all).toMatchObject({ code: 0, errors: '' });
    for (const id of [tampered, whole]) expect(all.output).toMatch(new RegExp(`^${id}: whole, frames [1-9]`, 'm'));
    expect(await service('recording', 'verify', UNKNOWN_ID)).toMatchObject(refused('request.not-found'));
    expect(await service('recording', 'verify', 'the-first')).toMatchObject(refused('request.invalid'));

    const folder = join(dataOf('service'), 'recordings');
    const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((one) => one.endsWith(`${tampered}.mavisrec`)) ?? 'none';
    const bytes = readFileSync(join(folder, name));
    const middle = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    chmodSync(join(folder, name), 0o600);
    writeFileSync(join(folder, name), bytes);
    const found = await service('recording', 'verify');
    expect(found.code).toBe(1);
    expect(found.output).toMatch(new RegExp(`^${whole}: whole`, 'm'));
    expect(found.output).toMatch(new RegExp(`^${tampered}: (?!whole)`, 'm'));
    expect((await service('recording', 'verify', whole)).code).toBe(0);
  });

  test('rule 18: audit verify --heads names what contradicts a signed head, a head that is not the service\'s, and entries that were cut off; what is no file of heads is refused', async () => {
    const signingKey = createPrivateKey(readFileSync(join(dataOf('service'), 'keys', 'signing.pem'), 'utf8'));
    const signed = (head: Omit<SignedAuditHead, 'signature'>): SignedAuditHead => ({ ...head, signature: sign(null, Buffer.from(auditHeadText(head)), signingKey).toString('base64url') });
    const verify = async (text: string): Promise<ProgramEnd> => {
      const file = join(system.folder, 'heads.jsonl');
      writeFileSync(file, text);
      return service('audit', 'verify', '--heads', file);
    };
    const verifyHead = (head: SignedAuditHead): Promise<ProgramEnd> => verify(`${JSON.stringify(head)}\n`);
    const other = { sequence: 3, hash: Buffer.alloc(32, 7).toString('base64url'), signedAt: new Date().toISOString() };
    expect(await verifyHead(signed(other))).toMatchObject({ code: 1, output: expect.stringMatching(/audit\.chain-broken: entry 3 \(\S+\): head/) });
    expect(await verifyHead({ ...signed(other), signedAt: new Date(0).toISOString() })).toMatchObject({ code: 1, output: expect.stringMatching(/audit\.chain-broken: entry 3: head/) });
    expect(await verifyHead(signed({ ...other, sequence: 1_000_000 }))).toMatchObject({ code: 1, output: expect.stringMatching(/audit\.chain-broken: entry \d+: missing/) });
    expect(await verify('rubbish\n')).toMatchObject(refused('request.invalid'));
    expect(await service('audit', 'verify', '--heads', join(system.folder, 'nowhere'))).toMatchObject(refused('request.not-found'));
  });

  test('rule 18: what a gateway kept proves the chain of a service that was stopped, without either of them running', async () => {
    const { process: running } = system.embedded.serviceProgram;
    const gone = once(running, 'exit');
    // In good order: it signs the chain's end, and the gateways get a copy.
    running.stdin?.end();
    await gone;
    await system.stopGateway();
    const { code, output, errors } = await runProgram(process.execPath, [inRepository('src-gateway', 'main.ts'), 'audit-heads', 'export', '--data', dataOf('gateway')]);
    expect([code, errors]).toEqual([0, '']);
    const kept = parseAuditHeads(output).length;
    expect(kept).toBeGreaterThan(0);
    const file = join(system.folder, 'kept.jsonl');
    writeFileSync(file, output);
    const proven = await service('audit', 'verify', '--heads', file);
    expect(proven).toMatchObject({ code: 0, output: expect.stringContaining('the chain is whole'), errors: '' });
    // The service's own beside those of the gateway.
    expect(Number(/signed heads (\d+)/.exec(proven.output)?.[1])).toBeGreaterThan(kept);
  });
});
