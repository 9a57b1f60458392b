import { expect, test } from 'vitest';
import { packagesThatDiffer } from '../../../scripts/set-up/lock-file.ts';

const lock = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' },
    'node_modules/two': { version: '2.0.0', integrity: 'sha512-two' },
    'node_modules/other-system': { version: '3.0.0', integrity: 'sha512-other', optional: true },
  },
};
const one = lock.packages['node_modules/one'];
const two = lock.packages['node_modules/two'];

test('nothing differs where all is installed but an optional package of another system', () => {
  expect(packagesThatDiffer(lock, { packages: { 'node_modules/one': one, 'node_modules/two': two } })).toEqual([]);
});

test('everything differs where nothing was installed', () => {
  expect(packagesThatDiffer(lock, undefined)).toContain('node_modules/one');
});

test.each([
  ['another version', { ...one, version: '1.0.1' }],
  ['another content of the same version', { ...one, integrity: 'sha512-changed' }],
])('a package with %s differs', (_, changed) => {
  expect(packagesThatDiffer(lock, { packages: { 'node_modules/one': changed, 'node_modules/two': two } })).toEqual(['node_modules/one']);
});

test('a package that is missing and one that is no longer locked differ', () => {
  const installed = { packages: { 'node_modules/one': one, 'node_modules/left': { version: '9.0.0' } } };
  expect(packagesThatDiffer(lock, installed)).toEqual(['node_modules/two', 'node_modules/left']);
});

test('a lock file that cannot be read asks for an installation, so that npm says what is wrong with it', () => {
  expect(packagesThatDiffer(undefined, { packages: {} })).toEqual(['package-lock.json']);
});
