/** What a terminal acts on, and what turns, breaks or hides the letters beside it. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u200B\u2060\uFEFF]/gu;

/** A text from outside as a terminal or a spreadsheet may show it: control characters (ANSI sequences begin with one) and signs that turn the direction of writing are shown as `\u{1b}` (A7, B14). */
export function printable(text: string): string {
  return text.replaceAll(UNSEEN, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`);
}
