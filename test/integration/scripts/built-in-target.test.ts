import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startBuiltInTarget, type BuiltInTarget } from '../../../scripts/embedded-system/built-in-target.ts';
import { startLiveTarget } from '../../../scripts/embedded-system/live-target.ts';
import { endProcesses } from '../../../scripts/processes/end-process.ts';
import { identify } from '../../../scripts/processes/process-identity.ts';
import { keepSshKeyPair } from '../../../scripts/embedded-system/ssh-keys.ts';

let folder: string;
let target: BuiltInTarget;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-built-in-'));
  target = await startBuiltInTarget(0, keepSshKeyPair(folder, 'host-key'), keepSshKeyPair(folder, 'account-key'), 'demo');
});

afterEach(async () => {
  await target.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** Signs on, types into a shell, and gives all that it showed until it ended. */
function typeInto(username: string, keyName: string, typed: string, at: { readonly port: number; readonly privateKey?: string } = target): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.once('error', reject);
    client.once('ready', () => {
      client.shell((error, channel) => {
        if (error) return reject(error);
        let shown = '';
        channel.on('data', (data: Buffer) => (shown += data.toString()));
        channel.once('close', () => {
          client.end();
          resolve(shown);
        });
        channel.write(typed);
      });
    });
    client.connect({ host: '127.0.0.1', port: at.port, username, privateKey: at.privateKey ?? keepSshKeyPair(folder, keyName).privateKey });
  });
}

test('where there is no sshd, the built-in server names itself and gives a shell', async () => {
  const shown = await typeInto('demo', 'account-key', 'echo helo\u007flo\rwhoami\rrm -rf /\rexit\r');
  expect(shown).toContain('built in');
  expect(shown).toContain('\r\nhello\r\n');
  expect(shown).toContain('\r\ndemo\r\n');
  expect(shown).toContain('rm: there is no such command');
});

test('words that every object knows are no commands, and the server goes on', async () => {
  const shown = await typeInto('demo', 'account-key', '__proto__\r__defineGetter__ x\rconstructor\rwhoami\rexit\r');
  for (const word of ['__proto__', '__defineGetter__', 'constructor']) expect(shown).toContain(`${word}: there is no such command`);
  expect(shown).toContain('\r\ndemo\r\n');
});

test.each([
  ['another key', 'demo', 'other-key'],
  ['another account', 'root', 'account-key'],
])('the built-in server refuses %s', async (_, account, key) => {
  await expect(typeInto(account, key, 'exit\r')).rejects.toThrow(/authentication/i);
});

test('where sshd gives no terminals, the start says so with what to type, beside where it listens', async () => {
  const line = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const started: number[] = [];
  try {
    const live = await startLiveTarget(join(folder, 'own-sshd'), undefined, (_name, pid) => void started.push(pid ?? 0), { whyNoTerminals: () => 'sshd gives no terminals; to have them: mount' });
    expect(line.mock.calls).toEqual([[expect.stringContaining(`listens on 127.0.0.1:${String(live.port)} `)], ['Target: sshd gives no terminals; to have them: mount.']]);
  } finally {
    line.mockRestore();
    await endProcesses(started.flatMap((pid) => identify(pid) ?? []));
  }
});

test('a session has the home that it is given in place of the account’s, so that no profile of a person runs in a test', async () => {
  const line = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const started: number[] = [];
  try {
    const live = await startLiveTarget(join(folder, 'own-home'), undefined, (_name, pid) => void started.push(pid ?? 0), { home: folder });
    writeFileSync(join(folder, '.profile'), 'echo profile-of-the-given-home\n');
    const shown = await typeInto(live.account, '', 'echo "home=$HOME."; exit\r', live);
    expect(shown).toContain('profile-of-the-given-home');
    expect(shown).toContain(`home=${folder}.`);
  } finally {
    line.mockRestore();
    await endProcesses(started.flatMap((pid) => identify(pid) ?? []));
  }
});

test('a machine without sshd is told so in one line, and has the built-in server as its target, on the same port at the next start', async () => {
  const line = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    const live = await startLiveTarget(join(folder, 'target'), undefined, () => undefined, { findSshd: () => undefined });
    expect(live).toMatchObject({ kind: 'built-in', host: '127.0.0.1', hostKeyFingerprint: keepSshKeyPair(join(folder, 'target'), 'host-key').fingerprint });
    expect(line.mock.calls).toEqual([[expect.stringContaining(`this machine has no sshd; a small built-in demo server listens on 127.0.0.1:${String(live.port)} instead`)]]);
    await live.stop();
    const again = await startLiveTarget(join(folder, 'target'), live.port, () => undefined, { findSshd: () => undefined });
    expect([again.port, again.hostKeyFingerprint]).toEqual([live.port, live.hostKeyFingerprint]);
    await again.stop();
  } finally {
    line.mockRestore();
  }
});
