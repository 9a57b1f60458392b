import type { Translator } from '../languages/translate.ts';
import type { CheckResult, FactsOf } from './check-result.ts';
import { MOST_TOLD_BYTES_PER_SECOND } from './line-needs.ts';

/** The numbers of a line's checks in a sentence: round trips with their jitter, or what it carries each way; empty for other checks and where nothing was found. */
export function lineWords({ outcome }: Pick<CheckResult, 'outcome'>, translator: Translator): string {
  if (outcome.status !== 'found') return '';
  const { facts } = outcome;
  if (facts.check === 'round-trip') {
    const { bestMs, medianMs, jitterMs } = facts;
    return translator.text('diagnostics.line-round-trip', { best: milliseconds(bestMs, translator), median: milliseconds(medianMs, translator), jitter: milliseconds(jitterMs, translator) });
  }
  return facts.check === 'throughput' ? translator.text('diagnostics.line-throughput', rates(facts, translator)) : '';
}

/** The same in the few signs of a table's cell: the best round trip and how much it varies, or what comes and what goes. */
export function lineSigns(facts: FactsOf<'round-trip'> | FactsOf<'throughput'>, translator: Translator): string {
  if (facts.check === 'round-trip') return `${milliseconds(facts.bestMs, translator)} ± ${milliseconds(facts.jitterMs, translator)}`;
  const { down, up } = rates(facts, translator);
  return `↓ ${down} ↑ ${up}`;
}

function milliseconds(value: number, { language }: Translator): string {
  return new Intl.NumberFormat(language, { style: 'unit', unit: 'millisecond', unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

function rates({ downBytesPerSecond, upBytesPerSecond }: FactsOf<'throughput'>, { language }: Translator): { readonly down: string; readonly up: string } {
  const rate = (bytesPerSecond: number | null): string => {
    if (bytesPerSecond === null) return '—';
    const megabits = (bytesPerSecond * 8) / 1_000_000;
    const [value, unit] = megabits < 1 ? [megabits * 1000, 'kilobit-per-second'] : [megabits, 'megabit-per-second'];
    const told = new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
    return bytesPerSecond >= MOST_TOLD_BYTES_PER_SECOND ? `≥ ${told}` : told;
  };
  return { down: rate(downBytesPerSecond), up: rate(upBytesPerSecond) };
}
