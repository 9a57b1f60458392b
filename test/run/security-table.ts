/** The rows of the table of Electron's security list (E1 to E22) in docs/security.md, with the two lines of its head. */
export function securityTable(document: string): string[] {
  const lines = document.split(/\r?\n/);
  const first = lines.findIndex((line) => /^\|\s*\**E1\b/.test(line));
  if (first < 0) return [];
  const head = lines.slice(Math.max(0, first - 2), first).filter((line) => line.startsWith('|'));
  const rows = lines.slice(first).filter((line) => /^\|\s*\**E\d+\b/.test(line));
  return [...head, ...rows];
}
