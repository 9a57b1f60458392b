import { z } from 'zod';

/**
 * Text of a peer as a database can keep it, cut to so many letters: without NUL, which PostgreSQL takes in no text, and without halves
 * of letters beyond the sixteen-bit ones, which are no text in UTF-8; a cut leaves none either.
 */
export function storableText(text: string, mostLetters = Number.POSITIVE_INFINITY): string {
  const whole = text.includes('\0') ? text.replaceAll('\0', '') : text;
  const cut = whole.length > mostLetters ? whole.slice(0, mostLetters).replace(/[\uD800-\uDBFF]$/, '') : whole;
  return cut.replaceAll(/\p{Surrogate}/gu, '�');
}

/** Whether every store takes a text as it is: PostgreSQL takes no NUL, and in JSON no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Text of a peer that is refused where no store would take it, of at most so many letters. */
export function textToStore(most: number) {
  return z.string().max(most).refine(isStorable);
}

/** The way to the first text in a parsed value that no store takes, keys of records among them; undefined where there is none. Deep values cost no stack. */
export function unstorableField(value: unknown): string | undefined {
  const rest: { readonly way: string; readonly value: unknown }[] = [{ way: '', value }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { way, value: one } = next;
    if (typeof one === 'string' && !isStorable(one)) return way;
    if (typeof one !== 'object' || one === null) continue;
    for (const [key, inside] of Object.entries(one)) {
      if (!isStorable(key)) return way;
      rest.push({ way: way === '' ? key : `${way}.${key}`, value: inside });
    }
  }
  return undefined;
}
