import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MavisError } from '../../../shared/errors/mavis-error.ts';
import { probeSsh } from '../../../src-gateway/ssh/probe-ssh.ts';
import { startHostileServer, type HostileServer, type Hostility } from '../../fixtures/hostile-ssh-server.ts';
import { makeSpool, type TestSpool } from '../../fixtures/recording-spool.ts';
import { openShell, signOn, type SignOnWitness, socketPair, startSession } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';

let spool: TestSpool;
let server: HostileServer | undefined;

beforeEach(async () => {
  spool = await makeSpool();
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await spool.remove();
});

async function attempt(hostility: Hostility): Promise<MavisError & { witness: SignOnWitness }> {
  const error = await signOn(spool, await grantFor(hostility)).then(
    () => undefined,
    (thrown: unknown) => thrown as MavisError & { witness: SignOnWitness },
  );
  if (error === undefined) throw new Error('it was signed on to');
  return error;
}

async function grantFor(hostility: Hostility): Promise<ReturnType<typeof makeTargetGrant>> {
  server = await startHostileServer(hostility);
  return makeTargetGrant({ host: '127.0.0.1', port: server.port, identities: [server.hostKeyFingerprint], credential: { kind: 'password', userName: 'aiko', password: 'canary-of-the-password' } });
}

describe('a target that misbehaves before the sign-on gets no credential, and the session fails with a code', () => {
  test.each([
    ['silent', 'target.time-out'],
    ['endless-greeting', 'target.protocol-error'],
    ['garbage', 'target.protocol-error'],
    ['huge-packet', 'target.protocol-error'],
    ['leaves-in-key-exchange', 'target.protocol-error'],
  ] as const)('%s: %s', async (hostility, code) => {
    const before = process.memoryUsage().rss;
    const error = await attempt(hostility);
    expect(error).toMatchObject({ code, witness: { credentialsSent: 0 } });
    expect(error.entry).toMatchObject({ leg: 'L4', actor: 'target-administrator' });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    expect(spool.spool.list()).toEqual([]);
  });

  test('A25: a server that offers chacha20 alone is not signed on to', async () => {
    expect(await attempt('only-chacha20')).toMatchObject({ code: 'target.no-common-algorithm', witness: { credentialsSent: 0 } });
    expect(server?.passwords).toEqual([]);
  });

  test('A25: the gateway asks for strict key exchange, and offers neither chacha20 nor CBC nor SHA-1', async () => {
    await attempt('leaves-in-key-exchange');
    const offered = server?.received().toString('latin1') ?? '';
    expect(offered).toContain('kex-strict-c-v00@openssh.com');
    expect(offered).toContain('aes128-gcm@openssh.com');
    expect(offered).not.toMatch(/chacha20|-cbc|sha1|md5|ssh-rsa|ssh-dss/);
  });

  test('A25: a packet slipped in before a strict key exchange ends it', async () => {
    expect(await attempt('packet-before-strict-key-exchange')).toMatchObject({ code: 'target.protocol-error', witness: { credentialsSent: 0 } });
  });

  test('A24: a key that is not the confirmed one blocks, with both fingerprints, before any credential', async () => {
    server = await startHostileServer('never-answers-sign-on');
    const expected = `SHA256:${'A'.repeat(43)}`;
    const grant = makeTargetGrant({ host: '127.0.0.1', port: server.port, identities: [expected], credential: { kind: 'password', userName: 'aiko', password: 'canary' } });
    await expect(signOn(spool, grant)).rejects.toMatchObject({ code: 'target.identity-changed', args: { expected, seen: server.hostKeyFingerprint }, witness: { credentialsSent: 0 } });
    expect(server.passwords).toEqual([]);
  });
});

describe('a target that misbehaves in the sign-on', () => {
  test('and never answers is given up', async () => {
    expect(await attempt('never-answers-sign-on')).toMatchObject({ code: 'target.time-out', witness: { credentialsSent: 1 } });
  });

  test('and leaves is lost, and not tried again', async () => {
    const error = await attempt('leaves-in-sign-on');
    expect(error).toMatchObject({ code: 'target.lost', witness: { credentialsSent: 1 } });
    expect(error.entry.anotherGateway).toBe(false);
  });

  test('and asks again and again gets the password once', async () => {
    expect(await attempt('endless-prompts')).toMatchObject({ code: 'target.sign-on-refused' });
    expect(server?.passwords.length).toBeLessThanOrEqual(1);
  });

  test('its banner reaches the client as bounded text without control characters', async () => {
    const { target } = await signOn(spool, await grantFor('hostile-banner'));
    const banners: string[] = [];
    const { near, far } = await socketPair();
    const client = new ssh2.Client();
    const ended = target.run({ clientStream: far, signal: new AbortController().signal, connected: () => undefined, activity: () => undefined });
    client.on('banner', (text) => banners.push(text));
    client.connect({ sock: near, username: 'x', hostVerifier: () => true });
    await once(client, 'ready');
    client.end();
    await ended;
    expect(banners.join('')).toMatch(/^\[2J\]0;ownedWelcome x+\s*$/);
    expect(banners.join('').length).toBeLessThan(4200);
  });
});

