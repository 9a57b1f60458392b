import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { startOpenSsh, type OpenSshServer } from '../../scripts/embedded-system/open-ssh.ts';
import { keepSshKeyPair, type SshKeyPair } from '../../scripts/embedded-system/ssh-keys.ts';
import { endProcesses } from '../../scripts/processes/end-process.ts';
import { identify } from '../../scripts/processes/process-identity.ts';
import { findCommand } from '../../scripts/set-up/found-command.ts';
import { RunningByRoot } from './by-root.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { provideLabAccount, type LabAccount } from './lab-account.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts';
import { freePort } from '../fixtures/free-ports.ts';

/** What kind of server is wanted. Without options: key and (as root) password sign-on, prompt, one host key. */
export type OpenSshTargetOptions = {
  /** Ways of signing on. All but `publickey` need root: an account with sudo has the server in a process of root's, for any other asking for them throws. */
  readonly signOn?: readonly ('publickey' | 'password' | 'keyboard-interactive')[];
  /** A server that lets nobody in: every sign-on is refused after it was tried. */
  readonly refuses?: boolean;
  /** Each direction takes this many milliseconds more. */
  readonly slowMs?: number;
  /** Further lines of sshd_config, which win over the others. */
  readonly extraLines?: readonly string[];
};

/** Which of its two host keys a server shows. */
export type HostKeyChoice = 'first' | 'second';

/** A running OpenSSH server. */
export type OpenSshTarget = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  /** The account's private key, in OpenSSH's form. */
  readonly privateKey: string;
  readonly privateKeyFile: string;
  readonly hostKeyFingerprint: string;
  /** The fingerprint of the host key that `useHostKey('second')` switches to. */
  readonly secondHostKeyFingerprint: string;
  /** The account's home folder on this machine. */
  readonly home: string;
  /** What sshd said on its log so far. */
  log(): string;
  /** Starts the server again on the same port with another host key; sessions end. */
  useHostKey(choice: HostKeyChoice): Promise<void>;
  stop(): Promise<void>;
};

/** Starts an OpenSSH server of its own on a free loopback port. Whoever starts it stops it. */
export async function startOpenSshTarget(options: OpenSshTargetOptions = {}): Promise<OpenSshTarget> {
  const sshd = findCommand('sshd');
  if (sshd === undefined) throw new Error('there is no sshd: install the package openssh-server');
  if (process.getuid?.() !== 0 && options.signOn?.some((way) => way !== 'publickey') === true) return startBySudo(options.signOn, options.extraLines ?? []);
  const account = await provideLabAccount();
  const folder = makeTemporaryFolder('sshd', 0o711);
  const server = new RestartableServer(sshd, folder, account, options);
  try {
    await server.start('first');
  } catch (error) {
    folder.remove();
    throw error;
  }
  const slow = options.slowMs === undefined ? undefined : await slowDown(server.port, options.slowMs);
  return {
    host: '127.0.0.1',
    port: slow?.port ?? server.port,
    user: account.name,
    password: account.password,
    privateKey: server.accountKey.privateKey,
    privateKeyFile: server.accountKey.privateKeyFile,
    hostKeyFingerprint: server.hostKeys.first.fingerprint,
    secondHostKeyFingerprint: server.hostKeys.second.fingerprint,
    home: account.home,
    log: () => server.log(),
    useHostKey: async (choice) => {
      await server.end();
      await server.start(choice);
    },
    stop: async () => {
      await slow?.stop();
      await server.end();
      folder.remove();
    },
  };
}

const facts = z.object({ host: z.string(), port: z.number(), user: z.string(), password: z.string(), privateKey: z.string(), hostKeyFingerprint: z.string(), secondHostKeyFingerprint: z.string(), home: z.string() });

/** The server in a process of root's; only its private key is this account's, as a file of its own. */
async function startBySudo(signOn: NonNullable<OpenSshTargetOptions['signOn']>, extraLines: readonly string[]): Promise<OpenSshTarget> {
  const running = await RunningByRoot.start({ target: 'sshd', signOn: [...signOn], extraLines: [...extraLines] });
  const known = facts.parse(running.facts);
  const folder = makeTemporaryFolder('sshd-key');
  const privateKeyFile = join(folder.path, 'account-key');
  writeFileSync(privateKeyFile, known.privateKey, { mode: 0o600 });
  return {
    ...known,
    privateKeyFile,
    log: () => running.log(),
    useHostKey: (choice) => running.ask(choice),
    stop: async () => {
      await running.stop();
      folder.remove();
    },
  };
}

class RestartableServer {
  readonly hostKeys: Readonly<Record<HostKeyChoice, SshKeyPair>>;
  readonly accountKey: SshKeyPair;
  readonly #sshd: string;
  readonly #folder: TemporaryFolder;
  readonly #account: LabAccount;
  readonly #options: OpenSshTargetOptions;
  #port = 0;
  #server: OpenSshServer | undefined;
  #earlierLog = '';

  constructor(sshd: string, folder: TemporaryFolder, account: LabAccount, options: OpenSshTargetOptions) {
    this.#sshd = sshd;
    this.#folder = folder;
    this.#account = account;
    this.#options = options;
    this.hostKeys = { first: keepSshKeyPair(folder.path, 'host-key-1'), second: keepSshKeyPair(folder.path, 'host-key-2') };
    this.accountKey = keepSshKeyPair(folder.path, 'account-key');
  }

  get port(): number {
    return this.#port;
  }

  async start(choice: HostKeyChoice): Promise<void> {
    const authorizedKeysFile = join(this.#folder.path, 'authorized_keys');
    writeFileSync(authorizedKeysFile, `${readFileSync(`${this.accountKey.privateKeyFile}.pub`, 'utf8')}`, { mode: 0o644 });
    const ways = this.#options.signOn ?? ['publickey', 'password'];
    const asRoot = this.#account.password !== undefined;
    const settings = {
      hostKeyFiles: [this.hostKeys[choice].privateKeyFile],
      authorizedKeysFile,
      account: this.#account.name,
      password: asRoot && ways.includes('password'),
      keyboardInteractive: asRoot && ways.includes('keyboard-interactive'),
      pam: asRoot && ways.includes('keyboard-interactive'),
      extraLines: [
        ...(this.#options.extraLines ?? []),
        ...(this.#options.refuses === true ? ['DenyUsers *'] : []),
        ...(ways.includes('publickey') ? [] : ['PubkeyAuthentication no']),
      ],
    };
    const fixed = this.#port;
    for (let attempt = 1; ; attempt += 1) {
      const port = fixed === 0 ? await freePort() : fixed;
      try {
        this.#server = await startOpenSsh(this.#sshd, this.#folder.path, { port, ...settings });
        this.#port = port;
        return;
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  }

  /** Ends the server with all its sessions. */
  async end(): Promise<void> {
    const child = this.#server?.process;
    this.#earlierLog = this.log();
    this.#server = undefined;
    const identity = child?.pid === undefined ? undefined : identify(child.pid);
    if (identity !== undefined) await endProcesses([identity]);
  }

  log(): string {
    return [this.#earlierLog, this.#server?.log() ?? ''].filter(Boolean).join('\n');
  }
}

async function slowDown(port: number, slowMs: number): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port }, seed: 1 });
  proxy.set('up', 'slow', { kind: 'latency', latencyMs: slowMs, jitterMs: 0 });
  proxy.set('down', 'slow', { kind: 'latency', latencyMs: slowMs, jitterMs: 0 });
  return proxy;
}
