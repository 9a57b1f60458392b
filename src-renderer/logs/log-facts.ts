/** Facts on one line, for the list; the details show them whole. */
export function factsLine(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== null && !isId(value))
    .map(([name, value]) => `${name}=${factText(value)}`)
    .join('  ')
    .slice(0, 300);
}

/** One fact as text. */
export function factText(value: unknown): string {
  if (value === null || value === undefined) return '—';
  return Array.isArray(value) ? value.map(String).join(', ') : String(value);
}

/** Ids say nothing in a line; the names stand beside them. */
function isId(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}
