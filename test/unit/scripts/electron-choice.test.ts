import { expect, test } from 'vitest';
import { chooseElectron, type ElectronFacts } from '../../../scripts/set-up/electron-choice.ts';
import { isStillRemembered, rememberedForMs } from '../../../scripts/set-up/remembered-failure.ts';

const facts: ElectronFacts = { version: '45.4.1', installedVersion: undefined, overrideFolder: undefined, wish: undefined, lastFailure: undefined, nowMs: 1_000_000_000_000 };
const failure = { tried: '45.4.1', failedAt: facts.nowMs - 1000 };

test.each<[string, Partial<ElectronFacts>, string]>([
  ['the binary is there', { installedVersion: '45.4.1' }, 'installed'],
  ['the binary is of another version', { installedVersion: '45.4.0' }, 'download'],
  ['nothing was tried yet', {}, 'download'],
  ['the download failed a moment ago', { lastFailure: failure }, 'stand-in'],
  ['the download of another version failed', { lastFailure: { ...failure, tried: '45.4.0' } }, 'download'],
  ['the download failed over a day ago', { lastFailure: { ...failure, failedAt: facts.nowMs - rememberedForMs } }, 'download'],
  ['the person asks to try again', { lastFailure: failure, wish: 'download' }, 'download'],
  ['the person asks for the stand-in', { installedVersion: '45.4.1', wish: 'stand-in' }, 'stand-in'],
  ['the person named a folder', { installedVersion: '45.4.1', wish: 'stand-in', overrideFolder: '/e' }, 'as-set'],
])('where %s', (_, change, expected) => {
  expect(chooseElectron({ ...facts, ...change })).toBe(expected);
});

test('a failure from the future, of a clock that was set back, is not remembered for years', () => {
  expect(isStillRemembered({ tried: 'x', failedAt: 2_000 }, 'x', 1_000)).toBe(false);
});
