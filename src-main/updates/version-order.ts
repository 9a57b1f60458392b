const DIGITS = /^\d+$/;

/** Below 0 where the first version comes before the second, above 0 where after, by semver 2.0.0 section 11. Both are of `updateVersion`. */
export function compareVersions(first: string, second: string): number {
  const [one, other] = [partsOf(first), partsOf(second)];
  for (const [place, number] of one.numbers.entries()) {
    const difference = number - (other.numbers[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePreReleases(one.preRelease, other.preRelease);
}

function partsOf(version: string): { readonly numbers: readonly number[]; readonly preRelease: readonly string[] } {
  const at = version.indexOf('-');
  const core = at < 0 ? version : version.slice(0, at);
  return { numbers: core.split('.').map(Number), preRelease: at < 0 ? [] : version.slice(at + 1).split('.') };
}

function comparePreReleases(one: readonly string[], other: readonly string[]): number {
  if (one.length === 0 || other.length === 0) return other.length - one.length;
  for (const [place, word] of one.entries()) {
    const against = other[place];
    if (against === undefined) return 1;
    if (word === against) continue;
    const [isNumber, againstIsNumber] = [DIGITS.test(word), DIGITS.test(against)];
    if (isNumber && againstIsNumber) return Number(word) - Number(against);
    if (isNumber !== againstIsNumber) return isNumber ? -1 : 1;
    return word < against ? -1 : 1;
  }
  return one.length - other.length;
}
