/** One package as a lock file names it; only what tells whether it is installed as it should be. */
type LockedPackage = {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly peer?: boolean;
};

/**
 * The folders whose package differs between package-lock.json and what npm wrote down as installed
 * (node_modules/.package-lock.json). An optional package that is not installed is no difference: npm leaves out those of
 * other platforms. A package that is installed and no longer locked is one.
 */
export function packagesThatDiffer(lock: unknown, installed: unknown): string[] {
  const wanted = packagesOf(lock);
  const have = packagesOf(installed);
  if (wanted === undefined) return ['package-lock.json'];
  if (have === undefined) return Object.keys(wanted).filter((folder) => folder !== '');
  const missing = Object.entries(wanted).filter(([folder, locked]) => folder !== '' && !isInstalledAsLocked(locked, have[folder]));
  const left = Object.keys(have).filter((folder) => folder !== '' && wanted[folder] === undefined);
  return [...missing.map(([folder]) => folder), ...left];
}

function isInstalledAsLocked(locked: LockedPackage, installed: LockedPackage | undefined): boolean {
  if (installed === undefined) return locked.optional === true || locked.devOptional === true;
  if (installed.version !== locked.version) return false;
  return locked.integrity === undefined || installed.integrity === undefined || locked.integrity === installed.integrity;
}

function packagesOf(file: unknown): Record<string, LockedPackage> | undefined {
  if (typeof file !== 'object' || file === null) return undefined;
  const { packages } = file as { packages?: unknown };
  return typeof packages === 'object' && packages !== null ? (packages as Record<string, LockedPackage>) : undefined;
}
