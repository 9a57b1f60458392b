/** Minimum, median, 95th percentile and maximum of measured values; throws RangeError for none. */
export function distributionOf(values: readonly number[]): { readonly min: number; readonly median: number; readonly p95: number; readonly max: number } {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { min: at(0), median: at(0.5), p95: at(0.95), max: at(1) };
}

/** Between which of the measured values the true median lies with 95 %, whatever their distribution: between the ranks that a fair coin stays within (normal approximation). Throws RangeError for none. */
export function medianInterval(values: readonly number[]): { readonly low: number; readonly high: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)));
  const [low, high] = [sorted[rank], sorted[sorted.length - 1 - rank]];
  if (low === undefined || high === undefined) throw new RangeError('nothing was measured');
  return { low, high };
}

/** One line: a name and its distribution in a unit. */
export function distributionLine(name: string, values: readonly number[], unit: string): string {
  const { min, median, p95, max } = distributionOf(values);
  const [a, b, c, d] = [min, median, p95, max].map((value) => value.toFixed(1).padStart(9));
  return `${name.padEnd(34)} min ${a}  median ${b}  p95 ${c}  max ${d} ${unit}  (${values.length} runs)`;
}
