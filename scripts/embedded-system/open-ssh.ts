import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endingWithParent } from '../processes/ending-with-parent.ts';

/** What a server of one's own is made of. */
export type OpenSshSettings = {
  readonly port: number;
  readonly hostKeyFiles: readonly string[];
  readonly authorizedKeysFile: string;
  /** The only account that may sign on. */
  readonly account: string;
  readonly password?: boolean;
  readonly keyboardInteractive?: boolean;
  /** Sign-on through PAM: only root can, and keyboard-interactive needs it. */
  readonly pam?: boolean;
  /** Further lines of the configuration; OpenSSH takes the first value of a keyword, so these come first. */
  readonly extraLines?: readonly string[];
};

/** How long sshd may take until it listens. */
const listeningLimitMs = 10_000;

/**
 * sshd_config(5) for a server on loopback in a folder of its own. StrictModes is off because the folder is 0700 already
 * and may lie below one that others can write to, such as a temporary one.
 */
export function openSshConfiguration(settings: OpenSshSettings): string {
  const yesOrNo = (value: boolean | undefined): string => (value === true ? 'yes' : 'no');
  return [
    ...(settings.extraLines ?? []),
    `Port ${settings.port}`,
    'ListenAddress 127.0.0.1',
    ...settings.hostKeyFiles.map((file) => `HostKey "${file}"`),
    `AuthorizedKeysFile "${settings.authorizedKeysFile}"`,
    `AllowUsers ${settings.account}`,
    'PidFile none',
    'StrictModes no',
    `UsePAM ${yesOrNo(settings.pam)}`,
    `PasswordAuthentication ${yesOrNo(settings.password)}`,
    `KbdInteractiveAuthentication ${yesOrNo(settings.keyboardInteractive)}`,
    'PubkeyAuthentication yes',
    `PermitRootLogin ${settings.account === 'root' ? 'prohibit-password' : 'no'}`,
    'AllowTcpForwarding no',
    'AllowAgentForwarding no',
    'X11Forwarding no',
    'PermitUserEnvironment no',
    'PermitUserRC no',
    'PrintMotd no',
    'PrintLastLog no',
    'UseDNS no',
    'MaxStartups 200',
    'AcceptEnv LANG LC_*',
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n');
}

/** True where root's sign-on needs PAM, because its password is locked and sshd refuses locked accounts without PAM. */
export function needsPam(account: string, shadow = readShadow()): boolean {
  const line = shadow.split('\n').find((entry) => entry.startsWith(`${account}:`));
  return line?.split(':')[1]?.startsWith('!') === true;
}

/** A running sshd. */
export type OpenSshServer = { readonly process: ChildProcess; readonly log: () => string };

/**
 * Starts sshd in the foreground with a configuration in `folder` and waits until it listens. It leads a process group of
 * its own, so that its sessions can be ended with it.
 */
export async function startOpenSsh(sshd: string, folder: string, settings: OpenSshSettings): Promise<OpenSshServer> {
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const configuration = join(folder, 'sshd_config');
  writeFileSync(configuration, openSshConfiguration(settings), { mode: 0o600 });
  const [command, ...parameters] = endingWithParent([sshd, '-D', '-e', '-f', configuration]);
  const child = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => fail('it did not listen in time'), listeningLimitMs);
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`sshd did not start: ${why}\n${lines.join('\n')}`));
    };
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`it ended with code ${code}`));
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 2000) lines.shift();
      if (!line.startsWith('Server listening on')) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve();
    });
  });
  return { process: child, log: () => lines.join('\n') };
}

function readShadow(): string {
  try {
    return readFileSync('/etc/shadow', 'utf8');
  } catch {
    return '';
  }
}
