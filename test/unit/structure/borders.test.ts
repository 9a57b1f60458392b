import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const PROGRAMS = ['src-main', 'src-renderer', 'src-service', 'src-gateway'] as const;
/** What `shared/` may take from outside: pure libraries, nothing of Node, Electron or React. */
const SHARED_MAY_IMPORT: ReadonlySet<string> = new Set(['zod', 'intl-messageformat', 'immer']);

interface Import { readonly file: string; readonly from: string }

/** The imports of the product's own modules below a folder, read from the text. */
function importsBelow(folder: string): Import[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .flatMap((name) => {
      const file = join(folder, name);
      const text = readFileSync(join(root, file), 'utf8');
      return [...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s+'([^']+)'|import\s*\(\s*'([^']+)'|(?:^|\n)import '([^']+)'/g)].map((match) => ({ file, from: match[1] ?? match[2] ?? match[3] ?? '' }));
    });
}

function topFolder({ file, from }: Import): string | undefined {
  return from.startsWith('.') ? relative(root, resolve(root, dirname(file), from)).split(/[\\/]/)[0] : undefined;
}

/** The imports that a folder may not have: the rule of the architecture, as one function, so that it has a test of its own. */
function forbidden(folder: string, imports: readonly Import[]): Import[] {
  // The package's own description holds the version; it is no program.
  const allowed = folder === 'shared' ? ['shared'] : ['shared', folder, 'package.json'];
  return imports.filter((entry) => {
    const top = topFolder(entry);
    if (top !== undefined) return !allowed.includes(top);
    if (folder === 'shared') return !SHARED_MAY_IMPORT.has(entry.from);
    if (folder === 'src-renderer') return entry.from === 'electron' || entry.from.startsWith('node:');
    if (folder === 'src-main') return /^(react|react-dom|@xterm)(\/|$)/.test(entry.from);
    return entry.from === 'electron' || /^(react|react-dom)(\/|$)/.test(entry.from);
  });
}

describe('borders between the programs', () => {
  test.each([...PROGRAMS, 'shared'])('%s imports only itself, shared and what its runtime has', (folder) => {
    expect(forbidden(folder, importsBelow(folder))).toEqual([]);
  });

  test.each([
    ['src-service', { file: 'src-service/a.ts', from: '../src-gateway/b.ts' }],
    ['shared', { file: 'shared/a.ts', from: '../src-main/b.ts' }],
    ['shared', { file: 'shared/a.ts', from: 'node:crypto' }],
    ['shared', { file: 'shared/a.ts', from: 'react' }],
    ['src-renderer', { file: 'src-renderer/a.tsx', from: 'node:fs' }],
    ['src-gateway', { file: 'src-gateway/ssh/a.ts', from: '../../src-service/b.ts' }],
  ])('the rule refuses what %s may not have', (folder, entry) => {
    expect(forbidden(folder, [entry])).toEqual([entry]);
  });
});

describe('a fresh clone', () => {
  /** What a file loads before its first line runs: types are erased, and `import()` comes later. */
  const loadedBy = (file: string): string[] => [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)(?! type\b)(?:\s[^'"`;]*?\sfrom)?\s+'([^']+)'/gm)].flatMap(([, from]) => from ?? []);

  /** Everything that comes with a file, and what of it is a package. */
  function packagesOf(entry: string): string[] {
    const seen = new Set<string>();
    const packages: string[] = [];
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const from of loadedBy(file)) {
        if (from.startsWith('.')) visit(resolve(dirname(file), from));
        else if (!from.startsWith('node:')) packages.push(`${relative(root, file)}: ${from}`);
      }
    };
    visit(entry);
    return packages;
  }

  const commands = readdirSync(join(root, 'scripts')).filter((name) => name.endsWith('.mjs'));
  const entries = commands.map((name) => [name, /new URL\('([^']+\.ts)', import\.meta\.url\)/.exec(readFileSync(join(root, 'scripts', name), 'utf8'))?.[1] ?? 'none'] as const);

  test('has a program behind each command of package.json', () => {
    expect(entries.map(([name]) => name)).toEqual(expect.arrayContaining(['start.mjs', 'test.mjs', 'demo.mjs', 'bench.mjs']));
    expect(entries.filter(([, entry]) => entry === 'none')).toEqual([]);
  });

  test.each(['start.mjs', 'test.mjs', 'demo.mjs', 'bench.mjs'])('scripts/%s sets the machine up before it needs a package: none is there yet', (name) => {
    const entry = entries.find(([command]) => command === name)?.[1] ?? 'none';
    expect(packagesOf(join(root, 'scripts', name))).toEqual([]);
    expect(packagesOf(join(root, 'scripts', entry))).toEqual([]);
  });

  test('what is loaded is found: of a program that needs a package first, that one is', () => {
    expect(packagesOf(join(root, 'test', 'demo', 'main.ts'))).toContainEqual('test/demo/main.ts: @playwright/test');
  });
});
