/** What a fact of an entry may be. Never a secret. */
export type Fact = string | number | boolean | null | readonly string[];
export type Facts = Readonly<Record<string, Fact>>;

/** Facts as the one text that is stored and hashed: JSON with its keys sorted. Throws RangeError for a number that JSON does not have. */
export function canonicalFacts(facts: Facts): string {
  const sorted = Object.keys(facts).toSorted().map((key) => {
    const fact = facts[key] ?? null;
    if (typeof fact === 'number' && !Number.isFinite(fact)) throw new RangeError(`fact ${key} is not a finite number`);
    return `${JSON.stringify(key)}:${JSON.stringify(fact)}`;
  });
  return `{${sorted.join(',')}}`;
}
