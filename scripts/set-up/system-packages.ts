import { runToEnd } from '../processes/finished-process.ts';
import { findCommand, proofHolds } from './found-command.ts';
import { say, tookSince } from './plain-line.ts';
import { forgetFailure, isStillRemembered, recallFailure, rememberFailure } from './remembered-failure.ts';
import { SetUpError } from './set-up-error.ts';
import {
  commandForPeople,
  installationCommands,
  missingPackages,
  readSystemPackages,
  type Circumstance,
  type MissingPackage,
  type PackageRights,
  type SetUpPurpose,
} from './system-package-list.ts';

/** Longest time for apt-get: a slow mirror takes minutes, one that hangs must not hang the start for ever. */
const installationLimitMs = 10 * 60 * 1000;

/**
 * Installs the system packages that are missing, where the machine is Debian-like and this account may. Otherwise says
 * the exact command, and goes on where nothing that is required is missing.
 */
export async function setUpSystemPackages(purpose: SetUpPurpose, circumstances: ReadonlySet<Circumstance>): Promise<void> {
  const missing = missingPackages(readSystemPackages(), purpose, circumstances, proofHolds);
  if (missing.length === 0) return;
  const names = [...new Set(missing.map((entry) => entry.name))];
  const required = missing.filter((entry) => !entry.optional);
  const tried = names.join(' ');
  if (required.length === 0 && isStillRemembered(recallFailure('system-packages'), tried, Date.now())) return;
  const failure = await install(names);
  const stillMissing = missing.filter((entry) => !proofHolds(entry.proof));
  if (failure === undefined && stillMissing.length === 0) {
    forgetFailure('system-packages');
    return;
  }
  rememberFailure('system-packages', tried);
  report(stillMissing, failure ?? 'apt-get installed them, yet they are not found');
}

function report(missing: readonly MissingPackage[], why: string): void {
  const describe = (entry: MissingPackage): string => `${entry.name} (${entry.usedFor})`;
  const required = missing.filter((entry) => !entry.optional);
  const command = onDebian() ? commandForPeople(missing.map((entry) => entry.name)) : undefined;
  const remedy = command ?? `install what your system calls: ${missing.map((entry) => entry.name).join(', ')}`;
  if (required.length > 0) {
    throw new SetUpError(`these system packages are missing: ${required.map(describe).join(', ')}; ${why}`, remedy);
  }
  if (missing.length > 0) say('System packages', `going on without ${missing.map(describe).join(', ')}; to have them: ${remedy}`);
}

/** Installs packages; gives the reason where it could not. */
async function install(names: readonly string[]): Promise<string | undefined> {
  if (!onDebian()) return 'this system has no apt-get';
  const rights = await packageRights();
  if (rights === 'none') return 'installing them takes root or sudo without a password';
  const startedAt = Date.now();
  const failures: string[] = [];
  for (const [command = '', ...parameters] of installationCommands(names, rights)) {
    const ended = await runToEnd(command, parameters, { limitMs: installationLimitMs });
    if (ended.code !== 0) failures.push((ended.errors || ended.output).trim().split('\n').slice(-3).join(' '));
    else failures.length = 0;
  }
  if (failures.length > 0) return `apt-get failed: ${failures.join(' ')}`;
  say('System packages', `installed ${names.join(', ')} (${tookSince(startedAt)}).`);
  return undefined;
}

async function packageRights(): Promise<PackageRights> {
  if (process.getuid?.() === 0) return 'root';
  if (findCommand('sudo') === undefined) return 'none';
  const ended = await runToEnd('sudo', ['-n', 'true'], { limitMs: 5000 });
  return ended.code === 0 ? 'sudo' : 'none';
}

function onDebian(): boolean {
  return process.platform === 'linux' && findCommand('apt-get') !== undefined;
}
