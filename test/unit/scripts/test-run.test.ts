import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { evidenceName } from '../../run/evidence.ts';
import { judgeSkips, parseAllowedSkips } from '../../run/allowed-skips.ts';
import { parseTestRunOptions } from '../../run/options.ts';
import { closingLine, countOutcomes, type TestOutcome } from '../../run/outcome.ts';
import { readPlaywrightReport } from '../../run/playwright-report.ts';
import { securityTable } from '../../run/security-table.ts';
import { makeTemporaryFolder } from '../../run/temporary-folder.ts';
import { typescriptProjects } from '../../run/tiers.ts';
import { readVitestReport } from '../../run/vitest-report.ts';

test('the closing line counts every outcome', () => {
  const outcomes: TestOutcome[] = [
    { name: 'a', status: 'passed' },
    { name: 'b', status: 'passed' },
    { name: 'c', status: 'failed' },
    { name: 'd', status: 'skipped' },
  ];
  expect(closingLine(countOutcomes(outcomes))).toBe('2 passed, 1 failed, 1 skipped');
});

test('a skip that is not allowed counts as failed; one that is allowed keeps its reason', () => {
  const judged = judgeSkips(
    [
      { name: 'e2e > window > fuses on real Electron', status: 'skipped' },
      { name: 'unit > too hard', status: 'skipped' },
      { name: 'unit > fine', status: 'passed' },
    ],
    parseAllowedSkips('[{"test": "e2e > * real Electron", "reason": "needs the real binary"}]'),
  );
  expect(countOutcomes(judged.outcomes)).toEqual({ passed: 1, failed: 1, skipped: 1 });
  expect(judged.explained).toEqual([{ name: 'e2e > window > fuses on real Electron', reason: 'needs the real binary' }]);
  expect(judged.forbidden).toEqual(['unit > too hard']);
});

test('a pattern allows what it says and no more', () => {
  const judge = (name: string): string[] => judgeSkips([{ name, status: 'skipped' }], [{ test: 'a (b) *', reason: 'r' }]).forbidden;
  expect(judge('a (b) c')).toEqual([]);
  expect(judge('a b c')).toEqual(['a b c']);
  expect(judge('x a (b) c')).toEqual(['x a (b) c']);
});

test.each(['{}', '[{}]', '[{"test":"a","reason":" "}]', '[null]', '[{"test":"","reason":"x"}]'])('allowed skips without pattern or reason are refused: %s', (content) => {
  expect(() => parseAllowedSkips(content)).toThrow(/allowed-skips\.json/);
});

const vitestFile = (assertionResults: unknown[], status = 'passed'): unknown => ({ testResults: [{ name: '/r/test/unit/a.test.ts', status, assertionResults }] });

test('outcomes of vitest carry tier, file and titles', () => {
  const report = vitestFile([{ ancestorTitles: ['ticket'], title: 'works once', status: 'passed' }]);
  expect(readVitestReport('unit', report, '/r')).toEqual([{ name: 'unit > test/unit/a.test.ts > ticket > works once', status: 'passed' }]);
});

