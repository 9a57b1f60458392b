import { expect, test } from 'vitest';
import type { ListedFile } from '../../../shared/ipc/files-port.ts';
import { childOf, crumbsOf, type FileView, parentOf, permissionLetters, shownFiles } from '../../../src-renderer/files/file-order.ts';

const entry = (name: string, kind: ListedFile['kind'], size: number, modifiedAtSeconds: number): ListedFile => ({ name, kind, size, modifiedAtSeconds, mode: 0o644, owner: 'op' });
const FILES = [entry('b.txt', 'file', 30, 100), entry('zoo', 'folder', 4096, 50), entry('A.txt', 'file', 10, 300), entry('.hidden', 'file', 1, 1), entry('apps', 'folder', 4096, 900), entry('c.log', 'file', 20, 200)];
const names = (view: Partial<FileView>): string[] => shownFiles(FILES, { order: { by: 'name', descending: false }, filter: '', hidden: false, ...view }).map(({ name }) => name);

test.each([
  ['name', false, ['apps', 'zoo', 'A.txt', 'b.txt', 'c.log']],
  ['name', true, ['zoo', 'apps', 'c.log', 'b.txt', 'A.txt']],
  ['size', false, ['apps', 'zoo', 'A.txt', 'c.log', 'b.txt']],
  ['size', true, ['zoo', 'apps', 'b.txt', 'c.log', 'A.txt']],
  ['modified', false, ['zoo', 'apps', 'b.txt', 'c.log', 'A.txt']],
  ['modified', true, ['apps', 'zoo', 'A.txt', 'c.log', 'b.txt']],
] as const)('S20: a list by %s (descending %s) has its folders first, and capitals are as small letters', (by, descending, shown) => {
  expect(names({ order: { by, descending } })).toEqual(shown);
});

test('hidden files are shown where they are wanted, and a filter leaves what holds its letters', () => {
  expect(names({ hidden: true })).toContain('.hidden');
  expect(names({ filter: ' TXT ' })).toEqual(['A.txt', 'b.txt']);
  expect(names({ filter: 'hidden' })).toEqual([]);
});

test('a path is cut into the ways to the folders above, and put together again', () => {
  expect(crumbsOf('/srv/報告')).toEqual([{ name: '/', path: '/' }, { name: 'srv', path: '/srv' }, { name: '報告', path: '/srv/報告' }]);
  expect(crumbsOf('/')).toEqual([{ name: '/', path: '/' }]);
  expect(['/srv/a', '/srv', '/'].map(parentOf)).toEqual(['/srv', '/', '/']);
  expect([childOf('/', 'a'), childOf('/srv', 'a')]).toEqual(['/a', '/srv/a']);
});

test('permissions are written as ls writes them', () => {
  expect([0o644, 0o755, 0o000, 0o7777].map(permissionLetters)).toEqual(['rw-r--r--', 'rwxr-xr-x', '---------', 'rwxrwxrwx']);
});
