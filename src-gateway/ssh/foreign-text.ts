import { storableText } from '../../shared/storable-text.ts';

/**
 * Text of a peer, made fit to be shown: control characters (escape sequences begin with one) and marks that reverse the
 * order of writing are taken out, and it is cut, never within a letter: half a letter is no text, and a database refuses it.
 */
export function shownText(text: string, mostLetters: number): string {
  return storableText(text.replaceAll(/[^\P{C}\n\t]/gu, ''), mostLetters);
}
