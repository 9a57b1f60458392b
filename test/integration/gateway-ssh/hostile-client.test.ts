import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import ssh2 from 'ssh2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RecordingId } from '../../../shared/ids.ts';
import type { SessionEnd } from '../../../src-gateway/sessions/protocol-handler.ts';
import { sendPacket } from '../../fixtures/hostile-ssh-server.ts';
import { makeSpool, pull, readRecording, type TestSpool } from '../../fixtures/recording-spool.ts';
import { openShell, runCommand, signOn, socketPair, startSession } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

let target: OpenSshTarget;
let spool: TestSpool;

beforeAll(async () => {
  target = await startOpenSshTarget();
});
afterAll(async () => {
  await target.stop();
});
beforeEach(async () => {
  spool = await makeSpool();
});
afterEach(async () => {
  await spool.remove();
});

async function signedOn(exec = true, portForwarding = false): Promise<Awaited<ReturnType<typeof signOn>>['target']> {
  const credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey } as const;
  const grant = makeTargetGrant({ host: target.host, port: target.port, identities: [target.hostKeyFingerprint], credential, policy: { exec, portForwarding } });
  return (await signOn(spool, grant)).target;
}

async function raw(bytes: Buffer): Promise<{ end: SessionEnd; connected: RecordingId[] }> {
  const { near, far } = await socketPair();
  const connected: RecordingId[] = [];
  const ended = (await signedOn()).run({ clientStream: far, signal: new AbortController().signal, connected: (id) => void connected.push(id), activity: () => undefined });
  near.on('error', () => undefined);
  near.write(bytes);
  const end = await ended;
  near.destroy();
  return { end, connected };
}

describe('a client that is not ours', () => {
  test.each([
    ['garbage', randomBytes(30_000)],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(400))],
    ['a packet of 4 GiB', Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.of(0xff, 0xff, 0xff, 0xf0, 4), randomBytes(100)])],
  ])('that sends %s ends its session and nothing else', async (_, bytes) => {
    const { end, connected } = await raw(bytes);
    expect(end).toMatchObject({ code: 'session.protocol-violation' });
    expect(connected).toEqual([]);
    expect(spool.spool.list()).toEqual([]);
  });

  test.each([
    ['names no address', Buffer.alloc(0)],
    ['is cut short within the address', Buffer.of(0, 0, 0, 9, 49, 50)],
    ['says that its origin is longer than the packet', Buffer.of(0, 0, 0, 1, 49, 0, 0, 0, 22, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 1)],
    ['says that its address is longer than the packet', Buffer.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 22, 0, 0, 0, 1, 49, 0, 0, 0, 1)],
    ['names an address of 300 letters and a port that is none', Buffer.concat([Buffer.of(0, 0, 1, 44), Buffer.alloc(300, 97), Buffer.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0)])],
  ])('B4: that asks for a forward which %s brings nothing down', async (_, rest) => {
    const one = await startSession(await signedOn(true, true));
    // Type of the channel, its number, window and packet size; then what the request says of the way.
    const open = Buffer.concat([Buffer.of(90, 0, 0, 0, 12), Buffer.from('direct-tcpip'), Buffer.of(0, 0, 0, 7, 0, 1, 0, 0, 0, 0, 0x80, 0), rest]);
    for (let count = 0; count < 3; count += 1) sendPacket(one.client, open);
    // Requests are answered in order: one that held the session up, or took it down otherwise than as a breach, shows here.
    const after = runCommand(one.client, 'echo al""ive').then(
      async (command) => {
        await command.waitFor('alive');
        return 'session.ended';
      },
      // A session that was taken down runs no command.
      () => 'session.protocol-violation',
    );
    // It ends by itself: behind its only command, or as a breach. A client that left first would have ended it himself.
    const { code } = await one.ended;
    expect(await after).toBe(code);
    one.client.end();
    // Nothing was opened: the recordings are of the command alone, if it ran.
    expect(one.connected).toHaveLength(code === 'session.ended' ? 1 : 0);
  });

  test('that is refused in a loop fills no log: the first refusals are told, then their number', async () => {
    const one = await startSession(await signedOn());
    for (let count = 0; count < 1500; count += 1) one.client.forwardOut('127.0.0.1', 1, '127.0.0.1', 22, () => undefined);
    await new Promise((resolve) => one.client.forwardOut('127.0.0.1', 1, '127.0.0.1', 22, resolve));
    const told = spool.logLines.filter((line) => line.includes('refused what the rule does not allow'));
    expect(told).toHaveLength(21);
    expect(JSON.parse(told.at(-1) ?? '{}')).toMatchObject({ what: 'direct-tcpip', count: 1000 });
    one.client.end();
    await one.ended;
  });

  test('that offers a password or a key is not taken by them: the stream is bound already', async () => {
    const { near, far } = await socketPair();
    const session = (await signedOn()).run({ clientStream: far, signal: new AbortController().signal, connected: () => undefined, activity: () => undefined });
    const client = new ssh2.Client();
    const failed = once(client, 'error');
    client.connect({ sock: near, username: 'x', password: 'guess', authHandler: ['password'], hostVerifier: () => true });
    expect((await failed)[0]).toMatchObject({ level: 'client-authentication' });
    await session;
  });

  test('that opens channel after channel gets eight', async () => {
    const one = await startSession(await signedOn());
    const shells = await Promise.allSettled(Array.from({ length: 12 }, () => runCommand(one.client, 'sleep 30')));
    expect(shells.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(4);
    one.client.end();
    await one.ended;
    expect(one.connected.length).toBeLessThanOrEqual(8);
  });

  test('that sends beyond the window while the target does not read is cut off, and the gateway does not grow', async () => {
    const one = await startSession(await signedOn());
    const shell = await runCommand(one.client, 'sleep 30');
    const before = process.memoryUsage().rss;
    const outgoing: unknown = Reflect.get(shell.channel, 'outgoing');
    const chunk = Buffer.alloc(32_000, 0x61);
    const flood = setInterval(() => {
      for (let count = 0; count < 60; count += 1) {
        if (typeof outgoing === 'object' && outgoing !== null) Reflect.set(outgoing, 'window', 2 ** 31);
        if (!one.clientSocket.destroyed) shell.channel.write(chunk);
      }
    }, 5);
    const end = await one.ended;
    clearInterval(flood);
    expect(end).toMatchObject({ code: 'session.protocol-violation' });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    one.client.destroy();
  });

  test('whose channel fails leaves the others of the session and their recordings alone', async () => {
    const one = await startSession(await signedOn(false));
    const shell = await openShell(one.client);
    await shell.waitFor('$ ');
    await expect(runCommand(one.client, 'id')).rejects.toBeInstanceOf(Error);
    shell.type('echo still-$((1+1))\r');
    await shell.waitFor('still-2');
    one.client.end();
    await one.ended;
    const [id] = one.connected;
    if (id === undefined) throw new Error('no recording');
    expect(readRecording(await pull(spool.spool, id), spool.keys).output.toString()).toContain('still-2');
  });
});
