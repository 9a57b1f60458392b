/**
 * The few forms of DER (ITU-T X.690) that certificates, CredSSP and RDCleanPath are written in: tag of one byte, length in the
 * least bytes, content. Reading is strict: other lengths, indefinite ones and what goes beyond the bytes are refused.
 */
export const derTag = { integer: 0x02, bitString: 0x03, octetString: 0x04, objectIdentifier: 0x06, utf8String: 0x0c, sequence: 0x30, set: 0x31, generalizedTime: 0x18 } as const;

/** An element as bytes. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = [tag, ...lengthBytes(length)];
  const bytes = new Uint8Array(header.length + length);
  bytes.set(header);
  let at = header.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** `[number] EXPLICIT` around an element. */
export function derContext(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return der(0xa0 | number, ...parts);
}

/** A whole number from 0 to 2^31 - 1. */
export function derInteger(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0x7fff_ffff) throw new RangeError('no whole number of 31 bits');
  const bytes: number[] = [];
  for (let rest = value; rest > 0 || bytes.length === 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return der(derTag.integer, Uint8Array.from((bytes[0] ?? 0) & 0x80 ? [0, ...bytes] : bytes));
}

export function derOctets(bytes: Uint8Array): Uint8Array {
  return der(derTag.octetString, bytes);
}

/** What was read is no DER of the form that was expected. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Where the next one begins. */
  readonly next: number;
}

/** Bytes of header and content of the element at the beginning; false until its header is there. Throws DerError for a length that is not DER, or over `mostBytes`. */
export function derLength(bytes: Uint8Array, mostBytes: number): number | false {
  const header = readHeader(bytes, 0);
  if (header === false) return false;
  const whole = header.contentAt + header.length;
  if (whole > mostBytes) throw new DerError('element too long');
  return whole;
}

/** The element at `at`; throws DerError where it is not whole. */
export function readDer(bytes: Uint8Array, at = 0): DerElement {
  const header = readHeader(bytes, at);
  if (header === false || header.contentAt + header.length > bytes.length) throw new DerError('element cut off');
  const next = header.contentAt + header.length;
  return { tag: bytes[at] ?? 0, content: bytes.subarray(header.contentAt, next), next };
}

/** All elements that follow one another in `bytes`; throws DerError for more than `most`. */
export function readDerAll(bytes: Uint8Array, most: number): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (elements.length >= most) throw new DerError('too many elements');
    const element = readDer(bytes, at);
    elements.push(element);
    at = element.next;
  }
  return elements;
}

/** The content of the only element in `bytes`, which has this tag. */
export function readDerOnly(bytes: Uint8Array, tag: number): Uint8Array {
  const element = readDer(bytes);
  if (element.tag !== tag || element.next !== bytes.length) throw new DerError('another element was expected');
  return element.content;
}

/** The fields of a sequence of `[number] EXPLICIT` elements, by number; they stand in ascending order. */
export function readDerFields(content: Uint8Array, most: number): ReadonlyMap<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>();
  let last = -1;
  for (const { tag, content: inner } of readDerAll(content, most)) {
    const number = tag & 0x1f;
    if ((tag & 0xe0) !== 0xa0 || number <= last) throw new DerError('fields out of order');
    fields.set(number, inner);
    last = number;
  }
  return fields;
}

/** A whole number from 0 to 2^32 - 1, also where an encoder wrote an unsigned code of 32 bits as a negative number. */
export function readDerUnsigned(bytes: Uint8Array): number {
  const content = readDerOnly(bytes, derTag.integer);
  if (content.length === 0 || content.length > 5 || (content.length === 5 && content[0] !== 0)) throw new DerError('number out of range');
  const negative = ((content[0] ?? 0) & 0x80) !== 0;
  let value = negative ? 0xffff_ffff : 0;
  for (const byte of content) value = ((value << 8) | byte) >>> 0;
  return value;
}

function readHeader(bytes: Uint8Array, at: number): { contentAt: number; length: number } | false {
  if (bytes.length < at + 2) return false;
  if (((bytes[at] ?? 0) & 0x1f) === 0x1f) throw new DerError('tag of several bytes');
  const first = bytes[at + 1] ?? 0;
  if (first < 0x80) return { contentAt: at + 2, length: first };
  const count = first & 0x7f;
  if (count === 0 || count > 3) throw new DerError('length out of range');
  if (bytes.length < at + 2 + count) return false;
  let length = 0;
  for (const byte of bytes.subarray(at + 2, at + 2 + count)) length = length * 256 + byte;
  if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new DerError('length not in the least bytes');
  return { contentAt: at + 2 + count, length };
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}
