import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseGatewayKeyLine } from '../../../shared/gateway-key.ts';
import { connectionReferenceFrom } from '../../../shared/ids.ts';
import { type JournalEvent, targetGrant, type TargetGrant } from '../../../shared/link/messages.ts';
import { frameType } from '../../../shared/proxy-stream/frames.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { CountedDuplex } from '../../../src-gateway/proxy-port/counted-duplex.ts';
import { ticketSha256 } from '../../../src-gateway/tickets/ticket.ts';
import { GatewayLink } from '../../../src-service/link/gateway-link.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { makeKeyPair, type TestKeyPair } from '../../fixtures/key-pair.ts';
import { makeConfiguration, makeServiceKeys, signedConfigurationText } from '../../fixtures/signed-gateway-configuration.ts';
import { type OpenSshTarget, startOpenSshTarget } from '../../targets/open-ssh-target.ts';

/** The gateway as a process, the service's own link, an OpenSSH server: nothing here stands in for anything. */
describe('the whole way: the gateway\'s process, the service\'s link, a real OpenSSH server', () => {
  const service = makeServiceKeys();
  let folder: string;
  let target: OpenSshTarget;
  let gateway: ChildProcess;
  let log = '';
  let link: GatewayLink;
  let clientKey: TestKeyPair;
  let ports: number[];
  const limit = { timeLimitMs: 60_000 };

  const command = (...parameters: string[]): ChildProcess => spawn(process.execPath, ['src-gateway/main.ts', ...parameters, '--data', join(folder, 'data')], { stdio: ['pipe', 'pipe', 'pipe'] });
  const startGateway = async (): Promise<void> => {
    gateway = command('start', '--exit-with-stdin');
    gateway.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
    if (gateway.stdout === null) throw new Error('no output');
    await once(gateway.stdout, 'data');
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mavis-whole-way-'));
    const [serviceKey, madeClientKey] = await Promise.all([makeKeyPair('CN=service'), makeKeyPair('CN=client')]);
    [clientKey, target, ports] = [madeClientKey, await startOpenSshTarget(), await freePorts(4)];
    const [linkPort = 0, first = 0, second = 0, third = 0] = ports;
    await writeFile(join(folder, 'office1.json'), signedConfigurationText(service, makeConfiguration(service, [serviceKey.thumbprint], { link: linkPort, proxy: [first, second, third] })));
    const init = command('init', '--config', join(folder, 'office1.json'));
    let printed = '';
    init.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')));
    await once(init, 'close');
    const keys = parseGatewayKeyLine(printed.trimEnd().split('\n').at(-1) ?? '');
    await startGateway();
    link = new GatewayLink({
      address: { gatewayName: 'office1', host: '127.0.0.1', port: linkPort, pins: [createHash('sha256').update(Buffer.from(keys.tls, 'base64url')).digest('base64url')] },
      identity: { certificatePem: serviceKey.certificatePem, keyPem: serviceKey.keyPem },
      random: Math.random,
      onControlOpen: () => undefined,
      onControlLost: () => undefined,
    });
  });
  afterAll(async () => {
    link.stop();
    const closed = once(gateway, 'close');
    gateway.stdin?.end();
    await closed;
    await target.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const grantFor = async (changes: Partial<TargetGrant['target']> = {}): Promise<{ grant: TargetGrant; ticket: string }> => {
    const ticket = randomBytes(32).toString('base64url');
    const grant = targetGrant.parse({
      kind: 'target', connectionId: randomUUID(), reference: connectionReferenceFrom(randomBytes(10)), ticketSha256: ticketSha256(ticket), clientKeyThumbprint: clientKey.thumbprint, ticketSeconds: 30,
      notAfter: new Date(Date.now() + 3_600_000).toISOString(), user: { id: randomUUID(), name: 'aiko', displayName: 'Aiko' }, resource: { id: randomUUID(), name: 'files-1' }, protocol: 'ssh',
      target: { host: target.host, port: target.port, allowSpecialAddress: true, identities: [target.hostKeyFingerprint], firstUseTrust: false, ...changes },
      credential: { kind: 'private-key', userName: target.user, privateKey: target.privateKey }, policy: { exec: true },
    });
    await link.grant(grant, limit);
    return { grant, ticket };
  };

  /** Opens a session and an SSH client in it. */
  const openSsh = async (ticket: string): Promise<{ client: HostileProxyClient; ssh: ssh2.Client; stream: CountedDuplex }> => {
    const client = await HostileProxyClient.open(ports[1] ?? 0, clientKey);
    // The target's first bytes come right behind `accepted`.
    const stream = new CountedDuplex({ clock: systemClock(), write: (...parts) => parts.forEach((part) => client.socket.write(part)) });
    client.onStreamFrame = (frame) => stream.takeFrame(frame);
    client.hello(ticket, { terminal: { columns: 100, rows: 30 } });
    const outcome = await client.outcome();
    if (outcome !== 'accepted') throw new Error(outcome);
    const { sshHostKey } = await client.frame(frameType.accepted);
    const ssh = new ssh2.Client();
    // ssh2 takes any stream; its types say Readable and use it as a Duplex.
    ssh.connect({ sock: stream, username: 'aiko', readyTimeout: 10_000, hostVerifier: (key: Buffer) => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}` === sshHostKey });
    await once(ssh, 'ready');
    ssh.on('error', () => undefined);
    return { client, ssh, stream };
  };

  const journalOf = async (grant: TargetGrant, ...kinds: JournalEvent['kind'][]): Promise<readonly JournalEvent[]> => {
    const endMs = performance.now() + 20_000;
    for (;;) {
      const events = (await link.journalRead({ epoch: 1, after: 0, limit: 500 }, limit)).filter(({ connectionId }) => connectionId === grant.connectionId);
      if (kinds.every((kind) => events.some((event) => event.kind === kind))) return events;
      if (performance.now() > endMs) throw new Error(`journal has only ${JSON.stringify(events.map((event) => [event.kind, event.facts['code']]))}\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  test('S2, S3, S15, S20, S54, S55, S58: a shell on the target, its end in the journal, its recording pulled, verified by hash and released', async () => {
    const { grant, ticket } = await grantFor();
    const { client, ssh } = await openSsh(ticket);
    const shell = await new Promise<ssh2.ClientChannel>((resolve, reject) => ssh.shell({ term: 'xterm', cols: 100, rows: 30 }, (error, channel) => (error === undefined ? resolve(channel) : reject(error))));
    let printed = '';
    shell.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')));
    shell.write('echo reached-$((40 + 2)); stty size\n');
    await expect.poll(() => printed, { timeout: 60_000 }).toMatch(/reached-42[\s\S]*30 100/);
    const { recordingId } = await client.frame(frameType.message);
    expect((await link.status(1, limit)).recordings.map((one) => one.recordingId)).toContain(recordingId);
    shell.end('exit 3\n');
    await once(shell, 'close');
    ssh.end();
    // The one is written when the recording is whole, the other when the session is over.
    const events = await journalOf(grant, 'recording-closed', 'ended');
    expect(events.map(({ kind }) => kind).toSorted()).toEqual(['connected', 'ended', 'granted', 'recording-closed', 'ticket-used']);
    expect(events.find(({ kind }) => kind === 'ended')?.facts).toMatchObject({ recordingId, targetIdentity: target.hostKeyFingerprint });
    const spooled = (await link.recordingList()).find((one) => one.recordingId === recordingId);
    if (spooled === undefined) throw new Error('the recording is not in the spool');
    expect(spooled).toMatchObject({ connectionId: grant.connectionId, state: 'sealed' });
    const pieces: Uint8Array[] = [];
    for (let offset = 0; offset < spooled.sizeBytes; offset += pieces.at(-1)?.length ?? 0) pieces.push(await link.recordingRead({ recordingId: spooled.recordingId, offset, length: 1000 }));
    const sha256 = createHash('sha256').update(Buffer.concat(pieces)).digest('base64url');
    expect(sha256).toBe(spooled.sha256);
    await link.recordingRelease({ epoch: 1, recordingId: spooled.recordingId, sha256 });
    expect((await link.recordingList()).some((one) => one.recordingId === recordingId)).toBe(false);
    client.destroy();
  });

  test('10 MiB of the target reach the client whole, through both ends of SSH and the counted stream', async () => {
    const { ticket } = await grantFor();
    const { client, ssh } = await openSsh(ticket);
    const command10 = 'head -c 10485760 /dev/urandom | tee /tmp/mavis-ten-mib-$$ | sha256sum >&2; cat /tmp/mavis-ten-mib-$$; rm /tmp/mavis-ten-mib-$$';
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) => ssh.exec(command10, (error, one) => (error === undefined ? resolve(one) : reject(error))));
    const [hash, errors] = [createHash('sha256'), [] as string[]];
    let bytes = 0;
    channel.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    channel.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString('utf8')));
    await once(channel, 'close');
    expect(bytes).toBe(10_485_760);
    expect(errors.join('')).toContain(hash.digest('hex'));
    ssh.end();
    client.destroy();
  });

  test('rule 14: a host key that is not the confirmed one refuses before any credential, and the journal has the key that was seen', async () => {
    const { grant, ticket } = await grantFor({ identities: [target.secondHostKeyFingerprint] });
    const client = await HostileProxyClient.open(ports[1] ?? 0, clientKey);
    client.hello(ticket);
    expect(await client.frame(frameType.failed)).toMatchObject({ code: 'target.identity-changed', credentialSent: false });
    expect((await journalOf(grant, 'failed')).find(({ kind }) => kind === 'identity-seen')?.facts).toMatchObject({ code: 'target.identity-changed', fingerprint: target.hostKeyFingerprint });
  });

  test('rule 14: the connection test reads the host key without sending a credential', async () => {
    const result = await link.probe({ protocol: 'ssh', target: { host: target.host, port: target.port, allowSpecialAddress: true, identities: [], firstUseTrust: false }, timeLimitMs: 10_000 });
    expect(result.stages.map(({ stage, ok }) => [stage, ok])).toEqual([['resolve', true], ['tcp', true], ['banner', true], ['identity', true]]);
    expect(result.identity?.fingerprint).toBe(target.hostKeyFingerprint);
    expect(result.stages.find(({ stage }) => stage === 'banner')?.detail).toMatch(/^SSH-2\.0-OpenSSH/);
  });

  test('rule 12, S69: a gateway that is killed in a session ends that connection in its journal when it starts again, and its recording is recovered', async () => {
    const { grant, ticket } = await grantFor();
    const { client, ssh } = await openSsh(ticket);
    const shell = await new Promise<ssh2.ClientChannel>((resolve, reject) => ssh.shell((error, channel) => (error === undefined ? resolve(channel) : reject(error))));
    shell.write('echo before the fall\n');
    await once(shell, 'data');
    const { recordingId } = await client.frame(frameType.message);
    await journalOf(grant, 'connected');
    const closed = once(gateway, 'close');
    gateway.kill('SIGKILL');
    await closed;
    await startGateway();
    const events = await journalOf(grant, 'ended');
    expect(events.filter(({ kind }) => kind === 'ended' || kind === 'failed').map(({ facts }) => facts['code'])).toEqual(['gateway.restarted']);
    await expect.poll(async () => (await link.recordingList()).find((one) => one.recordingId === recordingId)?.state).toBe('recovered');
    client.destroy();
    ssh.destroy();
  });

  test('B16: nothing of the credential is in the gateway\'s log', () => {
    const line = target.privateKey.split('\n')[2] ?? 'none';
    expect(line.length).toBeGreaterThan(20);
    expect(log).not.toContain(line);
    expect(log).toContain('session ended');
  });
});
