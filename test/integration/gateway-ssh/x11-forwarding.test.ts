import { randomBytes } from 'node:crypto';
import { createConnection } from 'node:net';
import type ssh2 from 'ssh2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import { frameKind } from '../../../shared/recording/recording-frame.ts';
import { startHostileServer, type HostileServer } from '../../fixtures/hostile-ssh-server.ts';
import { makeSpool, pull, readRecording, type TestSpool } from '../../fixtures/recording-spool.ts';
import { openShell, runCommand, signOn, startSession, TestShell, type TestSession } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';
import { startXServer, type XServer } from '../../fixtures/x-server.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

let target: OpenSshTarget;
let plain: OpenSshTarget;
let display: XServer;
let spool: TestSpool;
let hostile: HostileServer | undefined;

beforeAll(async () => {
  [target, plain, display] = await Promise.all([startOpenSshTarget({ extraLines: ['X11Forwarding yes', 'MaxSessions 20'] }), startOpenSshTarget(), startXServer()]);
});
afterAll(async () => {
  await Promise.all([target.stop(), plain.stop(), display.stop()]);
});
beforeEach(async () => {
  spool = await makeSpool();
});
afterEach(async () => {
  await hostile?.stop();
  hostile = undefined;
  await spool.remove();
});

type Policy = z.input<typeof sessionPolicy>;
const allowed: Policy = { exec: true, x11Forwarding: true };

async function session(policy: Policy, server: OpenSshTarget = target): Promise<TestSession> {
  const credential = { kind: 'private-key', userName: server.user, privateKey: server.privateKey } as const;
  return await startSession((await signOn(spool, makeTargetGrant({ host: server.host, port: server.port, identities: [server.hostKeyFingerprint], credential, policy }))).target);
}

/** A command with a display; the test's X server takes the cookie that the target was given, so that nothing need be replaced here. */
function runWithDisplay(client: ssh2.Client, command: string, x11: ssh2.X11Options = { cookie: display.cookie }): Promise<TestShell> {
  return new Promise((resolve, reject) => {
    client.exec(command, { x11 }, (error, channel) => (error === undefined ? resolve(new TestShell(channel)) : reject(error)));
  });
}

/** Ties each channel that comes to the X server; gives how many came. */
function serveDisplay(client: ssh2.Client): { channels: number; from: string[] } {
  const served = { channels: 0, from: [] as string[] };
  client.on('x11', ({ srcIP }, accept) => {
    served.channels += 1;
    served.from.push(srcIP);
    const socket = createConnection(display.socketPath).on('error', () => undefined);
    const channel = accept();
    channel.pipe(socket).pipe(channel);
  });
  return served;
}

async function output(shell: TestShell): Promise<string> {
  await shell.closed;
  return `${shell.output.toString()}${shell.errors.toString()}`;
}

async function marks(one: TestSession): Promise<{ name: string; detail: string }[]> {
  const [id] = one.connected;
  if (id === undefined) throw new Error('no recording');
  const { frames } = readRecording(await pull(spool.spool, id), spool.keys);
  return frames.filter(({ kind }) => kind === frameKind.mark).map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')) as { name: string; detail: string });
}

