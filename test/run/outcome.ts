/** How one test ended. */
export type TestOutcome = {
  /** Tier, file and names of the test, as it is shown and as skips are allowed by. */
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, where the test itself says so. */
  readonly note?: string;
};

/** The sums of a run. */
export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** Counts outcomes. */
export function countOutcomes(outcomes: readonly TestOutcome[]): Counts {
  const count = (status: TestOutcome['status']): number => outcomes.filter((outcome) => outcome.status === status).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

/** The line that every run ends with. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
