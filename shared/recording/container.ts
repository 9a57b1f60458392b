import { decodeUtf8, encodeUtf8 } from './utf8.ts';
import { readUint48, RecordingFormatError, writeUint48 } from './recording-frame.ts';
import { recordingHeader, recordingSeal, type RecordingHeader, type RecordingSeal } from './recording-header.ts';

/**
 * The sealed container of a recording (rule 19; docs/recording-format.md): a plain header, then records. Each record ends
 * with its link, the SHA-256 of the link before and the record itself, so that whoever reads the file, with or without its
 * key, sees where it stops being what was written. Blocks are encrypted; the last record is the signed seal.
 */
export const CONTAINER_MAGIC: Uint8Array = encodeUtf8('MAVISREC');
export const CONTAINER_VERSION = 1;
/** Magic, version (16 bits), length of the header (32 bits). */
export const PREAMBLE_BYTES = 14;
/** A header is about 1 KiB; 64 KiB bounds what a reader holds. */
export const MAX_HEADER_BYTES = 64 * 1024;
export const recordType = { frames: 1, index: 2, seal: 3 } as const;
export type BlockType = typeof recordType.frames | typeof recordType.index;
/** Type, number of frames (16 bits), time of the last frame (48 bits), length of the payload (32 bits). */
export const RECORD_HEADER_BYTES = 13;
export const LINK_BYTES = 32;
export const TAG_BYTES = 16;
/** What is encrypted at once: large enough that key set-up and hash cost nothing, small enough that seeking opens little. */
export const MAX_BLOCK_PLAIN_BYTES = 256 * 1024;
export const MAX_BLOCK_FRAMES = 0xffff;
export const SIGNATURE_BYTES = 64;
export const MAX_SEAL_BYTES = 16 * 1024;
/** The end of a container always fits into this: a last block of index, and the seal. */
export const CLOSING_ROOM_BYTES = 64 * 1024;

/** SHA-256 over the parts in order, 32 bytes: the platform's own. */
export type Sha256 = (parts: readonly Uint8Array[]) => Uint8Array;
/** AES-256-GCM with the recording's key: the encrypted bytes and, as the last part, the tag of 16 bytes. */
export interface BlockSealer {
  seal(nonce: Uint8Array, additional: Uint8Array, plain: Uint8Array): readonly Uint8Array[];
}
/** Opens what a `BlockSealer` sealed; throws where the tag does not fit. */
export interface BlockOpener {
  open(nonce: Uint8Array, additional: Uint8Array, sealed: Uint8Array): Uint8Array;
}

/** The first bytes of a container; throws RangeError where the header is too long. */
export function encodePreamble(header: RecordingHeader): Uint8Array {
  const text = encodeUtf8(JSON.stringify(header));
  if (text.length > MAX_HEADER_BYTES) throw new RangeError('recording header too long');
  const bytes = new Uint8Array(PREAMBLE_BYTES + text.length);
  bytes.set(CONTAINER_MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, CONTAINER_VERSION);
  view.setUint32(10, text.length);
  bytes.set(text, PREAMBLE_BYTES);
  return bytes;
}

/** The 13 bytes before a record's payload. */
export function encodeRecordHeader(type: number, frames: number, lastMicroseconds: number, length: number): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint16(1, frames);
  writeUint48(view, 3, lastMicroseconds);
  view.setUint32(9, length);
  return bytes;
}

/** Nonce of a block: its number. A key is used for one recording only, so no nonce comes twice. */
export function blockNonce(counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, BigInt(counter));
  return nonce;
}

const BLOCK_CONTEXT = encodeUtf8('mavis-recording-block-1');

/** What the tag of a block also covers: which recording, which block of it, and the record's header. */
export function blockAdditionalData(recordingId: string, counter: number, recordHeader: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(BLOCK_CONTEXT.length + 16 + 8 + RECORD_HEADER_BYTES);
  bytes.set(BLOCK_CONTEXT);
  bytes.set(uuidBytes(recordingId), BLOCK_CONTEXT.length);
  new DataView(bytes.buffer).setBigUint64(BLOCK_CONTEXT.length + 16, BigInt(counter));
  bytes.set(recordHeader, BLOCK_CONTEXT.length + 24);
  return bytes;
}

