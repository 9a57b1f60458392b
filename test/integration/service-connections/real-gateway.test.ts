import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConnectionOffer, watchOffer } from '../../../shared/api/connections.ts';
import { gateway as gatewaySchema } from '../../../shared/api/gateways.ts';
import { connectionTest } from '../../../shared/api/resources.ts';
import { signedGatewayConfiguration } from '../../../shared/gateway-configuration.ts';
import type { GatewayId } from '../../../shared/ids.ts';
import { encodeFrame, frameType } from '../../../shared/proxy-stream/frames.ts';
import { decodeFrames, frameKind } from '../../../shared/recording/recording-frame.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { CountedDuplex } from '../../../src-gateway/proxy-port/counted-duplex.ts';
import { BytesAnswer, type RequestContext } from '../../../src-service/http/bound-route.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { GatewaySideWorld } from '../../fixtures/gateway-side-world.ts';
import { wholeFrames } from '../../fixtures/whole-frames.ts';
import { HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { makeKeyPair, type TestKeyPair } from '../../fixtures/key-pair.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

let world: GatewaySideWorld;
let admin: RequestContext;
let user: RequestContext;
let clientKey: TestKeyPair;
let watcherKey: TestKeyPair;
let target: OpenSshTarget;
let folder: string;
let gateway: ChildProcess | undefined;
let gatewayId: GatewayId;
let gatewayLog = '';

const command = (...parameters: string[]): ChildProcess => spawn(process.execPath, ['src-gateway/main.ts', ...parameters, '--data', join(folder, 'gateway')], { stdio: ['pipe', 'pipe', 'pipe'] });
async function startGateway(): Promise<void> {
  const started = command('start', '--exit-with-stdin');
  started.stderr?.on('data', (chunk: Buffer) => (gatewayLog += chunk.toString()));
  if (started.stdout === null) throw new Error('no output');
  await once(started.stdout, 'data');
  gateway = started;
}

beforeAll(async () => {
  [world, target, clientKey, folder] = await Promise.all([GatewaySideWorld.start(), startOpenSshTarget(), makeKeyPair('CN=client'), mkdtemp(join(tmpdir(), 'mavis-real-gateway-'))]);
  watcherKey = await makeKeyPair('CN=watcher');
  admin = await world.user('admin');
  user = { ...(await world.user('user')), clientKeyThumbprint: clientKey.thumbprint };
  world.credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey };
  const [linkPort = 0, ...proxyPorts] = await freePorts(4);
  const answer = Object(await world.call('gatewayRegister', { body: { name: 'office1', segment: 'gateway-office1', addresses: { host: '127.0.0.1', linkPort, proxyPorts } } }, admin));
  gatewayId = gatewaySchema.parse(answer.gateway).id;
  await writeFile(join(folder, 'office1.json'), JSON.stringify(signedGatewayConfiguration.parse(answer.configurationFile)));
  const init = command('init', '--config', join(folder, 'office1.json'));
  if (init.stdout === null) throw new Error('no output');
  const printed = await text(init.stdout);
  await startGateway();
  await world.call('gatewayEnterKey', { params: { gatewayId }, body: { line: printed.trimEnd().split('\n').at(-1) } }, admin);
  await world.state(gatewayId, 'available');
});
afterAll(async () => {
  await world.stop();
  if (gateway !== undefined && gateway.exitCode === null) {
    const closed = once(gateway, 'close');
    gateway.stdin?.end();
    await closed;
  }
  await target.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

const resource = (identities = [target.hostKeyFingerprint]) => world.resource(['gateway-office1'], { address: target.host, protocols: [{ protocol: 'ssh', port: target.port }], identities, allowSpecialAddress: true });

/** Dials what was offered and says hello; gives the connection and how the gateway answered. */
async function dial(offer: ConnectionOffer): Promise<{ client: HostileProxyClient; stream: CountedDuplex; outcome: string; resume: () => Promise<HostileProxyClient> }> {
  const [hop] = offer.hops;
  const open = async (): Promise<HostileProxyClient> => {
    const opened = await HostileProxyClient.open(hop?.ports[0]?.[0] ?? 0, clientKey);
    opened.onStreamFrame = (frame) => stream.takeFrame(frame);
    return opened;
  };
  const stream = new CountedDuplex({ clock: systemClock(), write: (...parts) => parts.forEach((part) => carrier.socket.write(part)) });
  const client = await open();
  let carrier = client;
  client.hello(hop?.ticket ?? '', { terminal: { columns: 100, rows: 30 } });
  const resume = async (): Promise<HostileProxyClient> => {
    carrier = await open();
    const { resumeSecret } = await client.frame(frameType.accepted);
    carrier.send(frameType.resume, { version: 1, resumeSecret, epoch: 1, received: stream.counts.received });
    stream.resend(Number((await carrier.frame(frameType.resumed))['received']));
    return carrier;
  };
  return { client, stream, outcome: await client.outcome(), resume };
}

/** A shell on the target, by way of the gateway. */
async function shellOf({ client, stream }: { client: HostileProxyClient; stream: CountedDuplex }): Promise<{ ssh: ssh2.Client; shell: ssh2.ClientChannel; printed: () => string }> {
  const { sshHostKey } = await client.frame(frameType.accepted);
  const ssh = new ssh2.Client();
  ssh.connect({ sock: stream, username: 'user', readyTimeout: 60_000, hostVerifier: (key: Buffer) => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}` === sshHostKey });
  await once(ssh, 'ready');
  ssh.on('error', () => undefined);
  const shell = await new Promise<ssh2.ClientChannel>((resolve, reject) => ssh.shell({ term: 'xterm', cols: 100, rows: 30 }, (error, channel) => (error === undefined ? resolve(channel) : reject(error))));
  let printed = '';
  shell.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  return { ssh, shell, printed: () => printed };
}
const finals = async (reference: string) => (await world.audit(reference)).filter(({ kind }) => /^connection\.(ended|failed|not-used)$/.test(kind)).map(({ kind, facts }) => [kind, facts['code']]);
const recordingOf = (connectionId: string) =>
  world.until(async () => (await world.recordings()).find((one) => one.connectionId === connectionId && one.releasedAt !== null), `the recording stored\n${gatewayLog.slice(-2000)}`);

describe('with the real gateway and a real OpenSSH server', () => {
  test('S40, rule 14: the connection test reads the host key', async () => {
    const found = connectionTest.parse(await world.call('resourceConnectionTest', { params: { resourceId: await resource([]) }, body: { protocol: 'ssh' } }, admin));
    expect(found.stages.filter(({ ok }) => !ok)).toEqual([]);
    expect(found.identity).toMatchObject({ fingerprint: target.hostKeyFingerprint, expected: false });
  });

  test('rule 13: a service that has moved tells a gateway that was installed before: it is dialled there no more, whatever a resource allows', async () => {
    const resourceId = await resource();
    const resolved = async () => connectionTest.parse(await world.call('resourceConnectionTest', { params: { resourceId }, body: { protocol: 'ssh' } }, admin)).stages.filter(({ stage }) => stage === 'resolve').map(({ ok, code }) => [ok, code ?? null]);
    expect(await resolved()).toEqual([[true, null]]);
    const before = world.serviceAddresses;
    world.serviceAddresses = [`${target.host}:${String(target.port)}`];
    // With the next status.
    await world.syncNow(gatewayId, admin);
    await expect.poll(resolved, { timeout: 60_000, interval: 500 }).toEqual([[false, 'target.address-forbidden']]);
    world.serviceAddresses = before;
    await world.syncNow(gatewayId, admin);
    await expect.poll(resolved, { timeout: 60_000, interval: 500 }).toEqual([[true, null]]);
  });

  test('rule 14, S16, S18, S19: an unknown host key refuses: an audit and an error entry, no recording', async () => {
    const offer = await world.ask(await resource([]), user);
    const { client, outcome } = await dial(offer);
    expect(outcome).toBe('target.identity-unknown');
    await world.connectionIn(offer.connectionId, 'failed');
    expect(await finals(offer.reference)).toEqual([['connection.failed', 'target.identity-unknown']]);
    expect((await world.errorsUnder(offer.reference)).map(({ code, leg }) => [code, leg])).toEqual([['target.identity-unknown', 'L4']]);
    expect((await world.recordings()).filter(({ connectionId }) => connectionId === offer.connectionId)).toEqual([]);
    client.destroy();
  });

  test('S2, S3, S14, S15, S54, S55, S56, S58: a shell, its entries, and a recording that plays', async () => {
    const offer = await world.ask(await resource(), user);
    const dialled = await dial(offer);
    expect(dialled.outcome).toBe('accepted');
    const { ssh, shell, printed } = await shellOf(dialled);
    shell.write('echo reached-$((40 + 2))\n');
    await world.until(async () => (printed().includes('reached-42') ? true : undefined), 'the echo');
    expect((await world.connectionIn(offer.connectionId, 'connected')).gatewayName).toBe('office1');
    shell.end('exit 3\n');
    await once(shell, 'close');
    ssh.end();
    await world.connectionIn(offer.connectionId, 'ended');
    expect((await finals(offer.reference)).map(([kind]) => kind)).toEqual(['connection.ended']);
    const recording = await recordingOf(offer.connectionId);
    expect(recording).toMatchObject({ state: 'sealed', code: null, resourceName: offer.resource.name, userName: user.user.name });
    expect(await world.call('recordingVerify', { params: { recordingId: recording.id } }, admin)).toMatchObject({ ok: true, signed: true });
    const answer = await world.call('recordingAsciicast', { params: { recordingId: recording.id }, query: { version: 2 } }, admin);
    if (!(answer instanceof BytesAnswer) || !(answer.body instanceof Readable)) throw new Error('a stream was expected');
    expect(await text(answer.body)).toContain('reached-42');
    dialled.client.destroy();
  });

  test('rule 11: terminated by an administrator: the session ends with the reason, within moments', async () => {
    const offer = await world.ask(await resource(), user);
    const dialled = await dial(offer);
    await shellOf(dialled);
    await world.connectionIn(offer.connectionId, 'connected');
    expect(await world.call('connectionTerminate', { params: { connectionId: offer.connectionId }, body: { reason: 'test' } }, admin)).toEqual({ confirmed: true });
    expect(await dialled.client.closeCode()).toBe('session.terminated');
    await world.connectionIn(offer.connectionId, 'ended');
    expect(await finals(offer.reference)).toEqual([['connection.ended', 'session.terminated']]);
    expect((await recordingOf(offer.connectionId)).state).toBe('sealed');
    dialled.client.destroy();
  });

  test('rule 11: a revoked user: the grant dies, and for a minute no other is taken', async () => {
    const leaver = { ...(await world.user('user')), clientKeyThumbprint: clientKey.thumbprint };
    const offer = await world.ask(await resource(), leaver);
    await world.revokeUser(leaver.user.id);
    const { client, outcome } = await dial(offer);
    expect(outcome).not.toBe('accepted');
    await expect(world.ask(await resource(), leaver)).rejects.toMatchObject({ code: 'session.user-disabled' });
    client.destroy();
  });

  /** A session of the user's that has printed something, and a second one's way to look at it. */
  async function watchedSession() {
    const offer = await world.ask(await resource(), user);
    const dialled = await dial(offer);
    const { shell, printed } = await shellOf(dialled);
    shell.write('echo before-$((40+2))\n');
    await world.until(async () => (printed().includes('before-42') ? true : undefined), 'the first output');
    await world.connectionIn(offer.connectionId, 'connected');
    const watchedBy = (): unknown[] => dialled.client.seen.flatMap(({ type, value }) => (type === frameType.message && value['kind'] === 'watched' ? [[value['watchers'], value['by']]] : []));
    return { offer, dialled, shell, printed, watchedBy };
  }

  async function watch(connectionId: string, auditor: RequestContext) {
    const offer = watchOffer.parse(await world.call('connectionWatch', { params: { connectionId } }, auditor));
    const client = await HostileProxyClient.open(offer.hops[0]?.ports[0]?.[0] ?? 0, watcherKey);
    const stream = client.openStream();
    client.hello(offer.hops[0]?.ticket ?? '', {});
    expect(await client.outcome()).toBe('accepted');
    const shown = (): string => Buffer.concat(decodeFrames(wholeFrames(Buffer.concat(client.received))).flatMap(({ kind, payload }) => (kind === frameKind.output ? [payload] : []))).toString('latin1');
    return { offer, client, stream, shown };
  }
  const watches = async (reference: string) => (await world.audit(reference)).filter(({ kind }) => kind.startsWith('connection.watch-'));

  test('S58, rule 21: an auditor sees a running session, what stood there too; what he sends reaches nothing; the user is told, and the audit log holds beginning and end', async () => {
    const auditor = { ...(await world.user('auditor')), clientKeyThumbprint: watcherKey.thumbprint };
    const { offer, dialled, shell, printed, watchedBy } = await watchedSession();
    const { client, stream, shown } = await watch(offer.connectionId, auditor);
    await world.until(async () => (shown().includes('before-42') ? true : undefined), 'what stood there');
    await world.until(async () => (watchedBy().length === 1 ? true : undefined), 'the user being told');
    expect(watchedBy()).toEqual([[1, []]]);

    stream.send(Buffer.from('echo intruder\n'));
    shell.write('echo after-$((40+3))\n');
    await world.until(async () => (shown().includes('after-43') ? true : undefined), 'what is shown live');
    shell.write('echo last-$((40+4))\n');
    await world.until(async () => (printed().includes('last-44') ? true : undefined), 'the last output');
    expect(printed()).not.toContain('intruder');

    client.send(frameType.close, { code: 'session.closed-by-user', args: {} });
    await world.until(async () => (watchedBy().length === 2 ? true : undefined), 'the user being told of the end');
    expect(watchedBy()[1]).toEqual([0, []]);
    const entries = await world.until(async () => ((await watches(offer.reference)).length === 3 ? watches(offer.reference) : undefined), 'the entries');
    expect(entries.map(({ kind }) => kind)).toEqual(['connection.watch-asked', 'connection.watch-began', 'connection.watch-ended']);
    for (const { facts } of entries.slice(1)) expect(facts).toMatchObject({ watcherId: auditor.user.id, watcher: auditor.user.name });
    expect(entries[2]?.facts).toMatchObject({ code: 'session.watch-ended', refusedBytes: 14 });
    expect((await finals(offer.reference))).toEqual([]);
    client.destroy();
    dialled.client.destroy();
  });

  test('S58, Resume: a watcher stays where the line of the user is cut: he sees what the target prints meanwhile, and what the user does who is back', async () => {
    const auditor = { ...(await world.user('auditor')), clientKeyThumbprint: watcherKey.thumbprint };
    const { offer, dialled, shell, printed } = await watchedSession();
    const { client, shown } = await watch(offer.connectionId, auditor);
    await world.until(async () => (shown().includes('before-42') ? true : undefined), 'what stood there');
    const cut = join(tmpdir(), `mavis-cut-${randomUUID()}`);
    shell.write(`until [ -e ${cut} ]; do sleep 0.05; done; echo meanwhile-$((40+3))\n`);
    await world.until(async () => (printed().includes('until') ? true : undefined), 'the echo');
    dialled.client.socket.destroy();
    await world.until(async () => ((await world.audit(offer.reference)).some(({ kind }) => kind === 'connection.cut') ? true : undefined), 'the cut being told');
    await writeFile(cut, '');
    await world.until(async () => (shown().includes('meanwhile-43') ? true : undefined), 'what is printed while nobody is there');
    expect(printed()).not.toContain('meanwhile-43');
    const back = await dialled.resume();
    shell.write('echo back-$((40+4))\n');
    await world.until(async () => (printed().includes('back-44') ? true : undefined), 'the user being back');
    expect(printed()).toContain('meanwhile-43');
    await world.until(async () => (shown().includes('back-44') ? true : undefined), 'what the user does then');
    expect((await watches(offer.reference)).map(({ kind }) => kind)).not.toContain('connection.watch-ended');
    for (const one of [client, back]) one.destroy();
    await rm(cut);
  });

  test('S58: a watcher who takes nothing in holds up nothing, and is shown what is there when he does; his watch ends with the session', async () => {
    const operator = { ...(await world.user('operator')), clientKeyThumbprint: watcherKey.thumbprint };
    const { offer, dialled, shell, printed } = await watchedSession();
    const { client, shown } = await watch(offer.connectionId, operator);
    await world.until(async () => (shown().includes('before-42') ? true : undefined), 'what stood there');
    client.socket.pause();
    // It is there and says so, however long the machine takes.
    const sign = setInterval(() => client.sendRaw(encodeFrame(frameType.ping, new Uint8Array(8))), 5000);
    // 8 MB: more than the watcher's window and the gateway's queue hold together.
    shell.write('seq 1 1000000; echo done-$((40+2))\n');
    await world.until(async () => (/done-42\r/.test(printed().slice(-200)) ? true : undefined), 'the whole output at the user');
    clearInterval(sign);
    client.socket.resume();
    await world.until(async () => (shown().slice(-300).includes('done-42') ? true : undefined), 'the end of it at the watcher');
    expect(Buffer.concat(client.received).length).toBeLessThan(7_000_000);
    await world.call('connectionTerminate', { params: { connectionId: offer.connectionId }, body: { reason: 'test' } }, admin);
    expect(await client.closeCode()).toBe('session.terminated');
    const entries = await world.until(async () => ((await watches(offer.reference)).length === 3 ? watches(offer.reference) : undefined), 'the entries');
    expect(Number(entries[2]?.facts['skips'])).toBeGreaterThan(0);
    client.destroy();
    dialled.client.destroy();
  });

  test('S58, rule 26: who may not watch learns nothing, a ticket works for its own key alone, and whoever loses his role sees no more', async () => {
    const auditor = { ...(await world.user('auditor')), clientKeyThumbprint: watcherKey.thumbprint };
    const { offer, dialled, shell, printed } = await watchedSession();
    await expect(world.call('connectionWatch', { params: { connectionId: offer.connectionId } }, user)).rejects.toMatchObject({ code: 'request.not-found' });
    await expect(world.call('connectionWatch', { params: { connectionId: randomUUID() } }, auditor)).rejects.toMatchObject({ code: 'request.not-found' });
    const theirs = watchOffer.parse(await world.call('connectionWatch', { params: { connectionId: offer.connectionId } }, auditor));
    const thief = await dial(theirs);
    expect(thief.outcome).toBe('ticket.refused');
    thief.client.destroy();

    const { client, shown } = await watch(offer.connectionId, auditor);
    await world.until(async () => (shown().includes('before-42') ? true : undefined), 'what stood there');
    await world.endWatches(auditor.user.id);
    expect(await client.closeCode()).toBe('session.access-changed');
    shell.write('echo goes-$((40+2))-on\n');
    await world.until(async () => (printed().includes('goes-42-on') ? true : undefined), 'the session going on');
    client.destroy();
    dialled.client.send(frameType.close, { code: 'session.closed-by-user', args: {} });
    await world.connectionIn(offer.connectionId, 'ended');
    await expect(world.call('connectionWatch', { params: { connectionId: offer.connectionId } }, auditor)).rejects.toMatchObject({ code: 'session.not-running' });
    dialled.client.destroy();
  });

  test('S12, S13, S69: the gateway is killed in a session: unavailable; back again, the end and the recovered recording are told', async () => {
    const offer = await world.ask(await resource(), user);
    const dialled = await dial(offer);
    const { shell, printed } = await shellOf(dialled);
    shell.write('echo before-the-crash\n');
    await world.until(async () => (printed().split('before-the-crash').length > 2 ? true : undefined), 'the echo');
    await world.connectionIn(offer.connectionId, 'connected');
    // The spool is on disk within a second, by the gateway's clock; a busy machine is late.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    gateway?.kill('SIGKILL');
    if (gateway !== undefined) await once(gateway, 'close');
    await world.state(gatewayId, 'unavailable');
    await expect(world.ask(await resource(), user)).rejects.toMatchObject({ code: 'gateway.none-available' });
    await startGateway();
    await world.syncNow(gatewayId, admin);
    await world.state(gatewayId, 'available');
    await world.connectionIn(offer.connectionId, 'ended');
    expect(await finals(offer.reference)).toEqual([['connection.ended', 'gateway.restarted']]);
    const recording = await recordingOf(offer.connectionId);
    expect(recording.state).toBe('recovered');
    expect((await world.errorsUnder(offer.reference)).map(({ code }) => code)).toEqual(recording.code === null ? [] : [recording.code]);
    dialled.client.destroy();
  });

  test('a ticket that nobody used: not used, as the real journal tells of nothing', async () => {
    const offer = await world.ask(await resource(), user);
    world.clock.advance(33_000);
    await world.connectionIn(offer.connectionId, 'not-used');
    expect(await finals(offer.reference)).toEqual([['connection.not-used', 'connect.not-used']]);
  });
});
