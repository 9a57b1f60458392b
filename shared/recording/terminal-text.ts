import { Utf8Decoder } from './utf8.ts';

const ESCAPE = 0x1b;
const BELL = 0x07;
const NEW_LINE = 0x0a;
const TAB = 0x09;
/** A string sequence (title, sixel) that does not end is given up after so many letters, so that it hides no text for ever. */
const LONGEST_STRING = 4096;

type State = 'text' | 'escape' | 'sequence' | 'intermediate' | 'string' | 'string-escape';

/**
 * What a terminal's output says, without its control sequences: for search. Text that a sequence would hide (`ESC[8m`,
 * black on black) is text all the same. Takes bytes in any pieces; sequences and characters may be split.
 */
export class TerminalText {
  readonly #decoder = new Utf8Decoder();
  #state: State = 'text';
  #stringLength = 0;

  push(bytes: Uint8Array): string {
    const text = this.#decoder.push(bytes);
    let kept = '';
    let from = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (this.#state === 'text' && isText(code)) continue;
      kept += text.slice(from, at);
      from = at + 1;
      this.#step(code);
    }
    return kept + text.slice(from);
  }

  #step(code: number): void {
    if (code === ESCAPE && this.#state !== 'string') this.#state = 'escape';
    else this.#state = this.#next(code);
  }

  #next(code: number): State {
    switch (this.#state) {
      case 'text':
        return 'text';
      case 'escape':
        return this.#afterEscape(code);
      case 'sequence':
        return code >= 0x40 && code <= 0x7e ? 'text' : 'sequence';
      case 'intermediate':
        return code >= 0x30 && code <= 0x7e ? 'text' : 'intermediate';
      case 'string-escape':
        return code === 0x5c ? 'text' : this.#inString(code);
      case 'string':
        return this.#inString(code);
    }
  }

  #afterEscape(code: number): State {
    if (code === 0x5b) return 'sequence';
    this.#stringLength = 0;
    // OSC, DCS, SOS, PM, APC are strings; 0x20 to 0x2f are followed by one more letter.
    if ([0x5d, 0x50, 0x58, 0x5e, 0x5f].includes(code)) return 'string';
    return code >= 0x20 && code <= 0x2f ? 'intermediate' : 'text';
  }

  #inString(code: number): State {
    this.#stringLength += 1;
    if (code === BELL || this.#stringLength > LONGEST_STRING) return 'text';
    return code === ESCAPE ? 'string-escape' : 'string';
  }
}

function isText(code: number): boolean {
  return (code >= 0x20 && code !== 0x7f && !(code >= 0x80 && code < 0xa0)) || code === NEW_LINE || code === TAB;
}