describe('X11 forwarding, where the rule allows it', () => {
  test('rule 21: a program on the target reaches the user\'s X server; the recording says when and how much, and the counts are told', async () => {
    const one = await session(allowed);
    const served = serveDisplay(one.client);
    const printed = await output(await runWithDisplay(one.client, 'echo "$DISPLAY"; xdpyinfo | grep -E "dimensions|name of display"'));
    expect(printed).toContain('localhost:');
    expect(printed).toContain('640x480 pixels');
    one.client.end();
    await one.ended;
    expect(served).toMatchObject({ channels: 1, from: ['127.0.0.1'] });
    const told = await marks(one);
    expect(told.map(({ name }) => name)).toEqual(['x11-forwarding', 'x11-opened', 'x11-closed']);
    expect(told[2]?.detail).toMatch(/^1, out [1-9]\d+, in [1-9]\d+$/);
    expect(one.forwarding.map(({ kind }) => kind)).toEqual(['granted', 'opened', 'closed']);
    expect(one.forwarding[2]).toMatchObject({ bytesFromTarget: expect.any(Number), signatures: 0 });
  });

  test('the cookie that the client made up is what stands on the target, and no other', async () => {
    const one = await session(allowed);
    const made = randomBytes(16).toString('hex');
    const printed = await output(await runWithDisplay(one.client, 'xauth list "$DISPLAY"', { cookie: made }));
    expect(printed).toContain(`MIT-MAGIC-COOKIE-1  ${made}`);
    one.client.end();
    await one.ended;
  });

  test('a target that refuses X11 gives the command all the same, and it is told', async () => {
    const one = await session(allowed, plain);
    expect(await output(await runWithDisplay(one.client, 'echo "display <$DISPLAY>"'))).toContain('display <>');
    one.client.end();
    await one.ended;
    expect(one.forwarding).toEqual([{ kind: 'refused-by-target', what: 'x11' }]);
  });

  test('a program that draws without end is held by what the X server takes, and ends with the session', async () => {
    const one = await session(allowed);
    const before = process.memoryUsage().rss;
    let channels = 0;
    one.client.on('x11', (_details, accept) => {
      channels += 1;
      // Takes nothing: as an X server that has stopped.
      accept().pause();
    });
    const shell = await runWithDisplay(one.client, `python3 -c "
import socket, os
s = socket.create_connection(('127.0.0.1', 6000 + int(os.environ['DISPLAY'].split(':')[1].split('.')[0])))
print('open', flush=True)
while True: s.send(b'x' * 65536)
"`);
    await shell.waitFor('open');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    // Other channels of the session are not held up by it.
    expect(await output(await runCommand(one.client, 'echo still-here'))).toContain('still-here');
    expect(channels).toBe(1);
    one.client.end();
    await one.ended;
    expect(one.forwarding.at(-1)).toMatchObject({ kind: 'closed', what: 'x11' });
  });
});

describe('X11 forwarding, where it is not allowed', () => {
  test('B4: a client that is not ours asks without the permission, and is refused by the protocol', async () => {
    const one = await session({ exec: true });
    await expect(runWithDisplay(one.client, 'true')).rejects.toThrow('Unable to request X11');
    one.client.end();
    await one.ended;
    expect(one.forwarding).toEqual([]);
    expect(spool.logLines.some((line) => line.includes('"what":"x11"'))).toBe(true);
  });

  test.each([
    ['another kind of proof', { protocol: 'XDM-AUTHORIZATION-1', cookie: 'a'.repeat(32) }],
    ['a cookie with a quote in it', { cookie: '"; id > /tmp/x; "' }],
    ['a short cookie', { cookie: 'abcd' }],
    ['a screen that no display has', { screen: 70_000, cookie: 'a'.repeat(32) }],
  ])('B4: %s is refused before the target hears of it', async (_, x11) => {
    const one = await session(allowed);
    await expect(runWithDisplay(one.client, 'true', x11)).rejects.toThrow('Unable to request X11');
    one.client.end();
    await one.ended;
  });

  test('B4: a target that opens channels to an X server that nobody offers gets none', async () => {
    hostile = await startHostileServer('opens-x11-channels');
    const grant = makeTargetGrant({ host: '127.0.0.1', port: hostile.port, identities: [hostile.hostKeyFingerprint], credential: { kind: 'password', userName: 'aiko', password: 'x' }, policy: allowed });
    const one = await startSession((await signOn(spool, grant)).target);
    const served = serveDisplay(one.client);
    const shell = await openShell(one.client);
    await shell.waitFor('refused 50');
    one.client.end();
    expect(await one.ended).toMatchObject({ code: 'session.closed-by-user' });
    expect(served.channels).toBe(0);
  });
});
