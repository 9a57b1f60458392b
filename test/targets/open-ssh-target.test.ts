import ssh2, { type ConnectConfig } from 'ssh2';
import { afterEach, expect, test } from 'vitest';
import { fingerprintOf } from '../../scripts/embedded-system/ssh-keys.ts';
import { mayBeRoot } from './by-root.ts';
import { startOpenSshTarget, type OpenSshTarget, type OpenSshTargetOptions } from './open-ssh-target.ts';

const asRoot = mayBeRoot();
const running: OpenSshTarget[] = [];

async function start(options?: OpenSshTargetOptions): Promise<OpenSshTarget> {
  const target = await startOpenSshTarget(options);
  running.push(target);
  return target;
}

afterEach(async () => {
  for (const target of running.splice(0)) await target.stop();
});

/** Signs on, runs a command, and gives its output and the host key that was shown. */
function runCommand(target: OpenSshTarget, signOn: Partial<ConnectConfig>, command: string): Promise<{ output: string; hostKey: string }> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let hostKey = '';
    client.once('error', reject);
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => target.password ?? '')));
    client.once('ready', () => {
      client.exec(command, (error, channel) => {
        if (error) return reject(error);
        let output = '';
        channel.on('data', (data: Buffer) => (output += data.toString()));
        channel.once('close', () => {
          client.end();
          resolve({ output, hostKey });
        });
      });
    });
    const hostVerifier = (key: Buffer): boolean => {
      hostKey = fingerprintOf(`ssh-ed25519 ${key.toString('base64')}`);
      return true;
    };
    client.connect({ host: target.host, port: target.port, username: target.user, readyTimeout: 60_000, hostVerifier, ...signOn });
  });
}

test('an OpenSSH server of its own takes the key and shows its host key', async () => {
  const target = await start();
  const { output, hostKey } = await runCommand(target, { privateKey: target.privateKey }, 'id -un');
  expect(output.trim()).toBe(target.user);
  expect(hostKey).toBe(target.hostKeyFingerprint);
});

test('the account of root\'s runs is unprivileged and takes its password; others are told that it takes root', async () => {
  if (!asRoot) return expect(start({ signOn: ['password'] })).rejects.toThrow(/root/);
  const target = await start({ signOn: ['password'] });
  const { output } = await runCommand(target, { password: target.password ?? '' }, 'id -u');
  expect(Number(output)).toBeGreaterThan(0);
  await expect(runCommand(target, { password: 'wrong' }, 'true')).rejects.toThrow(/authentication/i);
});

test('a server asks for the password in a prompt; without root that is refused', async () => {
  if (!asRoot) return expect(start({ signOn: ['keyboard-interactive'] })).rejects.toThrow(/root/);
  const target = await start({ signOn: ['keyboard-interactive'] });
  const { output } = await runCommand(target, { tryKeyboard: true }, 'id -un');
  expect(output.trim()).toBe(target.user);
});

test('a server that denies refuses every sign-on', async () => {
  const target = await start({ refuses: true });
  await expect(runCommand(target, { privateKey: target.privateKey }, 'true')).rejects.toThrow(/authentication/i);
});

test('a server shows its second host key on the same port after it was told to', async () => {
  const target = await start();
  await target.useHostKey('second');
  const { hostKey } = await runCommand(target, { privateKey: target.privateKey }, 'true');
  expect(hostKey).toBe(target.secondHostKeyFingerprint);
  expect(target.secondHostKeyFingerprint).not.toBe(target.hostKeyFingerprint);
});

test('a slow server answers late in both directions', async () => {
  const target = await start({ slowMs: 100 });
  const startedAt = performance.now();
  await runCommand(target, { privateKey: target.privateKey }, 'true');
  expect(performance.now() - startedAt).toBeGreaterThan(600);
});
