import { relative } from 'node:path';
import type { TestOutcome } from './outcome.ts';

type VitestTest = { readonly fullName?: string; readonly title?: string; readonly ancestorTitles?: readonly string[]; readonly status?: string };
type VitestFile = { readonly name?: string; readonly status?: string; readonly assertionResults?: readonly VitestTest[] };

/**
 * Outcomes out of vitest's JSON report. A file that failed without a failed test (it could not be loaded) counts as one
 * failure. With a name filter vitest reports all other tests as skipped: those are left out.
 */
export function readVitestReport(tier: string, report: unknown, root: string, filter?: RegExp): TestOutcome[] {
  const { testResults = [] } = (report ?? {}) as { testResults?: readonly VitestFile[] };
  return testResults.flatMap((file) => {
    const fileName = `${tier} > ${relative(root, file.name ?? '').split('\\').join('/')}`;
    const tests = (file.assertionResults ?? []).flatMap((test) => outcomeOf(fileName, test, filter));
    const failedAlone = file.status === 'failed' && !tests.some((test) => test.status === 'failed');
    return failedAlone ? [...tests, { name: `${fileName} > the file itself`, status: 'failed' as const }] : tests;
  });
}

function outcomeOf(fileName: string, test: VitestTest, filter: RegExp | undefined): TestOutcome[] {
  const titles = [...(test.ancestorTitles ?? []), test.title ?? test.fullName ?? ''].filter(Boolean);
  const name = [fileName, ...titles].join(' > ');
  if (test.status === 'passed' || test.status === 'failed') return [{ name, status: test.status }];
  if (filter !== undefined && !filter.test(titles.join(' '))) return [];
  return [{ name, status: 'skipped' }];
}
