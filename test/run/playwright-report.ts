import type { TestOutcome } from './outcome.ts';

type PlaywrightTest = {
  readonly status?: string;
  readonly projectName?: string;
  readonly annotations?: readonly { readonly type: string; readonly description?: string }[];
};
type PlaywrightSpec = { readonly title?: string; readonly tests?: readonly PlaywrightTest[] };
type PlaywrightSuite = {
  readonly title?: string;
  readonly file?: string;
  readonly specs?: readonly PlaywrightSpec[];
  readonly suites?: readonly PlaywrightSuite[];
};

/** Outcomes out of Playwright's JSON report. A test that passed only on retry failed; an error outside of tests failed. */
export function readPlaywrightReport(tier: string, report: unknown): TestOutcome[] {
  const { suites = [], errors = [] } = (report ?? {}) as { suites?: readonly PlaywrightSuite[]; errors?: readonly unknown[] };
  const outside = errors.map((_, index): TestOutcome => ({ name: `${tier} > error ${index + 1} outside of tests`, status: 'failed' }));
  return [...suites.flatMap((suite) => outcomesOf(suite, [tier])), ...outside];
}

function outcomesOf(suite: PlaywrightSuite, above: readonly string[]): TestOutcome[] {
  const path = suite.title ? [...above, suite.title] : above;
  const own = (suite.specs ?? []).flatMap((spec) => (spec.tests ?? []).map((test) => outcomeOf([...path, spec.title ?? ''], test)));
  return [...own, ...(suite.suites ?? []).flatMap((inner) => outcomesOf(inner, path))];
}

function outcomeOf(path: readonly string[], test: PlaywrightTest): TestOutcome {
  const name = path.join(' > ');
  if (test.status === 'expected') return { name, status: 'passed' };
  if (test.status !== 'skipped') return { name, status: 'failed' };
  const note = test.annotations?.find((annotation) => annotation.description !== undefined)?.description;
  return note === undefined ? { name, status: 'skipped' } : { name, status: 'skipped', note };
}
