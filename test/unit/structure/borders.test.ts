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
