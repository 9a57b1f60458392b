import type { Fact, Facts } from './canonical-json.ts';

/** Beyond this a value is cut: an entry is bounded, and of a long text the beginning says enough. */
const MAX_CHARACTERS = 1_000;

/** What an administrative change made of something: `before.name` and `after.name` for each field that is not as it was. */
export function changedFacts(before: Facts, after: Facts): Facts {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return Object.fromEntries(
    names.flatMap((name) => {
      const [was, is] = [before[name] ?? null, after[name] ?? null];
      return JSON.stringify(was) === JSON.stringify(is) ? [] : [[`before.${name}`, bounded(was)], [`after.${name}`, bounded(is)]];
    }),
  );
}

function bounded(fact: Fact): Fact {
  if (typeof fact === 'string') return fact.slice(0, MAX_CHARACTERS);
  return typeof fact === 'object' && fact !== null ? fact.slice(0, 64).map((one) => one.slice(0, 200)) : fact;
}
