/**
 * Frames between client and gateway on the proxy ports: one byte of type, four bytes of length (big endian), the payload.
 * They run inside TLS 1.3 with ALPN `PROXY_ALPN`, the gateway's key pinned by the client, the client's key named in the grant.
 */
export const PROXY_ALPN = 'mavis-proxy/1';

export const frameType = {
  // Client to gateway, before the stream.
  hello: 0x01,
  promptAnswer: 0x02,
  cancel: 0x03,
  resume: 0x04,
  // What a line carries, measured instead of a hello (`line-measure.ts`).
  measure: 0x05,
  measureBack: 0x06,
  // Gateway to client, before the stream.
  progress: 0x11,
  prompt: 0x12,
  accepted: 0x13,
  failed: 0x14,
  forwarding: 0x15,
  resumed: 0x16,
  measured: 0x17,
  filler: 0x18,
  // Both ways, in the stream.
  data: 0x20,
  acknowledge: 0x21,
  finish: 0x22,
  message: 0x23,
  ping: 0x24,
  pong: 0x25,
  close: 0x26,
} as const;
export type FrameType = (typeof frameType)[keyof typeof frameType];

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(frameType));
const STREAM_TYPES: ReadonlySet<number> = new Set([frameType.data]);

export const FRAME_HEADER_BYTES = 5;
/** A hello, a prompt or a message is small; 16 KiB leaves room for twenty prompts and bounds what an unauthenticated peer can make us hold. */
export const MAX_CONTROL_PAYLOAD_BYTES = 16 * 1024;
/** Eight bytes of offset and 64 KiB of data: larger frames save nothing (TLS records are 16 KiB) and delay the frames behind them. */
export const MAX_DATA_PAYLOAD_BYTES = 8 + 64 * 1024;
export const MAX_DATA_BYTES = MAX_DATA_PAYLOAD_BYTES - 8;

export interface Frame {
  readonly type: FrameType;
  readonly payload: Uint8Array;
  /** Of a piece of a data frame: the running count before its bytes, which are then all of the payload. */
  readonly offset?: number;
}

/** How a peer broke the rules, each in its own word, so that a line in a log says which one it was. */
export type FrameFault =
  | 'unknown-type'
  | 'too-long'
  | 'bad-payload'
  | 'bad-order'
  // Of the counted stream.
  | 'empty-data'
  | 'data-out-of-order'
  | 'data-after-finish'
  | 'window-exceeded'
  | 'acknowledged-unsent'
  | 'finish-at-wrong-count'
  | 'resume-at-wrong-count';

/** What a peer sent is not a frame: the connection is not kept. `what` is a word for the log. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly what: FrameFault;
  constructor(what: FrameFault) {
    super(`proxy stream: ${what}`);
    this.what = what;
  }
}

/** A whole frame as bytes. Copies the payload once; for bulk data use `encodeDataHeader` and write the data behind it. */
export function encodeFrame(type: FrameType, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  writeHeader(frame, type, payload.length);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/** The 13 bytes before the data of a data frame: header and the running count of bytes sent before it. */
export function encodeDataHeader(offset: number, length: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES + COUNT_BYTES);
  writeHeader(header, frameType.data, COUNT_BYTES + length);
  writeCount(header, offset);
  return header;
}

/** An 8-byte count as payload, for acknowledge, finish, ping and pong. */
export function encodeCount(type: FrameType, count: number): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + COUNT_BYTES);
  writeHeader(frame, type, COUNT_BYTES);
  writeCount(frame, count);
  return frame;
}

/** Reads an 8-byte count; throws FrameError where the payload is shorter or the count is no safe integer. */
export function decodeCount(payload: Uint8Array): number {
  if (payload.length < COUNT_BYTES) throw new FrameError('bad-payload');
  const count = uint32At(payload, 0) * 2 ** 32 + uint32At(payload, 4);
  if (count > Number.MAX_SAFE_INTEGER) throw new FrameError('bad-payload');
  return count;
}

const COUNT_BYTES = 8;

// Byte by byte: a DataView would give each of these few bytes an ArrayBuffer of its own, and a count beyond 2 ** 53 is refused anyway.
function writeHeader(frame: Uint8Array, type: FrameType, length: number): void {
  frame[0] = type;
  writeUint32(frame, 1, length);
}

function writeCount(frame: Uint8Array, count: number): void {
  writeUint32(frame, FRAME_HEADER_BYTES, Math.floor(count / 2 ** 32));
  writeUint32(frame, FRAME_HEADER_BYTES + 4, count % 2 ** 32);
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}

