import { tierNames, type TestRunOptions } from './options.ts';

/**
 * The name under `docs/evidence/` of what a long run says: its day, and its tiers where it is not all of them, so that tiers
 * that are run one by one do not write over each other. Undefined for a run that is not long or leaves tests out.
 */
export function evidenceName({ long, tiers, files, namePattern }: TestRunOptions, day: string): string | undefined {
  if (!long || files.length > 0 || namePattern !== undefined) return undefined;
  const whole = tierNames.every((tier) => tiers.includes(tier));
  return `${day}-long${whole ? '' : `-${tiers.join('-')}`}.txt`;
}
