import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { findCommand } from '../set-up/found-command.ts';
import { say } from '../set-up/plain-line.ts';
import { terminalObjectionHere } from '../set-up/terminals.ts';
import { startBuiltInTarget } from './built-in-target.ts';
import { findFreePort, isPortFree } from './free-port.ts';
import { needsPam, startOpenSsh } from './open-ssh.ts';
import { keepSshKeyPair } from './ssh-keys.ts';

/** The real target of the embedded system. */
export type LiveTarget = {
  readonly kind: 'sshd' | 'built-in';
  readonly host: string;
  readonly port: number;
  readonly account: string;
  readonly privateKey: string;
  readonly hostKeyFingerprint: string;
  /** Gives the built-in server's port back; sshd ends with its process. */
  stop(): Promise<void>;
};

/** What tests give a live target. */
export interface LiveTargetOptions {
  readonly findSshd?: () => string | undefined;
  readonly whyNoTerminals?: () => string | undefined;
  /** What sessions have as their home, in place of the account's own: what stands in a person's profile is no matter of a test. */
  readonly home?: string | undefined;
}

/**
 * Starts the machine's own sshd on loopback with keys of its own, as the account that runs this; where there is no sshd,
 * a small built-in server, and says so.
 */
export async function startLiveTarget(folder: string, lastPort: number | undefined, started: (name: string, pid: number | undefined) => void, options: LiveTargetOptions = {}): Promise<LiveTarget> {
  const { findSshd = () => findCommand('sshd'), whyNoTerminals = terminalObjectionHere, home } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const account = userInfo().username;
  const hostKey = keepSshKeyPair(folder, 'host-key');
  const accountKey = keepSshKeyPair(folder, 'account-key');
  const port = lastPort !== undefined && (await isPortFree(lastPort)) ? lastPort : await findFreePort();
  const facts = { host: '127.0.0.1', port, account, privateKey: accountKey.privateKey, hostKeyFingerprint: hostKey.fingerprint };
  const sshd = process.platform === 'win32' ? undefined : findSshd();
  if (sshd === undefined) {
    const server = await startBuiltInTarget(port, hostKey, accountKey, account);
    say('Target', `this machine has no sshd; a small built-in demo server listens on 127.0.0.1:${port} instead.`);
    return { kind: 'built-in', ...facts, stop: () => server.stop() };
  }
  const authorizedKeysFile = join(folder, 'authorized_keys');
  writeFileSync(authorizedKeysFile, `restrict,pty ${accountKey.publicKey}\n`, { mode: 0o600 });
  const pam = process.getuid?.() === 0 && needsPam(account);
  const server = await startOpenSsh(sshd, folder, { port, hostKeyFiles: [hostKey.privateKeyFile], authorizedKeysFile, account, pam, extraLines: home === undefined ? [] : [`SetEnv HOME=${home}`] });
  started('sshd', server.process.pid);
  server.process.unref();
  say('Target', `${sshd} listens on 127.0.0.1:${port} with keys of its own, for ${account} only.`);
  const objection = whyNoTerminals();
  if (objection !== undefined) say('Target', `${objection}.`);
  return { kind: 'sshd', ...facts, stop: () => Promise.resolve() };
}
