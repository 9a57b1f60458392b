/**
 * Text of a peer, made fit to be shown: control characters (escape sequences begin with one) and marks that reverse the
 * order of writing are taken out, and it is cut.
 */
export function shownText(text: string, mostLetters: number): string {
  return text.replaceAll(/[^\P{C}\n\t]/gu, '').slice(0, mostLetters);
}
