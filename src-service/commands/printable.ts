/** A text from outside as a terminal may show it: control characters (ANSI sequences begin with one) and signs that turn the direction of writing are shown as `\u{1b}` (B14). */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`);
}
