import { readFileSync } from 'node:fs';
import { inRepository } from './repository.ts';

/** What a set-up is for. */
export type SetUpPurpose = 'start' | 'test';

/** A circumstance of the machine on which a package depends. */
export type Circumstance = 'electron-stand-in' | 'no-display';

/** One line of the one list of system packages, system-packages.json. */
export type SystemPackage = {
  /** Debian's name of it. */
  readonly name: string;
  readonly usedFor: string;
  /** A command, or an absolute path or pattern, that is there where the package is installed. */
  readonly proof: string;
  readonly onlyWith?: Circumstance;
  /** For what it is needed; where it is optional, things go on without it, with less. */
  readonly neededFor: { readonly [purpose in SetUpPurpose]?: 'required' | 'optional' };
};

/** A package that is not there. */
export type MissingPackage = SystemPackage & { readonly optional: boolean };

/** Reads the list. */
export function readSystemPackages(): SystemPackage[] {
  return JSON.parse(readFileSync(inRepository('scripts', 'set-up', 'system-packages.json'), 'utf8')) as SystemPackage[];
}

/** The packages that a purpose needs in these circumstances and whose proof does not hold. */
export function missingPackages(
  list: readonly SystemPackage[],
  purpose: SetUpPurpose,
  circumstances: ReadonlySet<Circumstance>,
  holds: (proof: string) => boolean,
): MissingPackage[] {
  return list
    .filter((entry) => entry.neededFor[purpose] !== undefined)
    .filter((entry) => entry.onlyWith === undefined || circumstances.has(entry.onlyWith))
    .filter((entry) => !holds(entry.proof))
    .map((entry) => ({ ...entry, optional: entry.neededFor[purpose] === 'optional' }));
}

/** How packages can be installed on this machine. */
export type PackageRights = 'root' | 'sudo' | 'none';

/** The command line that brings the package lists up to date. */
export function updateCommand(rights: Exclude<PackageRights, 'none'>): string[] {
  return [...aptGet(rights), 'update', '-q'];
}

/** The command line that installs packages without a question and without what they only recommend. */
export function installCommand(names: readonly string[], rights: Exclude<PackageRights, 'none'>): string[] {
  return [...aptGet(rights), 'install', '-q', '-y', '--no-install-recommends', ...names];
}

/** A new machine often updates itself just then: wait for that, for two minutes at most. */
const waitForOthers = ['-o', 'DPkg::Lock::Timeout=120'];

function aptGet(rights: Exclude<PackageRights, 'none'>): string[] {
  return [...(rights === 'root' ? [] : ['sudo', '-n']), 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...waitForOthers];
}

/** What a person has to type where this program may not install. */
export function commandForPeople(names: readonly string[]): string {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names.join(' ')}`;
}