function uuidBytes(uuid: string): Uint8Array {
  const hex = uuid.replaceAll('-', '');
  return Uint8Array.from({ length: 16 }, (_, place) => Number.parseInt(hex.slice(place * 2, place * 2 + 2), 16));
}

const SEAL_CONTEXT = encodeUtf8('mavis-recording-seal-1\n');

/** The seal as text, and the bytes that the gateway's Ed25519 key signs for it. */
export function encodeSeal(seal: RecordingSeal): { text: Uint8Array; signed: Uint8Array } {
  const text = encodeUtf8(JSON.stringify(seal));
  return { text, signed: signedSealBytes(text) };
}

function signedSealBytes(text: Uint8Array): Uint8Array {
  const signed = new Uint8Array(SEAL_CONTEXT.length + text.length);
  signed.set(SEAL_CONTEXT);
  signed.set(text, SEAL_CONTEXT.length);
  return signed;
}

export interface HeaderPart {
  readonly part: 'header';
  readonly header: RecordingHeader;
  readonly raw: Uint8Array;
  readonly next: number;
}
interface RecordPart {
  readonly offset: number;
  /** Offset behind the record. */
  readonly next: number;
  readonly recordHeader: Uint8Array;
  readonly payload: Uint8Array;
  readonly link: Uint8Array;
}
export interface BlockPart extends RecordPart {
  readonly part: 'block';
  readonly type: BlockType;
  /** Number of the block, from 0, frames and index counted together. */
  readonly counter: number;
  readonly frames: number;
  readonly lastMicroseconds: number;
}
export interface SealPart extends RecordPart {
  readonly part: 'seal';
  readonly seal: RecordingSeal;
  readonly signature: Uint8Array;
  readonly signed: Uint8Array;
}
export type ContainerPart = HeaderPart | BlockPart | SealPart;

type Stage = 'preamble' | 'header' | 'record-header' | 'record-body' | 'done';

/**
 * Cuts a container's bytes, pushed in any pieces, into its parts. Holds at most one part; refuses lengths out of bounds as
 * soon as they are read. It checks form only; hash chain and seal are the verifier's. What is no part of a container is
 * thrown as RecordingFormatError, once the whole parts before it have been given.
 */
export class ContainerParser {
  #held: Uint8Array = new Uint8Array(PREAMBLE_BYTES);
  #filled = 0;
  #stage: Stage = 'preamble';
  #recordHeader: Uint8Array = new Uint8Array(0);
  #preamble: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #counter = 0;
  #failure: RecordingFormatError | undefined;

  /** Why nothing more can be read; undefined as long as it can. */
  get failure(): RecordingFormatError | undefined {
    return this.#failure;
  }

  /** Offset behind the last whole part. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether the bytes so far end between two parts. */
  get between(): boolean {
    return this.#filled === 0 && (this.#stage === 'record-header' || this.#stage === 'done');
  }

  push(chunk: Uint8Array): ContainerPart[] {
    if (this.#failure !== undefined) throw this.#failure;
    const parts: ContainerPart[] = [];
    try {
      this.#pushAll(chunk, parts);
    } catch (thrown) {
      if (!(thrown instanceof RecordingFormatError)) throw thrown;
      this.#failure = thrown;
      if (parts.length === 0) throw thrown;
    }
    return parts;
  }

  #pushAll(chunk: Uint8Array, parts: ContainerPart[]): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#stage === 'done') throw new RecordingFormatError('bytes behind the seal');
      const taken = Math.min(this.#held.length - this.#filled, rest.length);
      this.#held.set(rest.subarray(0, taken), this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
      if (this.#filled < this.#held.length) return;
      const whole = this.#held;
      this.#filled = 0;
      const part = this.#take(whole);
      if (part !== undefined) parts.push(part);
    }
  }

  #take(whole: Uint8Array): ContainerPart | undefined {
    switch (this.#stage) {
      case 'preamble':
        this.#preamble = whole;
        return this.#expect('header', headerLength(whole));
      case 'header':
        return this.#takeHeader(whole);
      case 'record-header':
        this.#recordHeader = whole;
        return this.#expect('record-body', payloadLength(whole) + LINK_BYTES);
      case 'record-body':
        return this.#takeRecord(whole);
      default:
        return undefined;
    }
  }