test('a file that could not be loaded counts as one failure', () => {
  expect(countOutcomes(readVitestReport('unit', vitestFile([], 'failed'), '/r'))).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('what a name filter left out is no skip; a test that skips itself is one', () => {
  const report = vitestFile([
    { title: 'ticket used twice', status: 'skipped' },
    { title: 'wrong pin', status: 'skipped' },
  ]);
  expect(readVitestReport('unit', report, '/r', /ticket/).map((outcome) => outcome.name)).toEqual(['unit > test/unit/a.test.ts > ticket used twice']);
});

test('in Playwright a test that passed only on retry failed, and an error outside of tests failed', () => {
  const report = {
    suites: [
      {
        title: 'a.spec.ts',
        specs: [{ title: 'one', tests: [{ status: 'expected' }] }],
        suites: [{ title: 'group', specs: [{ title: 'two', tests: [{ status: 'flaky' }] }, { title: 'three', tests: [{ status: 'skipped', annotations: [{ type: 'skip', description: 'real Electron only' }] }] }] }],
      },
    ],
    errors: [{ message: 'no' }],
  };
  expect(readPlaywrightReport('e2e', report)).toEqual([
    { name: 'e2e > a.spec.ts > one', status: 'passed' },
    { name: 'e2e > a.spec.ts > group > two', status: 'failed' },
    { name: 'e2e > a.spec.ts > group > three', status: 'skipped', note: 'real Electron only' },
    { name: 'e2e > error 1 outside of tests', status: 'failed' },
  ]);
});

test('without names all tiers but the long one run', () => {
  expect(parseTestRunOptions([]).tiers).toEqual(['lint', 'typecheck', 'unit', 'integration', 'e2e']);
  expect(parseTestRunOptions(['--long']).tiers).toContain('long');
});

test('tiers, patterns and files can be chosen', () => {
  expect(parseTestRunOptions(['e2e', 'unit']).tiers).toEqual(['unit', 'e2e']);
  expect(parseTestRunOptions(['-t', 'ticket'])).toMatchObject({ tiers: ['unit', 'integration', 'e2e'], namePattern: 'ticket' });
  expect(parseTestRunOptions(['unit', 'test/unit/scripts'])).toMatchObject({ tiers: ['unit'], files: ['test/unit/scripts'] });
  expect(() => parseTestRunOptions(['--watch'])).toThrow(/--watch/);
  expect(() => parseTestRunOptions(['-t'])).toThrow(/pattern/);
});

test('the security table is found in its document, rows and head', () => {
  const document = ['# Security', '', '| id | rule | proved by |', '| --- | --- | --- |', '| E1 | only secure content | static |', '| **E2** | no Node | stand-in |', '', '| A1 | other | x |'].join('\n');
  expect(securityTable(document)).toEqual(['| id | rule | proved by |', '| --- | --- | --- |', '| E1 | only secure content | static |', '| **E2** | no Node | stand-in |']);
  expect(securityTable('nothing')).toEqual([]);
});

test('the types of all projects are checked that the script names', () => {
  expect(typescriptProjects('{"scripts": {"typecheck": "tsc -p a.json && tsc -p b.json"}}')).toEqual(['a.json', 'b.json']);
});

test('what a long run says is kept by its day, for each tier by itself where it is not the whole, and never of a part of the tests', () => {
  const nameOf = (...words: string[]) => evidenceName(parseTestRunOptions(words), '2026-11-26');
  expect(nameOf('--long')).toBe('2026-11-26-long.txt');
  expect(nameOf('--long', 'integration')).toBe('2026-11-26-long-integration.txt');
  expect(nameOf('--long', 'e2e', 'long')).toBe('2026-11-26-long-e2e-long.txt');
  expect(nameOf('integration')).toBeUndefined();
  expect(nameOf('--long', 'integration', 'recorder-killed')).toBeUndefined();
  expect(nameOf('--long', '-t', 'kill')).toBeUndefined();
});

test('tests keep their temporary files in the system’s folder where memory has no room for them, or is none', () => {
  for (const made of [makeTemporaryFolder('/dev/shm', Number.MAX_SAFE_INTEGER), makeTemporaryFolder('/proc/self', 0), makeTemporaryFolder('/no/such/place', 0)]) expect(made.environment).toEqual({});
});

test.runIf(process.platform === 'linux')('a run’s folder in memory is gone after it, and so is that of an earlier run that was killed', () => {
  const place = mkdtempSync('/dev/shm/mavis-test-');
  try {
    // No process has that number: Linux gives none above 4,194,304.
    const left = join(place, 'mavis-run-4194305-a');
    mkdirSync(join(left, 'database'), { recursive: true });
    const made = makeTemporaryFolder(place, 0);
    const folder = made.environment['TMPDIR'] ?? '';
    expect(dirname(folder)).toBe(place);
    expect([existsSync(left), existsSync(folder)]).toEqual([false, true]);
    made.remove();
    expect(existsSync(folder)).toBe(false);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test.runIf(process.platform === 'linux')('what a killed run of another account left in memory, which this one may not remove, keeps no run from its folder', () => {
  const place = mkdtempSync('/dev/shm/mavis-test-');
  const closed = join(place, 'mavis-run-4194305-a', 'closed');
  try {
    mkdirSync(closed, { recursive: true });
    writeFileSync(join(closed, 'file'), '');
    // Root may remove it all the same.
    chmodSync(closed, 0o500);
    const made = makeTemporaryFolder(place, 0);
    expect(existsSync(made.environment['TMPDIR'] ?? '')).toBe(true);
    made.remove();
  } finally {
    if (existsSync(closed)) chmodSync(closed, 0o700);
    rmSync(place, { recursive: true });
  }
});
