import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { inRepository } from '../set-up/repository.ts';
import { lockedPackages } from './locked-packages.ts';

/** The programs that are shipped as bundles of npm. */
export const BUNDLED_PROGRAMS = ['service', 'gateway'] as const;
export type BundledProgram = (typeof BUNDLED_PROGRAMS)[number];

const ownDescription = z.object({ version: z.string(), license: z.string(), engines: z.record(z.string(), z.string()), dependencies: z.record(z.string(), z.string()) });
const DESCRIPTIONS: Readonly<Record<BundledProgram, string>> = {
  service: 'MAVIS central service: users, resources, gateways, audit log and recordings of a privileged-access system',
  gateway: 'MAVIS Gateway: signs on to targets, relays and records sessions of a privileged-access system',
};

/** A module's text as plain JavaScript, line for line: Node takes no TypeScript from an installed package. What it names of the other modules is named as it lies there. */
export function asJavaScript(text: string): string {
  return stripTypeScriptTypes(text, { mode: 'strip' })
    .replaceAll(/((?:\bfrom|\bimport)\s*\(?\s*)'(\.{1,2}\/[^']*)\.ts'/g, "$1'$2.js'")
    .replaceAll(/(\bnew URL\(\s*)'([^']*)\.ts'(\s*,\s*import\.meta\.url\s*\))/g, "$1'$2.js'$3");
}

/** The packages that a module loads by name. */
export function packagesOf(javaScript: string): string[] {
  return [...javaScript.matchAll(/(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s+'([^'.][^']*)'|(?:^|\n)import '([^'.][^']*)'|\bimport\(\s*'([^'.][^']*)'/g)]
    .map(([, from, bare, later]) => from ?? bare ?? later ?? '')
    .filter((name) => !name.startsWith('node:'))
    .map((name) => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/'));
}

/**
 * Lays a program out in a folder as a package of npm that is ready to be packed: its modules and those of `shared/` as JavaScript,
 * what lies beside them, its systemd unit, and the exact packages that it needs, all of them pinned.
 */
export function layOutBundle(program: BundledProgram, folder: string): void {
  const own = ownDescription.parse(JSON.parse(readFileSync(inRepository('package.json'), 'utf8')));
  const needed = new Set<string>();
  for (const source of ['shared', `src-${program}`]) {
    for (const entry of globSync(`${source}/**/*`, { cwd: inRepository(), withFileTypes: true })) {
      if (!entry.isFile() || entry.name === 'README.md') continue;
      const from = join(entry.parentPath, entry.name);
      const to = join(folder, from.slice(inRepository().length));
      mkdirSync(dirname(to), { recursive: true });
      if (!entry.name.endsWith('.ts')) {
        cpSync(from, to);
        continue;
      }
      const code = asJavaScript(readFileSync(from, 'utf8'));
      for (const name of packagesOf(code)) needed.add(name);
      writeFileSync(to.replace(/\.ts$/, '.js'), code);
    }
  }
  cpSync(inRepository('packaging', program), join(folder, 'packaging'), { recursive: true, filter: (path) => !path.endsWith('Containerfile') });
  const dependencies = Object.fromEntries([...needed].toSorted().map((name) => {
    const version = own.dependencies[name];
    if (version === undefined) throw new Error(`${name} is no dependency of package.json`);
    return [name, version];
  }));
  const description = { name: `mavis-${program}`, version: own.version, description: DESCRIPTIONS[program], license: own.license, type: 'module', engines: own.engines, bin: { [`mavis-${program}`]: `src-${program}/main.js` }, dependencies };
  const write = (name: string, value: unknown): void => writeFileSync(join(folder, name), `${JSON.stringify(value, undefined, 2)}\n`);
  write('package.json', description);
  const lock: unknown = JSON.parse(readFileSync(inRepository('package-lock.json'), 'utf8'));
  write('npm-shrinkwrap.json', { name: description.name, version: own.version, lockfileVersion: 3, requires: true, packages: { '': description, ...lockedPackages(lock, Object.keys(dependencies)) } });
}
