/** A text made ready to be pasted into a terminal. */
export interface PreparedPaste {
  readonly text: string;
  /** Lines that would run: line ends, and what stands after the last. */
  readonly lines: number;
  /** Control characters were taken out. */
  readonly cleaned: boolean;
  /** There was more than is pasted at once: this is the beginning. */
  readonly cut: boolean;
}

/** A person who pastes more wants a file transfer, and the target would choke on it. */
export const MAX_PASTE_LENGTH = 1024 * 1024;

/** Everything that controls, but tab and line end: ESC among it, so that no `ESC[201~` ends a bracketed paste early (A10). */
const CONTROLS = /(?![\t\n])\p{Cc}/gu;

/** Makes a text of the clipboard ready: at most `MAX_PASTE_LENGTH` of it, one kind of line end, no control characters. */
export function preparePaste(raw: string): PreparedPaste {
  const cut = raw.length > MAX_PASTE_LENGTH;
  // Half of a character at the end would arrive as a sign that nobody typed.
  const unified = (cut ? raw.slice(0, MAX_PASTE_LENGTH).replace(/[\uD800-\uDBFF]$/, '') : raw).replaceAll(/\r\n?/g, '\n');
  const text = unified.replaceAll(CONTROLS, '');
  return { text, lines: lineCount(text), cleaned: text.length !== unified.length, cut };
}

function lineCount(text: string): number {
  if (text === '') return 0;
  let ends = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends += 1;
  return text.endsWith('\n') ? ends : ends + 1;
}

/** Whether a person is asked first: where a paste runs something by itself or several things, if he wants that (A10), and always where it is not the whole. */
export function pasteNeedsQuestion(paste: PreparedPaste, warnOfLines: boolean): boolean {
  return paste.cut || (warnOfLines && paste.text.includes('\n'));
}

/** The first lines of a paste for the question, and how many are left out. */
export function pastePreview(text: string, maxLines = 12, maxColumns = 200): { readonly shown: string; readonly more: number } {
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  const shown = lines.slice(0, maxLines).map((line) => (line.length > maxColumns ? `${line.slice(0, maxColumns)}…` : line));
  return { shown: shown.join('\n'), more: Math.max(0, lines.length - maxLines) };
}

/** Bytes in pieces of at most `max`, each a copy of its own: a port would carry the whole buffer under a view. */
export function* inPieces(bytes: Uint8Array, max: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += max) yield bytes.slice(at, at + max);
}
