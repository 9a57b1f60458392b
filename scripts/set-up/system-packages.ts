import { runToEnd } from '../processes/finished-process.ts';
import { findCommand, proofHolds } from './found-command.ts';
import { say, tookSince } from './plain-line.ts';
import { forgetFailure, isStillRemembered, recallFailure, rememberFailure } from './remembered-failure.ts';
import { SetUpError } from './set-up-error.ts';
import {
  commandForPeople,
  installCommand,
  missingPackages,
  readSystemPackages,
  updateCommand,
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
  if (stillMissing.length === 0) {
    forgetFailure('system-packages');
    return;
  }
  rememberFailure('system-packages', stillMissing.map((entry) => entry.name).join(' '));
  say('System packages', wordsForMissing(stillMissing, failure ?? 'apt-get installed them, yet they are not found', onDebian()));
}

/** What a person is told of packages that are optional; where one is required, throws the set-up's failure with what to type. */
export function wordsForMissing(missing: readonly MissingPackage[], why: string, debian: boolean): string {
  const describe = (entry: MissingPackage): string => `${entry.name} (${entry.usedFor})`;
  const required = missing.filter((entry) => !entry.optional);
  const names = [...new Set(missing.map((entry) => entry.name))];
  const remedy = debian ? commandForPeople(names) : `install what your system calls: ${names.join(', ')}`;
  if (required.length > 0) throw new SetUpError(`these system packages are missing: ${required.map(describe).join(', ')}; ${why}`, remedy);
  return `going on without ${missing.map(describe).join(', ')}; to have them: ${remedy}`;
}

/** Installs packages; gives the reason where it could not. */
async function install(names: readonly string[]): Promise<string | undefined> {
  if (!onDebian()) return 'this system has no apt-get';
  const rights = await packageRights();
  if (rights === 'none') return 'installing them takes root or sudo without a password';
  const startedAt = Date.now();
  await runApt(updateCommand(rights));
  const together = await runApt(installCommand(names, rights));
  if (together !== undefined && names.length === 1) return together;
  const failures = together === undefined ? [] : await installOneByOne(names, rights);
  const installed = names.filter((name) => !failures.some((failure) => failure.name === name));
  if (installed.length > 0) say('System packages', `installed ${installed.join(', ')} (${tookSince(startedAt)}).`);
  return failures.length === 0 ? undefined : failures.map(({ name, why }) => `${name}: ${why}`).join('; ');
}

/** One package that the distribution does not have must not keep the others out. */
async function installOneByOne(names: readonly string[], rights: 'root' | 'sudo'): Promise<{ name: string; why: string }[]> {
  const failures: { name: string; why: string }[] = [];
  for (const name of names) {
    const why = await runApt(installCommand([name], rights));
    if (why !== undefined) failures.push({ name, why });
  }
  return failures;
}

/** Runs apt-get; gives what it said last where it failed. */
async function runApt([command = '', ...parameters]: readonly string[]): Promise<string | undefined> {
  const ended = await runToEnd(command, parameters, { limitMs: installationLimitMs });
  return ended.code === 0 ? undefined : `apt-get failed: ${(ended.errors || ended.output).trim().split('\n').at(-1)}`;
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
