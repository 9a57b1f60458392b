import { createHash } from 'node:crypto';

const STEPS = 1_000_000;

/**
 * Where a computer stands in the roll-out of a version: 0 to below 100, evenly spread, always the same for the two, so that one that has
 * it keeps it as the share rises. By version too, so that it is not always the same computers that go first.
 */
export function rolloutPlace(installation: string, version: string): number {
  const number = createHash('sha256').update(`mavis-rollout-1\n${installation}\n${version}`).digest().readUInt32BE(0);
  return ((number % STEPS) / STEPS) * 100;
}
