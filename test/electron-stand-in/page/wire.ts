/**
 * What crosses between main process, pages and utility processes: JSON with the bytes of typed arrays behind it.
 *
 *     [u32 length of the JSON][JSON][bytes of the first array][bytes of the second] …
 *
 * Runs in three places (Node's main process, utility processes, a page's isolated world), so it imports nothing.
 */

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): ArrayBufferView;
}

const TYPED_ARRAYS: Readonly<Record<string, TypedArrayConstructor>> = {
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

const ERRORS: Readonly<Record<string, new (message: string) => Error>> = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

function cloneFailure(value: unknown): Error {
  const failure = new Error(`An object could not be cloned.`);
  failure.cause = typeof value;
  return failure;
}

/** Values that JSON would lose. */
function encodeNumber(value: number): Json {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : { $: 'number', v: Object.is(value, -0) ? '-0' : String(value) };
}

function encodeBytes(value: ArrayBuffer | ArrayBufferView, blobs: Uint8Array[]): Json {
  if (value instanceof ArrayBuffer) {
    blobs.push(new Uint8Array(value));
    return { $: 'bytes', t: 'ArrayBuffer', n: value.byteLength };
  }
  blobs.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  return { $: 'bytes', t: tag in TYPED_ARRAYS || tag === 'DataView' ? tag : 'Uint8Array', n: value.byteLength };
}

function encodeObject(value: object, blobs: Uint8Array[], path: object[]): Json {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return encodeBytes(value, blobs);
  if (value instanceof Date) return { $: 'date', v: value.getTime() };
  if (value instanceof RegExp) return { $: 'regexp', s: value.source, f: value.flags };
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) throw cloneFailure(value);
  if (path.includes(value)) throw new Error('not in the stand-in: a message that contains itself');
  path.push(value);
  const walk = (inner: unknown): Json => encodeValue(inner, blobs, path);
  let encoded: Json;
  if (value instanceof Map) encoded = { $: 'map', v: [...value].map(([key, item]) => [walk(key), walk(item)]) };
  else if (value instanceof Set) encoded = { $: 'set', v: [...value].map(walk) };
  else if (value instanceof Error) encoded = { $: 'error', n: value.name, m: value.message, s: value.stack ?? '' };
  else if (Array.isArray(value)) encoded = value.map(walk);
  else encoded = Object.fromEntries(Object.entries(value).map(([name, item]) => [name.startsWith('$') ? `$${name}` : name, walk(item)]));
  path.pop();
  return encoded;
}

function encodeValue(value: unknown, blobs: Uint8Array[], path: object[]): Json {
  switch (typeof value) {
    case 'undefined':
      return { $: 'undefined' };
    case 'bigint':
      return { $: 'bigint', v: String(value) };
    case 'number':
      return encodeNumber(value);
    case 'string':
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : encodeObject(value, blobs, path);
    default:
      throw cloneFailure(value);
  }
}

/**
 * Encodes a value as structured clone would take it. Throws "An object could not be cloned." for functions and symbols.
 * @param headBytes room left free at the start of the result, for the caller's header
 */
export function encodeMessage(value: unknown, headBytes: number = 0): Uint8Array<ArrayBuffer> {
  const blobs: Uint8Array[] = [];
  const json = textEncoder.encode(JSON.stringify(encodeValue(value, blobs, [])));
  let at = headBytes + 4 + json.length;
  const encoded = new Uint8Array(blobs.reduce((sum, blob) => sum + blob.length, at));
  new DataView(encoded.buffer).setUint32(headBytes, json.length, true);
  encoded.set(json, headBytes + 4);
  for (const blob of blobs) {
    encoded.set(blob, at);
    at += blob.length;
  }
  return encoded;
}

type Marked = { readonly $: string; readonly [name: string]: Json };