describe('a target that misbehaves in the session', () => {
  test.each([['a terminal', {}, 'target.no-terminal'], ['a shell without one', false, 'target.lost']] as const)('S16, S19: and leaves when asked for %s is told as what it is, and leaves no recording', async (_what, asked, code) => {
    const one = await startSession((await signOn(spool, await grantFor('leaves-when-asked-for-anything'))).target);
    await openShell(one.client, asked);
    expect(await one.ended).toMatchObject({ code });
    expect(one.connected).toEqual([]);
    expect(spool.spool.list()).toEqual([]);
  });

  test('and floods beyond the window while the client does not read is cut off, and the gateway does not grow', async () => {
    const one = await startSession((await signOn(spool, await grantFor('floods-the-window'))).target);
    const before = process.memoryUsage().rss;
    const shell = await openShell(one.client);
    shell.onlyTail = true;
    shell.channel.pause();
    one.clientSocket.pause();
    expect(await one.ended).toMatchObject({ code: 'target.protocol-error' });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  test('A24: and shows another host key in a new key exchange is cut off with both fingerprints, though that key is confirmed too', async () => {
    const grant = await grantFor('changes-key-in-session');
    const { hostKeyFingerprint: expected = '', secondFingerprint: seen = '' } = server ?? {};
    const one = await startSession((await signOn(spool, { ...grant, target: { ...grant.target, identities: [expected, seen] } })).target);
    const shell = await openShell(one.client);
    await shell.waitFor('before');
    shell.type('now');
    expect(await one.ended).toMatchObject({ code: 'target.identity-changed', args: { expected, seen } });
  });

  test.each([
    ['exits-by-a-signal-of-its-own', 'SIGFOO'],
    ['exits-by-a-signal-with-a-nul', 'SIGAB'],
    ['exits-by-half-a-letter', `SIG${'X'.repeat(36)}`],
  ] as const)('and %s ends that session in good order, sealed, with a name that can be stored, and another goes on', async (hostility, signal) => {
    const grant = await grantFor(hostility);
    const [one, other] = await Promise.all([1, 2].map(async () => await startSession((await signOn(spool, grant)).target)));
    if (one === undefined || other === undefined) throw new Error('no sessions');
    const [shell, going] = await Promise.all([one, other].map(({ client }) => openShell(client)));
    await Promise.all([shell?.waitFor('hello'), going?.waitFor('hello')]);
    shell?.type('now');
    await shell?.closed;
    expect(await one.ended).toMatchObject({ code: 'session.ended', exitStatus: null, signal });
    await expect.poll(() => spool.closed).toMatchObject([{ recordingId: one.connected[0], state: 'sealed', code: null }]);
    going?.type('now');
    await going?.closed;
    expect(await other.ended).toMatchObject({ code: 'session.ended', signal });
    await expect.poll(() => spool.closed).toHaveLength(2);
  });

  test('and opens channels toward the gateway gets none', async () => {
    const one = await startSession((await signOn(spool, await grantFor('opens-channels'))).target);
    const shell = await openShell(one.client);
    await shell.waitFor('still here');
    await delay(50);
    one.client.end();
    expect(await one.ended).toMatchObject({ code: 'session.closed-by-user' });
  });
});

describe('the connection test', () => {
  async function probe(hostility: Hostility, milliseconds: number): ReturnType<typeof probeSsh> {
    server = await startHostileServer(hostility);
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    return await probeSsh(socket, AbortSignal.timeout(milliseconds));
  }

  test('A24: reads the host key and leaves without saying who would sign on', async () => {
    const found = await probe('never-answers-sign-on', 60_000);
    expect(found).toMatchObject({ fingerprint: server?.hostKeyFingerprint, kind: 'ecdsa-sha2-nistp256' });
    expect(found.banner).toMatch(/^SSH-2\.0-/);
    expect(server?.passwords).toEqual([]);
  });

  test.each([
    ['silent', 'target.time-out', 500],
    ['garbage', 'target.protocol-error', 60_000],
    ['only-chacha20', 'target.no-common-algorithm', 60_000],
  ] as const)('of a %s server says %s', async (hostility, code, limitMs) => {
    await expect(probe(hostility, limitMs)).rejects.toMatchObject({ code });
  });
});