  #expect(stage: Stage, length: number): undefined {
    this.#stage = stage;
    this.#held = new Uint8Array(length);
  }

  #takeHeader(text: Uint8Array): HeaderPart {
    const raw = new Uint8Array(PREAMBLE_BYTES + text.length);
    raw.set(this.#preamble);
    raw.set(text, PREAMBLE_BYTES);
    this.#offset = raw.length;
    this.#expect('record-header', RECORD_HEADER_BYTES);
    return { part: 'header', header: parseJson(recordingHeader, text, 'header'), raw, next: raw.length };
  }

  #takeRecord(body: Uint8Array): BlockPart | SealPart {
    const recordHeader = this.#recordHeader;
    const payload = body.subarray(0, body.length - LINK_BYTES);
    const offset = this.#offset;
    this.#offset += RECORD_HEADER_BYTES + body.length;
    const record = { offset, next: this.#offset, recordHeader, payload, link: body.subarray(body.length - LINK_BYTES) };
    const view = new DataView(recordHeader.buffer, recordHeader.byteOffset, RECORD_HEADER_BYTES);
    const type = view.getUint8(0);
    if (type === recordType.seal) {
      this.#expect('done', 0);
      const text = payload.subarray(SIGNATURE_BYTES);
      return { part: 'seal', ...record, seal: parseJson(recordingSeal, text, 'seal'), signature: payload.subarray(0, SIGNATURE_BYTES), signed: signedSealBytes(text) };
    }
    this.#expect('record-header', RECORD_HEADER_BYTES);
    const counter = this.#counter;
    this.#counter += 1;
    return { part: 'block', ...record, type: type === recordType.index ? recordType.index : recordType.frames, counter, frames: view.getUint16(1), lastMicroseconds: readUint48(view, 3) };
  }
}

function headerLength(preamble: Uint8Array): number {
  if (CONTAINER_MAGIC.some((byte, place) => preamble[place] !== byte)) throw new RecordingFormatError('no recording');
  const view = new DataView(preamble.buffer, preamble.byteOffset, PREAMBLE_BYTES);
  if (view.getUint16(8) !== CONTAINER_VERSION) throw new RecordingFormatError('unknown version');
  const length = view.getUint32(10);
  if (length < 2 || length > MAX_HEADER_BYTES) throw new RecordingFormatError('header length out of bounds');
  return length;
}

function payloadLength(recordHeader: Uint8Array): number {
  const view = new DataView(recordHeader.buffer, recordHeader.byteOffset, RECORD_HEADER_BYTES);
  const length = view.getUint32(9);
  const bounds = PAYLOAD_BOUNDS.get(view.getUint8(0));
  if (bounds === undefined) throw new RecordingFormatError('unknown type of record');
  if (length < bounds.least || length > bounds.most) throw new RecordingFormatError('record length out of bounds');
  return length;
}

const PAYLOAD_BOUNDS: ReadonlyMap<number, { least: number; most: number }> = new Map([
  [recordType.frames, { least: TAG_BYTES, most: MAX_BLOCK_PLAIN_BYTES + TAG_BYTES }],
  [recordType.index, { least: TAG_BYTES, most: MAX_BLOCK_PLAIN_BYTES + TAG_BYTES }],
  [recordType.seal, { least: SIGNATURE_BYTES + 2, most: MAX_SEAL_BYTES }],
]);

function parseJson<T>(schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } }, bytes: Uint8Array, what: string): T {
  const text = decodeUtf8(bytes);
  let value: unknown;
  try {
    value = text === undefined ? undefined : JSON.parse(text);
  } catch {
    throw new RecordingFormatError(`${what} is no JSON`);
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new RecordingFormatError(`${what} is not as it should be`);
  return result.data;
}