/** Decodes what {@link encodeMessage} made. The arrays in the result have memory of their own. */
export function decodeMessage(encoded: Uint8Array): unknown {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const jsonLength = view.getUint32(0, true);
  let at = encoded.byteOffset + 4 + jsonLength;

  function decodeBytes(marked: Marked): unknown {
    const length = Number(marked['n']);
    const copy = new Uint8Array(length);
    copy.set(new Uint8Array(encoded.buffer, at, length));
    at += length;
    if (marked['t'] === 'ArrayBuffer') return copy.buffer;
    if (marked['t'] === 'DataView') return new DataView(copy.buffer);
    const constructor = TYPED_ARRAYS[String(marked['t'])] ?? Uint8Array;
    return marked['t'] === 'Uint8Array' ? copy : new constructor(copy.buffer);
  }

  function decodeError(marked: Marked): Error {
    const name = String(marked['n']);
    const error = new (ERRORS[name] ?? Error)(String(marked['m']));
    if (error.name !== name) error.name = name;
    error.stack = String(marked['s']);
    return error;
  }

  const decoders: Readonly<Record<string, (marked: Marked) => unknown>> = {
    undefined: () => undefined,
    bigint: (marked) => BigInt(String(marked['v'])),
    number: (marked) => Number(marked['v']),
    date: (marked) => new Date(Number(marked['v'])),
    regexp: (marked) => new RegExp(String(marked['s']), String(marked['f'])),
    map: (marked) => new Map((marked['v'] as Json[][]).map(([key, item]) => [decodeValue(key ?? null), decodeValue(item ?? null)])),
    set: (marked) => new Set((marked['v'] as Json[]).map(decodeValue)),
    error: decodeError,
    bytes: decodeBytes,
  };

  function decodeValue(value: Json): unknown {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(decodeValue);
    const mark = value['$'];
    const decode = typeof mark === 'string' ? decoders[mark] : undefined;
    if (decode) return decode(value as Marked);
    const object: Record<string, unknown> = {};
    for (const [name, item] of Object.entries(value)) {
      // defineProperty, so that a member called __proto__ stays a member
      Object.defineProperty(object, name.startsWith('$$') ? name.slice(1) : name, { value: decodeValue(item), enumerable: true, configurable: true, writable: true });
    }
    return object;
  }

  return decodeValue(JSON.parse(textDecoder.decode(encoded.subarray(4, 4 + jsonLength))) as Json);
}

/** Kinds of frame on a connection between two processes. */
export const CONTROL_FRAME = 0;
/** A message on a transferred port: the payload is passed on unread where both ends are remote. */
export const PORT_FRAME = 1;

/** Bytes of a port frame's header before the ids of ports it carries: kind, number of ports, two bytes of padding, port id. */
const PORT_HEAD_BYTES = 8;

/** A control frame: any value. */
export function encodeControl(value: unknown): Uint8Array<ArrayBuffer> {
  return encodeMessage(value, 1); // the first byte stays 0: CONTROL_FRAME
}

/** A port frame: the encoded message for the port `id`, with the ids of ports that travel with it (255 at most). */
export function encodePortFrame(id: number, payload: Uint8Array, portIds: readonly number[]): Uint8Array<ArrayBuffer> {
  const head = PORT_HEAD_BYTES + 4 * portIds.length;
  const frame = new Uint8Array(head + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, PORT_FRAME);
  view.setUint8(1, portIds.length);
  view.setInt32(4, id, true);
  portIds.forEach((portId, index) => view.setInt32(PORT_HEAD_BYTES + 4 * index, portId, true));
  frame.set(payload, head);
  return frame;
}

/** A frame as it came. */
export type Frame = { readonly kind: typeof CONTROL_FRAME; readonly value: unknown } | { readonly kind: typeof PORT_FRAME; readonly id: number; readonly portIds: number[]; readonly payload: Uint8Array };

/** Reads a frame; the payload of a port frame is a view on the same memory. */
export function decodeFrame(frame: Uint8Array): Frame {
  if (frame[0] === CONTROL_FRAME) return { kind: CONTROL_FRAME, value: decodeMessage(frame.subarray(1)) };
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const count = view.getUint8(1);
  const portIds = Array.from({ length: count }, (_unused, index) => view.getInt32(PORT_HEAD_BYTES + 4 * index, true));
  return { kind: PORT_FRAME, id: view.getInt32(4, true), portIds, payload: frame.subarray(PORT_HEAD_BYTES + 4 * count) };
}
