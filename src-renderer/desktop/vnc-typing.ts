import { isTaken, watchText } from './key-field.ts';

export interface VncTyping {
  /** One letter, typed without a key of its own. */
  letter(keysym: number): void;
  /** A key by its place alone: it means nothing by itself. */
  place(code: string): void;
}

const RETURN = 0xff0d;
/** Letters of Latin-1 are keysyms of their own; all others are so by their number in Unicode (X11 protocol, appendix A). */
const LATIN_1_END = 0x100;
const UNICODE = 0x100_0000;
const LEAST_PRINTABLE = 0x20;

/** The keysym that writes a letter; undefined for a control character that no key writes. */
export function keysymOf(letter: string): number | undefined {
  const point = letter.codePointAt(0) ?? 0;
  if (letter === '\n' || letter === '\r') return RETURN;
  if (point < LEAST_PRINTABLE || (point >= 0x7f && point < 0xa0)) return undefined;
  return point < LATIN_1_END ? point : UNICODE | point;
}

/**
 * Keeps from noVNC, which listens to the field's keys after this, those that an input method has, and types what it makes of them.
 * So it is with a dead key where the user's own system puts it together with its letter; where it does not, the target may, which
 * is told the key's place. Ends with `signal`.
 */
export function watchTyping(field: HTMLTextAreaElement, typing: VncTyping, signal: AbortSignal): void {
  let dead: string | undefined;
  const tellDead = (): void => {
    if (dead !== undefined) typing.place(dead);
    dead = undefined;
  };
  field.addEventListener('keydown', (event) => {
    tellDead();
    if (event.key === 'Dead') dead = event.code;
    if (event.key === 'Dead' || isTaken(event)) event.stopImmediatePropagation();
  }, { signal, capture: true });
  // Whichever key goes up: a Shift that the dead key needs may go before it, and noVNC tells of that next.
  field.addEventListener('keyup', tellDead, { signal, capture: true });
  field.addEventListener('compositionstart', () => (dead = undefined), { signal });
  watchText(field, (text) => {
    for (const letter of text) {
      const keysym = keysymOf(letter);
      if (keysym !== undefined) typing.letter(keysym);
    }
  }, signal);
}
