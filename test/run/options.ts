/** The tiers in the order in which they run: what is fast and finds most comes first. */
export const tierNames = ['lint', 'typecheck', 'unit', 'integration', 'e2e', 'long'] as const;

/** One tier of the tests. */
export type TierName = (typeof tierNames)[number];

/** What `npm test` was asked for. */
export type TestRunOptions = {
  readonly tiers: readonly TierName[];
  /** Regular expression on test names. */
  readonly namePattern: string | undefined;
  /** Files, or parts of their paths, to keep to. */
  readonly files: readonly string[];
  readonly long: boolean;
};

/** Reads the command line: names of tiers, `-t PATTERN`, `--long`, and parts of file names. Throws on other options. */
export function parseTestRunOptions(parameters: readonly string[]): TestRunOptions {
  const tiers: TierName[] = [];
  const files: string[] = [];
  let namePattern: string | undefined;
  let long = false;
  for (let at = 0; at < parameters.length; at += 1) {
    const word = parameters[at] ?? '';
    if (word === '--long') long = true;
    else if (word === '-t') {
      at += 1;
      namePattern = parameters[at];
      if (namePattern === undefined) throw new Error('-t needs a pattern: npm test -- -t "ticket"');
    } else if (isTier(word)) tiers.push(word);
    else if (word.startsWith('-')) throw new Error(`unknown option ${word}; known are: ${tierNames.join(', ')}, -t PATTERN, --long, parts of file names`);
    else files.push(word);
  }
  return { tiers: tiersOf(tiers, files.length > 0 || namePattern !== undefined, long), namePattern, files, long };
}

/** Without a name of a tier: all of them; with a filter only those that have tests to filter. */
function tiersOf(named: readonly TierName[], filtered: boolean, long: boolean): TierName[] {
  if (named.length > 0) return tierNames.filter((tier) => named.includes(tier));
  return tierNames.filter((tier) => (tier !== 'long' || long) && !(filtered && (tier === 'lint' || tier === 'typecheck')));
}

function isTier(word: string): word is TierName {
  return (tierNames as readonly string[]).includes(word);
}
