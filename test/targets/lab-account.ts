import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { runToEnd } from '../../scripts/processes/finished-process.ts';
import { withLock } from '../../scripts/processes/process-lock.ts';

/** The account that tests sign on to. */
export type LabAccount = {
  readonly name: string;
  readonly home: string;
  /** Absent where the account is the person's own: its password is not known. */
  readonly password: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
};

const labName = 'mavis-lab';

/** Only root reads it: the account's password, drawn once for each machine, because the account outlives a test run. */
const labFolder = '/var/lib/mavis-lab';

/**
 * The account for real targets: as root an unprivileged one of its own, made where it is not there, with a password that
 * only this machine knows; else the account that runs the tests, which signs on with keys only.
 */
export async function provideLabAccount(): Promise<LabAccount> {
  if (process.getuid?.() !== 0) {
    const own = userInfo();
    return { name: own.username, home: own.homedir, password: undefined, uid: undefined, gid: undefined };
  }
  return withLock(join(labFolder, 'lock'), async () => {
    const home = join(labFolder, 'home');
    if (!(await exists())) await mustRun('useradd', ['--create-home', '--home-dir', home, '--shell', '/bin/bash', '--comment', 'Tests of MAVIS Desktop', labName]);
    const password = await keepPassword();
    return { name: labName, home, password, ...(await idsOf()) };
  });
}

/** Removes the account and everything of it. */
export async function removeLabAccount(): Promise<void> {
  if (process.getuid?.() !== 0) return;
  if (await exists()) await mustRun('userdel', ['--force', '--remove', labName]);
  rmSync(labFolder, { recursive: true, force: true, maxRetries: 10 });
}

async function keepPassword(): Promise<string> {
  const file = join(labFolder, 'password');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const password = `Lab-${randomBytes(18).toString('base64url')}`;
  await mustRun('chpasswd', [], `${labName}:${password}\n`);
  mkdirSync(labFolder, { recursive: true, mode: 0o755 });
  writeFileSync(file, password, { mode: 0o600 });
  return password;
}

async function exists(): Promise<boolean> {
  return (await runToEnd('id', ['-u', labName])).code === 0;
}

async function idsOf(): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((option) => mustRun('id', [option, labName])));
  return { uid: Number(uid), gid: Number(gid) };
}

async function mustRun(command: string, parameters: readonly string[], input?: string): Promise<string> {
  const ended = await runToEnd(command, parameters, input === undefined ? {} : { input });
  if (ended.code !== 0) throw new Error(`${command} ${parameters.join(' ')} failed: ${ended.errors || ended.output}`);
  return ended.output.trim();
}
