import type { TestOutcome } from './outcome.ts';

/** A skip that is allowed: a pattern of test names (`*` stands for anything) and why such tests cannot run. */
export type AllowedSkip = { readonly test: string; readonly reason: string };

/** A skipped test and why it may be skipped. */
export type ExplainedSkip = { readonly name: string; readonly reason: string };

/** Reads test/allowed-skips.json's content. Throws where an entry has no pattern or no reason. */
export function parseAllowedSkips(content: string): AllowedSkip[] {
  const list: unknown = JSON.parse(content);
  if (!Array.isArray(list)) throw new Error('test/allowed-skips.json must hold a list of {"test", "reason"}');
  return list.map((entry: unknown, index) => {
    const { test, reason } = (entry ?? {}) as Partial<AllowedSkip>;
    if (typeof test !== 'string' || typeof reason !== 'string' || test.trim() === '' || reason.trim() === '') {
      throw new Error(`test/allowed-skips.json: entry ${index + 1} needs "test" and "reason", both not empty`);
    }
    return { test, reason };
  });
}

/** Turns skips that are not allowed into failures, and gives the reasons of those that are. */
export function judgeSkips(
  outcomes: readonly TestOutcome[],
  allowed: readonly AllowedSkip[],
): { readonly outcomes: TestOutcome[]; readonly explained: ExplainedSkip[]; readonly forbidden: string[] } {
  const rules = allowed.map((entry) => ({ matches: patternOf(entry.test), reason: entry.reason }));
  const reasonFor = (name: string): string | undefined => rules.find((rule) => rule.matches.test(name))?.reason;
  const skipped = outcomes.filter((outcome) => outcome.status === 'skipped');
  const explained = skipped.flatMap(({ name }) => {
    const reason = reasonFor(name);
    return reason === undefined ? [] : [{ name, reason }];
  });
  const forbidden = skipped.filter(({ name }) => reasonFor(name) === undefined).map(({ name }) => name);
  const judged = outcomes.map((outcome): TestOutcome =>
    outcome.status === 'skipped' && forbidden.includes(outcome.name) ? { ...outcome, status: 'failed' } : outcome,
  );
  return { outcomes: judged, explained, forbidden };
}

function patternOf(pattern: string): RegExp {
  const pieces = pattern.split('*').map((piece) => piece.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${pieces.join('.*')}$`, 's');
}
