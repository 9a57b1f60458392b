/**
 * Text of a peer as a database can keep it, cut to so many letters: without NUL, which PostgreSQL takes in no text, and without halves
 * of letters beyond the sixteen-bit ones, which are no text in UTF-8; a cut leaves none either.
 */
export function storableText(text: string, mostLetters = Number.POSITIVE_INFINITY): string {
  const whole = text.includes('\0') ? text.replaceAll('\0', '') : text;
  const cut = whole.length > mostLetters ? whole.slice(0, mostLetters).replace(/[\uD800-\uDBFF]$/, '') : whole;
  return cut.replaceAll(/\p{Surrogate}/gu, '�');
}
