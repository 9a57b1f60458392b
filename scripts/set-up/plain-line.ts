/** Prints the one line with which a set-up step says what it did or what it uses. */
export function say(step: string, text: string): void {
  console.log(`${step}: ${text}`);
}

/** How long something took since `startedAt` (milliseconds of `Date.now()`), for a line: `850 ms` or `14 s`. */
export function tookSince(startedAt: number): string {
  const tookMs = Date.now() - startedAt;
  return tookMs < 2000 ? `${tookMs} ms` : `${Math.round(tookMs / 1000)} s`;
}
