import { createConnection, type Socket } from 'node:net';
import ssh2, { type GetStreamCallback } from 'ssh2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import { frameKind } from '../../../shared/recording/recording-frame.ts';
import { startHostileServer, type HostileServer } from '../../fixtures/hostile-ssh-server.ts';
import { makeSpool, pull, readRecording, type TestSpool } from '../../fixtures/recording-spool.ts';
import { openShell, runCommand, signOn, startSession, type TestSession, type TestShell } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';
import { startUserSshAgent, type UserSshAgent } from '../../fixtures/user-ssh-agent.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

let target: OpenSshTarget;
/** Lets in nobody but the key that is in the user's agent. */
let second: OpenSshTarget;
let agent: UserSshAgent;
let spool: TestSpool;
let hostile: HostileServer | undefined;

beforeAll(async () => {
  [target, second, agent] = await Promise.all([startOpenSshTarget({ extraLines: ['AllowAgentForwarding yes', 'MaxSessions 20'] }), startOpenSshTarget({ signOn: ['publickey'] }), startUserSshAgent()]);
  await agent.add(second.privateKeyFile);
});
afterAll(async () => {
  await Promise.all([target.stop(), second.stop(), agent.stop()]);
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
const allowed: Policy = { exec: true, agentForwarding: true };

async function session(policy: Policy, server: Pick<OpenSshTarget, 'host' | 'port' | 'user' | 'privateKey' | 'hostKeyFingerprint'> = target, clientAgent: ssh2.BaseAgent | string = agent.socketPath): Promise<TestSession> {
  const credential = { kind: 'private-key', userName: server.user, privateKey: server.privateKey } as const;
  const grant = makeTargetGrant({ host: server.host, port: server.port, identities: [server.hostKeyFingerprint], credential, policy });
  return await startSession((await signOn(spool, grant)).target, { agent: clientAgent, authHandler: ['none'], agentForward: true });
}

/** A session on a server of ours that misbehaves. */
async function hostileSession(kind: Parameters<typeof startHostileServer>[0], policy: Policy): Promise<TestSession> {
  hostile = await startHostileServer(kind);
  const grant = makeTargetGrant({ host: '127.0.0.1', port: hostile.port, identities: [hostile.hostKeyFingerprint], credential: { kind: 'password', userName: 'aiko', password: 'x' }, policy });
  return await startSession((await signOn(spool, grant)).target, { agent: agent.socketPath, authHandler: ['none'], agentForward: policy.agentForwarding === true });
}

/** An agent of the test's making: each channel that comes is given to it. */
class ScriptedAgent extends ssh2.BaseAgent {
  readonly #take: (answer: GetStreamCallback) => void;
  channels = 0;
  constructor(take: (answer: GetStreamCallback) => void) {
    super();
    this.#take = take;
  }
  override getStream(answer: GetStreamCallback): void {
    this.channels += 1;
    this.#take(answer);
  }
  override getIdentities(): void {}
  override sign(): void {}
}

/** ssh2 listens to no error of a stream that it was given. */
function agentSocket(): Socket {
  return createConnection(agent.socketPath).on('error', () => undefined);
}

async function output(shell: TestShell): Promise<string> {
  await shell.closed;
  return `${shell.output.toString()}${shell.errors.toString()}`;
}

async function marks(one: TestSession, which = 0): Promise<{ name: string; detail: string }[]> {
  const id = one.connected[which];
  if (id === undefined) throw new Error('no recording');
  const { frames } = readRecording(await pull(spool.spool, id), spool.keys);
  return frames.filter(({ kind }) => kind === frameKind.mark).map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')) as { name: string; detail: string });
}

describe('agent forwarding, where the rule allows it', () => {
  test('rule 21: the target lists the keys of the user\'s own ssh-agent, and signs on to a second server with one', async () => {
    // Asked before: a session without a channel is over after a moment.
    const keys = await agent.list();
    const one = await session(allowed);
    const listed = await output(await runCommand(one.client, 'ssh-add -l'));
    expect(listed).toBe(keys);
    expect(listed).toContain('ED25519');
    const hop = await runCommand(one.client, `ssh -p ${second.port} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=publickey -o IdentityFile=none ${second.user}@127.0.0.1 'echo second-hop-$((40+2))'`);
    expect(await output(hop)).toContain('second-hop-42');
    one.client.end();
    await one.ended;
    expect(one.forwarding.filter(({ kind }) => kind === 'granted')).toHaveLength(2);
    expect(one.forwarding.filter(({ kind }) => kind === 'opened')).toHaveLength(2);
    expect(one.forwarding.filter((event) => event.kind === 'closed').map(({ signatures }) => signatures)).toEqual([0, 1]);
  });

  test('the recording says when the agent was reached and how much was said, and holds none of it', async () => {
    const one = await session(allowed);
    const listed = await output(await runCommand(one.client, 'ssh-add -L'));
    await runCommand(one.client, 'true').then((shell) => shell.closed);
    one.client.end();
    await one.ended;
    const told = await marks(one);
    expect(told.map(({ name }) => name)).toEqual(['agent-forwarding', 'agent-opened', 'agent-closed']);
    expect(told[2]?.detail).toMatch(/^1, out [1-9]\d+, in 5, signatures 0$/);
    const [id] = one.connected;
    if (id === undefined) throw new Error('no recording');
    expect(readRecording(await pull(spool.spool, id), spool.keys).output.toString()).toBe(listed);
  });

  test('a client that did not ask in this session is not reached, though the rule allows it', async () => {
    const credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey } as const;
    const grant = makeTargetGrant({ host: target.host, port: target.port, identities: [target.hostKeyFingerprint], credential, policy: allowed });
    const one = await startSession((await signOn(spool, grant)).target, { agent: agent.socketPath, authHandler: ['none'] });
    expect(await output(await runCommand(one.client, 'ssh-add -l'))).toContain('Could not open a connection');
    one.client.end();
    await one.ended;
    expect(one.forwarding).toEqual([]);
  });

  test('a target that refuses to forward an agent gives a shell all the same, and it is told', async () => {
    const one = await session(allowed, second);
    const shell = await openShell(one.client);
    await shell.waitFor('$ ');
    shell.type('echo still-$((1+1)); ssh-add -l\r');
    await shell.waitFor('Could not open a connection');
    expect(shell.output.toString()).toContain('still-2');
    one.client.end();
    await one.ended;
    expect(one.forwarding).toEqual([{ kind: 'refused-by-target', what: 'agent' }]);
  });

  test('a user without an agent: the target hears that there is none, and the session goes on', async () => {
    const one = await session(allowed, target, '/nowhere/agent');
    // Its words differ by how far it had come when the channel was refused: it may be ended by writing to a closed socket.
    expect(await output(await runCommand(one.client, 'ssh-add -l; echo code-$?'))).toMatch(/code-[1-9]/);
    expect(await output(await runCommand(one.client, 'echo went-on'))).toContain('went-on');
    one.client.end();
    await one.ended;
  });

  test('an agent that hangs holds up nobody but who asked it, and is closed with the session', async () => {
    const hanging = await startUserSshAgent();
    try {
      const one = await session(allowed, target, hanging.socketPath);
      hanging.freeze();
      const shell = await openShell(one.client);
      await shell.waitFor('$ ');
      shell.type('ssh-add -l; echo ov$((0))er\r');
      await expect.poll(() => one.forwarding.map(({ kind }) => kind)).toContain('opened');
      const other = await runCommand(one.client, 'echo other-channel');
      expect(await output(other)).toContain('other-channel');
      expect(shell.output.toString()).not.toContain('ov0er');
      one.client.end();
      const end = await one.ended;
      expect(end.code).toBe('session.closed-by-user');
      expect(one.forwarding.map(({ kind }) => kind)).toContain('closed');
    } finally {
      await hanging.stop();
    }
  });

  test('a client that never answers the channel is given up, and the next is served', async () => {
    let first = true;
    const slow = new ScriptedAgent((answer) => {
      if (!first) answer(null, agentSocket());
      first = false;
    });
    const one = await session(allowed, target, slow);
    const silent = await runCommand(one.client, 'timeout 3 ssh-add -l; echo gave-up-$?');
    expect(await output(silent)).toContain('gave-up-124');
    expect(await output(await runCommand(one.client, 'ssh-add -l'))).toBe(await agent.list());
    one.client.end();
    await one.ended;
  });

  test('32 channels at once and no more: the target is refused the next, and served again when some are over', async () => {
    const many = new ScriptedAgent((answer) => {
      answer(null, agentSocket());
    });
    const one = await session(allowed, target, many);
    const program = `python3 -c "
import socket, os, time
socks = []
for i in range(40):
    s = socket.socket(socket.AF_UNIX); s.connect(os.environ['SSH_AUTH_SOCK']); s.settimeout(30); socks.append(s)
    try: s.sendall(b'\\0\\0\\0\\1\\x0b')
    except OSError: pass
def ask(s):
    try: return len(s.recv(5)) > 0
    except Exception: return False
print('served', sum(1 for s in socks if ask(s)))
for s in socks: s.close()
# Everybody on the way hears of it, which takes a busy machine its time.
again, until = False, time.monotonic() + 30
while not again and time.monotonic() < until:
    time.sleep(0.2)
    s = socket.socket(socket.AF_UNIX); s.connect(os.environ['SSH_AUTH_SOCK']); s.settimeout(30)
    try: s.sendall(b'\\0\\0\\0\\1\\x0b')
    except OSError: pass
    again = ask(s)
print('again', again)
"`;
    const printed = await output(await runCommand(one.client, program));
    expect(printed).toContain('served 32');
    expect(printed).toContain('again True');
    expect(many.channels).toBe(33);
    one.client.end();
    await one.ended;
  });

  test('a program on the target that floods the agent is cut off, and the gateway does not grow', async () => {
    const one = await session(allowed);
    const before = process.memoryUsage().rss;
    const shell = await runCommand(one.client, `python3 -c "
import socket, os
s = socket.socket(socket.AF_UNIX); s.connect(os.environ['SSH_AUTH_SOCK'])
sent = 0
try:
    while sent < 300 * 1024 * 1024: sent += s.send(b'\\0\\0\\0\\1\\x0b' * 20000)
except OSError as error: print('cut', error)
print('sent', sent)
"`);
    expect(await one.ended).toMatchObject({ code: 'target.protocol-error' });
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    shell.channel.destroy();
  });

  test('what is no message of the agent\'s protocol closes that channel alone', async () => {
    const one = await session(allowed);
    const printed = await output(await runCommand(one.client, `python3 -c "
import socket, os
s = socket.socket(socket.AF_UNIX); s.connect(os.environ['SSH_AUTH_SOCK']); s.settimeout(30)
s.sendall(b'\\xff\\xff\\xff\\xff\\x0b')
print('closed', s.recv(5) == b'')
"; ssh-add -l`));
    expect(printed).toContain('closed True');
    expect(printed).toContain('ED25519');
    one.client.end();
    await one.ended;
  });
});

describe('agent forwarding, where the rule does not allow it', () => {
  test('B4: a client that is not ours asks, and is refused by the protocol; the target is not even asked', async () => {
    const one = await session({ exec: true });
    await expect(runCommand(one.client, 'true')).rejects.toThrow('Unable to request agent forwarding');
    one.client.end();
    await one.ended;
    expect(one.forwarding).toEqual([]);
    expect(spool.logLines.some((line) => line.includes('"what":"agent"'))).toBe(true);
  });

  test('B4: a target that opens channels to an agent that nobody offers gets none', async () => {
    const one = await hostileSession('opens-agent-channels', { exec: true });
    const shell = await openShell(one.client);
    await shell.waitFor('refused 50');
    one.client.end();
    expect(await one.ended).toMatchObject({ code: 'session.closed-by-user' });
    expect(spool.logLines.filter((line) => line.includes('agent-channel')).length).toBeGreaterThan(0);
  });

  test('B4: a target that floods with channels that nobody asked for is cut off', async () => {
    const one = await hostileSession('floods-with-channels', { exec: true });
    await openShell(one.client).catch(() => undefined);
    expect(await one.ended).toMatchObject({ code: 'target.protocol-error' });
  });
});
