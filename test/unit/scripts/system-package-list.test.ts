import { expect, test } from 'vitest';
import { failureLines } from '../../../scripts/set-up/set-up-error.ts';
import { wordsForMissing } from '../../../scripts/set-up/system-packages.ts';
import { commandForPeople, installCommand, missingPackages, readSystemPackages, updateCommand, type SystemPackage } from '../../../scripts/set-up/system-package-list.ts';

const list: SystemPackage[] = [
  { name: 'browser', usedFor: 'windows', proof: 'browser', onlyWith: 'electron-stand-in', neededFor: { start: 'required', test: 'required' } },
  { name: 'server', usedFor: 'a target', proof: 'serverd', neededFor: { start: 'optional', test: 'required' } },
  { name: 'database', usedFor: 'tests', proof: '/opt/database', neededFor: { test: 'required' } },
];
const nothingThere = (): boolean => false;

test('a start asks only for what it needs in its circumstances', () => {
  expect(missingPackages(list, 'start', new Set(), nothingThere).map((entry) => [entry.name, entry.optional])).toEqual([['server', true]]);
});

test('the stand-in asks for a browser too', () => {
  expect(missingPackages(list, 'start', new Set(['electron-stand-in']), nothingThere).map((entry) => entry.name)).toEqual(['browser', 'server']);
});

test('what is optional for a start is required for tests', () => {
  expect(missingPackages(list, 'test', new Set(), nothingThere).map((entry) => [entry.name, entry.optional])).toEqual([['server', false], ['database', false]]);
});

test('what is there is not asked for', () => {
  expect(missingPackages(list, 'test', new Set(), (proof) => proof === '/opt/database').map((entry) => entry.name)).toEqual(['server']);
});

test('only what is missing is installed, without questions and without recommended packages', () => {
  expect(updateCommand('root').join(' ')).toBe('env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 update -q');
  expect(installCommand(['a', 'b'], 'root').join(' ')).toBe('env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -q -y --no-install-recommends a b');
  expect(installCommand(['a'], 'sudo').slice(0, 2)).toEqual(['sudo', '-n']);
});

test('people are told the whole command', () => {
  expect(commandForPeople(['a', 'b'])).toBe('sudo apt-get update && sudo apt-get install -y --no-install-recommends a b');
});

test('where nothing may be installed, what is required ends the set-up with what to type, and what is optional is told and done without', () => {
  const missing = missingPackages(list, 'start', new Set(['electron-stand-in']), nothingThere);
  const failure = (debian: boolean): string => {
    try {
      return wordsForMissing(missing, 'installing them takes root or sudo without a password', debian);
    } catch (error) {
      return failureLines(error);
    }
  };
  expect(failure(true)).toBe('Failed: these system packages are missing: browser (windows); installing them takes root or sudo without a password\nWhat to do: sudo apt-get update && sudo apt-get install -y --no-install-recommends browser server');
  expect(failure(false)).toContain('\nWhat to do: install what your system calls: browser, server');
  expect(wordsForMissing(missing.filter(({ optional }) => optional), 'no way', true)).toBe('going on without server (a target); to have them: sudo apt-get update && sudo apt-get install -y --no-install-recommends server');
  expect(failureLines(new Error('not foreseen'))).toMatch(/^Failed: Error: not foreseen[^]*\nWhat to do: this was not foreseen/);
});

test('every entry of the list says what it is for and how it is found', () => {
  for (const entry of readSystemPackages()) {
    expect(entry.name).toMatch(/^[a-z0-9][a-z0-9.+-]+$/);
    expect(entry.usedFor.length).toBeGreaterThan(5);
    expect(entry.proof).not.toBe('');
    expect(Object.keys(entry.neededFor).length).toBeGreaterThan(0);
  }
});

test('each package stands in the list once for each circumstance', () => {
  const entries = readSystemPackages().map(({ name, onlyWith }) => `${name} ${onlyWith ?? 'always'}`);
  expect(new Set(entries).size).toBe(entries.length);
});