function uint32At(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/**
 * Cuts a byte stream into frames. Holds at most one frame; refuses an unknown type or a length above the type's bound as
 * soon as the header is there, before any payload is kept. Payloads are views of the pushed chunk where it holds them whole. A
 * data frame that comes in pieces (TLS hands over 16 KiB at a time) is handed on in pieces, each with its own count: putting
 * 64 KiB together again would cost an allocation and a copy of every byte.
 */
export class FrameDecoder {
  #pending: Uint8Array = new Uint8Array(0);
  #filled = 0;
  /** The data frame whose bytes are coming: the count before the next one, and how many are to come. */
  #data = { offset: 0, left: 0 };

  /** Whether no part of a frame is held: what comes next begins something new. */
  get idle(): boolean {
    return this.#filled === 0;
  }

  /** The frames that `chunk` completes, in order; throws FrameError, after which the decoder must not be used. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#data.left > 0) {
        rest = this.#piece(rest, frames);
        continue;
      }
      if (this.#filled > 0) {
        rest = this.#fill(rest, frames);
        continue;
      }
      const length = rest.length >= FRAME_HEADER_BYTES ? payloadLength(rest) : undefined;
      if (length !== undefined && isInPieces(rest, length) && rest.length >= DATA_HEADER_BYTES) {
        this.#data = { offset: decodeCount(rest.subarray(FRAME_HEADER_BYTES, DATA_HEADER_BYTES)), left: length - 8 };
        rest = rest.subarray(DATA_HEADER_BYTES);
        continue;
      }
      if (length === undefined || rest.length < FRAME_HEADER_BYTES + length) {
        this.#hold(rest, length === undefined ? FRAME_HEADER_BYTES : isInPieces(rest, length) ? DATA_HEADER_BYTES : FRAME_HEADER_BYTES + length);
        break;
      }
      frames.push(frameOf(rest.subarray(0, FRAME_HEADER_BYTES + length)));
      rest = rest.subarray(FRAME_HEADER_BYTES + length);
    }
    return frames;
  }

  #hold(part: Uint8Array, wanted: number): void {
    const held = new Uint8Array(wanted);
    held.set(part);
    this.#pending = held;
    this.#filled = part.length;
  }

  #piece(rest: Uint8Array, frames: Frame[]): Uint8Array {
    const { offset, left } = this.#data;
    const piece = rest.length <= left ? rest : rest.subarray(0, left);
    frames.push({ type: frameType.data, payload: piece, offset });
    this.#data = { offset: offset + piece.length, left: left - piece.length };
    return piece === rest ? NOTHING : rest.subarray(piece.length);
  }

  #fill(rest: Uint8Array, frames: Frame[]): Uint8Array {
    const taken = Math.min(this.#pending.length - this.#filled, rest.length);
    this.#pending.set(rest.subarray(0, taken), this.#filled);
    this.#filled += taken;
    if (this.#filled < this.#pending.length) return rest.subarray(taken);
    if (this.#pending.length === FRAME_HEADER_BYTES) {
      const length = payloadLength(this.#pending);
      if (length > 0) {
        this.#hold(this.#pending, isInPieces(this.#pending, length) ? DATA_HEADER_BYTES : FRAME_HEADER_BYTES + length);
        return rest.subarray(taken);
      }
    }
    const length = payloadLength(this.#pending);
    if (isInPieces(this.#pending, length)) this.#data = { offset: decodeCount(this.#pending.subarray(FRAME_HEADER_BYTES)), left: length - 8 };
    else frames.push(frameOf(this.#pending));
    this.#pending = new Uint8Array(0);
    this.#filled = 0;
    return rest.subarray(taken);
  }
}

const NOTHING = new Uint8Array(0);
/** Header and count of a data frame. */
const DATA_HEADER_BYTES = FRAME_HEADER_BYTES + 8;

/** Whether a frame of which only a part is there is handed on in pieces: a data frame with at least one byte of data. */
function isInPieces(header: Uint8Array, length: number): boolean {
  return header[0] === frameType.data && length > 8 && header.length < FRAME_HEADER_BYTES + length;
}

function payloadLength(header: Uint8Array): number {
  const type = header[0] ?? 0;
  if (!KNOWN_TYPES.has(type)) throw new FrameError('unknown-type');
  const length = uint32At(header, 1);
  const bound = STREAM_TYPES.has(type) ? MAX_DATA_PAYLOAD_BYTES : MAX_CONTROL_PAYLOAD_BYTES;
  if (length > bound) throw new FrameError('too-long');
  return length;
}

function frameOf(bytes: Uint8Array): Frame {
  return { type: bytes[0] as FrameType, payload: bytes.subarray(FRAME_HEADER_BYTES) };
}
