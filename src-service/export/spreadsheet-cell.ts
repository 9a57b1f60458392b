/** What a spreadsheet takes for the beginning of a formula, full-width signs of Japanese and Chinese keyboards included; quotes before it are those of `escapeFormula`. */
const FORMULA = /^'*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/;

/** A cell of a CSV file that no spreadsheet takes for a formula: with a leading `'` where it would be one (B14). */
export function escapeFormula(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

/** The reverse of `escapeFormula`. */
export function unescapeFormula(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
