import { asciiBytes } from '../recording/utf8.ts';

/**
 * Names of files as text, without loss: a server's names are bytes. What is UTF-8 is read as such; each byte that is not becomes
 * a lone surrogate U+DC80 to U+DCFF (as Python's `surrogateescape` does), so that `encodeFileName` gives the same bytes back.
 */
export function decodeFileName(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) {
      text += String.fromCharCode(byte);
      at += 1;
      continue;
    }
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + byte);
      at += 1;
      continue;
    }
    text += String.fromCodePoint(codePointAt(bytes, at, length));
    at += length;
  }
  return text;
}

/** The bytes of a name; what stands for a byte that was no UTF-8 becomes that byte, any other lone surrogate U+FFFD. */
export function encodeFileName(name: string): Uint8Array {
  const ascii = asciiBytes(name);
  if (ascii !== undefined) return ascii;
  const bytes: number[] = [];
  for (const letter of name) {
    const point = letter.codePointAt(0) ?? 0;
    if (point < 0x80) bytes.push(point);
    else if (point >= 0xdc80 && point <= 0xdcff) bytes.push(point - 0xdc00);
    else if (point >= 0xd800 && point <= 0xdfff) bytes.push(0xef, 0xbf, 0xbd);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x1_0000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
  }
  return Uint8Array.from(bytes);
}

/** Nothing of ASCII's own is to be written out but its controls. */
const PLAIN_NAME = /^[\x20-\x7e]*$/;

/** A name or path as it can be shown: controls, marks that turn the direction of writing, and bytes that are no UTF-8 are written out. */
export function printableFileName(name: string): string {
  if (PLAIN_NAME.test(name)) return name;
  let shown = '';
  for (const letter of name) {
    const point = letter.codePointAt(0) ?? 0;
    if (point >= 0xdc80 && point <= 0xdcff) shown += `\\x${(point - 0xdc00).toString(16)}`;
    else if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(letter)) shown += point <= 0xff ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`;
    else shown += letter;
  }
  return shown;
}

/** Length of the well-formed UTF-8 sequence at a place, 0 where there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  for (let next = 1; next < length; next += 1) if (((bytes[at + next] ?? 0) & 0xc0) !== 0x80) return 0;
  if (length < 3) return length;
  const point = codePointAt(bytes, at, length);
  const wellFormed = length === 3 ? point >= 0x800 && (point < 0xd800 || point > 0xdfff) : point >= 0x1_0000 && point <= 0x10_ffff;
  return wellFormed ? length : 0;
}

function codePointAt(bytes: Uint8Array, at: number, length: number): number {
  let point = (bytes[at] ?? 0) & (0xff >> (length + 1));
  for (let next = 1; next < length; next += 1) point = (point << 6) | ((bytes[at + next] ?? 0) & 0x3f);
  return point;
}
