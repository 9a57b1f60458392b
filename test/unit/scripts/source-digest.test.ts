import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOfSources } from '../../../scripts/set-up/source-digest.ts';

let root: string;
const digest = (): string => digestOfSources(root, ['source', 'one.json', 'missing.json']);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mavis-digest-'));
  mkdirSync(join(root, 'source', 'inner'), { recursive: true });
  writeFileSync(join(root, 'source', 'inner', 'a.ts'), 'a');
  writeFileSync(join(root, 'one.json'), '{}');
});
afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 10 }));

test('the same sources have the same digest', () => {
  expect(digest()).toBe(digest());
});

test.each<[string, () => void]>([
  ['content', () => writeFileSync(join(root, 'source', 'inner', 'a.ts'), 'b')],
  ['a name', () => renameSync(join(root, 'source', 'inner', 'a.ts'), join(root, 'source', 'inner', 'b.ts'))],
  ['a new file', () => writeFileSync(join(root, 'source', 'new.ts'), '')],
  ['a file that appears', () => writeFileSync(join(root, 'missing.json'), '')],
])('a change of %s changes the digest', (_, change) => {
  const before = digest();
  change();
  expect(digest()).not.toBe(before);
});
