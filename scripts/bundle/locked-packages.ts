import { z } from 'zod';

const names = z.record(z.string(), z.string()).default({});
const entry = z.looseObject({ dependencies: names, optionalDependencies: names });
const lockFile = z.looseObject({ packages: z.record(z.string(), entry) });

/** A package as the lock file has it. */
export type LockedPackage = z.infer<typeof entry>;

/**
 * What npm's lock file says of some packages and of all that they need, by their places (`node_modules/…`), so that a bundle installs
 * the very versions that were tested. Throws where the lock file lacks one.
 */
export function lockedPackages(lock: unknown, wanted: readonly string[]): Record<string, LockedPackage> {
  const { packages } = lockFile.parse(lock);
  const found: Record<string, LockedPackage> = {};
  const add = (name: string, from: string, optional: boolean): void => {
    const place = placeOf(packages, name, from);
    const locked = place === undefined ? undefined : packages[place];
    if (place === undefined || locked === undefined) {
      if (optional) return;
      throw new Error(`the lock file has no ${name}`);
    }
    if (found[place]) return;
    found[place] = locked;
    for (const further of Object.keys(locked.dependencies)) add(further, place, false);
    for (const further of Object.keys(locked.optionalDependencies)) add(further, place, true);
  };
  for (const name of wanted) add(name, '', false);
  return Object.fromEntries(Object.entries(found).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Where Node would find a package that is asked for by another: beside it, else further out. */
function placeOf(packages: Readonly<Record<string, unknown>>, name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (place in packages) return place;
    if (folder === '') return undefined;
  }
}
