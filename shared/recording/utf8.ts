/**
 * UTF-8 without the platform's own coders, which `shared/` must not use. The decoder takes bytes in any pieces, as they come
 * from a terminal: a sequence that is split over two pieces is one character, and what is no UTF-8 (Shift_JIS, a binary)
 * becomes U+FFFD in the way of the WHATWG encoding standard ("maximal subpart"), so that nothing is lost silently.
 */
const REPLACEMENT = 0xfffd;
/** `String.fromCharCode` takes its units as arguments: 4,096 stay far from every engine's limit. */
const UNITS_AT_ONCE = 4096;

export class Utf8Decoder {
  #needed = 0;
  #seen = 0;
  #codePoint = 0;
  #lower = 0x80;
  #upper = 0xbf;
  #replaced = 0;

  /** How often U+FFFD stands for bytes that were no UTF-8. */
  get replaced(): number {
    return this.#replaced;
  }

  /** The text of the characters that `bytes` completes. */
  push(bytes: Uint8Array): string {
    const units: number[] = [];
    let text = '';
    for (let at = 0; at < bytes.length; at += 1) {
      if (units.length >= UNITS_AT_ONCE) {
        text += String.fromCharCode(...units);
        units.length = 0;
      }
      // A byte that ends a broken sequence is looked at again as the start of the next.
      if (!this.#take(bytes[at] ?? 0, units)) at -= 1;
    }
    return text + String.fromCharCode(...units);
  }

  /** U+FFFD where a sequence was left unfinished, else nothing; the decoder is as new after. */
  end(): string {
    const unfinished = this.#needed > 0;
    this.#reset();
    if (!unfinished) return '';
    this.#replaced += 1;
    return String.fromCharCode(REPLACEMENT);
  }

  #take(byte: number, units: number[]): boolean {
    if (this.#needed === 0) {
      this.#begin(byte, units);
      return true;
    }
    if (byte < this.#lower || byte > this.#upper) {
      this.#reset();
      this.#replace(units);
      return false;
    }
    this.#lower = 0x80;
    this.#upper = 0xbf;
    this.#codePoint = (this.#codePoint << 6) | (byte & 0x3f);
    this.#seen += 1;
    if (this.#seen === this.#needed) {
      append(units, this.#codePoint);
      this.#reset();
    }
    return true;
  }

  #begin(byte: number, units: number[]): void {
    if (byte < 0x80) units.push(byte);
    else if (byte >= 0xc2 && byte <= 0xdf) this.#expect(1, byte & 0x1f);
    else if (byte >= 0xe0 && byte <= 0xef) this.#expect(2, byte & 0x0f, byte === 0xe0 ? 0xa0 : 0x80, byte === 0xed ? 0x9f : 0xbf);
    else if (byte >= 0xf0 && byte <= 0xf4) this.#expect(3, byte & 0x07, byte === 0xf0 ? 0x90 : 0x80, byte === 0xf4 ? 0x8f : 0xbf);
    else this.#replace(units);
  }

  #expect(needed: number, codePoint: number, lower = 0x80, upper = 0xbf): void {
    this.#needed = needed;
    this.#codePoint = codePoint;
    this.#lower = lower;
    this.#upper = upper;
  }

  #replace(units: number[]): void {
    this.#replaced += 1;
    units.push(REPLACEMENT);
  }

  #reset(): void {
    this.#needed = 0;
    this.#seen = 0;
    this.#codePoint = 0;
    this.#lower = 0x80;
    this.#upper = 0xbf;
  }
}

function append(units: number[], codePoint: number): void {
  if (codePoint < 0x1_0000) units.push(codePoint);
  else units.push(0xd800 + ((codePoint - 0x1_0000) >> 10), 0xdc00 + ((codePoint - 0x1_0000) & 0x3ff));
}

/** The text of whole UTF-8; undefined where it is none. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const decoder = new Utf8Decoder();
  const text = decoder.push(bytes) + decoder.end();
  return decoder.replaced === 0 ? text : undefined;
}

/** The bytes of a text that is ASCII alone, as most of what programs say to each other is: a tenth of the cost. Undefined for any other. */
export function asciiBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) return undefined;
    bytes[at] = unit;
  }
  return bytes;
}

/** The text as UTF-8; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const ascii = asciiBytes(text);
  if (ascii !== undefined) return ascii;
  const bytes: number[] = [];
  for (const character of text) {
    const read = character.codePointAt(0) ?? REPLACEMENT;
    const point = read >= 0xd800 && read <= 0xdfff ? REPLACEMENT : read;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x1_0000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
  }
  return Uint8Array.from(bytes);
}
