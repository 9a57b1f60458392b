import { z } from 'zod';
import type { FileOperation } from './file-operation.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/**
 * What a recording is made of: one thing that happened at one moment. Stored and sent alike as one byte of kind, six bytes
 * of time, four bytes of length (big endian), the payload. A time is in microseconds from the recording's start, on a
 * monotonic clock, so that setting the wall clock during a session changes nothing. Format: docs/recording-format.md.
 */
export const frameKind = {
  /** What the target sent, byte for byte. */
  output: 1,
  /** What the user typed, where its echo came back (rule 20). */
  input: 2,
  /** That the user typed, and how many bytes. */
  inputMark: 3,
  /** The terminal has this size from now on. */
  resize: 4,
  /** What the user asked the target for: a shell, a command line, a variable of the environment. */
  request: 5,
  /** The command or shell ended with this status. */
  exitStatus: 6,
  /** The command or shell was ended by a signal. */
  exitSignal: 7,
  /** Something that the gateway has to say: a refusal, an end, a signal sent by the user. */
  mark: 8,
  /** What the target sent on its error stream (only without a terminal). */
  errorOutput: 9,
  /** What was done with files over SFTP. */
  fileOperation: 10,
  /** What a late watcher's decoder has to know of before (`shared/watching/primer.ts`); never stored. */
  primer: 254,
  /** Closes a playback; never stored. */
  end: 255,
} as const;
export type FrameKind = (typeof frameKind)[keyof typeof frameKind];
const KNOWN_KINDS: ReadonlySet<number> = new Set(Object.values(frameKind));

export const FRAME_HEADER_BYTES = 11;
/** An SSH packet holds 32 KiB; 64 KiB leaves room for two that came together, and bounds what a reader must hold. */
export const MAX_FRAME_PAYLOAD_BYTES = 64 * 1024;
/** Six bytes of microseconds: nine years. */
export const MAX_MICROSECONDS = 2 ** 48 - 1;

export interface RecordingFrame {
  readonly kind: FrameKind;
  /** Microseconds from the recording's start. */
  readonly microseconds: number;
  readonly payload: Uint8Array;
}

/** What was read is no recording; `what` is a word for the log. */
export class RecordingFormatError extends Error {
  override readonly name = 'RecordingFormatError';
  readonly what: string;
  constructor(what: string) {
    super(`recording: ${what}`);
    this.what = what;
  }
}

/** Writes a frame's 11 bytes of header into `target` at `at`; throws RangeError where time or length is out of bounds. */
export function writeFrameHeader(target: Uint8Array, at: number, kind: FrameKind, microseconds: number, length: number): void {
  if (length > MAX_FRAME_PAYLOAD_BYTES || !Number.isSafeInteger(microseconds) || microseconds < 0 || microseconds > MAX_MICROSECONDS) throw new RangeError('recording frame out of bounds');
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  view.setUint8(at, kind);
  writeUint48(view, at + 1, microseconds);
  view.setUint32(at + 7, length);
}

/** A whole frame as bytes. */
export function encodeRecordingFrame(frame: RecordingFrame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + frame.payload.length);
  writeFrameHeader(bytes, 0, frame.kind, frame.microseconds, frame.payload.length);
  bytes.set(frame.payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** The frame at `at` and where the next begins; false until enough bytes are there. Throws RecordingFormatError for an unknown kind or a length above the bound as soon as the header is there. */
export function decodeRecordingFrame(bytes: Uint8Array, at: number): { frame: RecordingFrame; next: number } | false {
  if (bytes.length - at < FRAME_HEADER_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getUint8(at);
  if (!isFrameKind(kind)) throw new RecordingFormatError('unknown kind of frame');
  const length = view.getUint32(at + 7);
  if (length > MAX_FRAME_PAYLOAD_BYTES) throw new RecordingFormatError('frame too long');
  const next = at + FRAME_HEADER_BYTES + length;
  if (bytes.length < next) return false;
  return { frame: { kind, microseconds: readUint48(view, at + 1), payload: bytes.subarray(at + FRAME_HEADER_BYTES, next) }, next };
}

/** The frames of a whole opened block; throws RecordingFormatError where they do not fill it exactly or time runs backward. */
export function decodeFrames(plain: Uint8Array): RecordingFrame[] {
  const frames: RecordingFrame[] = [];
  let at = 0;
  while (at < plain.length) {
    const decoded = decodeRecordingFrame(plain, at);
    if (decoded === false) throw new RecordingFormatError('block ends inside a frame');
    if (decoded.frame.microseconds < (frames.at(-1)?.microseconds ?? 0)) throw new RecordingFormatError('time runs backward');
    frames.push(decoded.frame);
    at = decoded.next;
  }
  return frames;
}

function isFrameKind(kind: number): kind is FrameKind {
  return KNOWN_KINDS.has(kind);
}

export function writeUint48(view: DataView, at: number, value: number): void {
  view.setUint16(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 2, value % 0x1_0000_0000);
}

export function readUint48(view: DataView, at: number): number {
  return view.getUint16(at) * 0x1_0000_0000 + view.getUint32(at + 2);
}

/** Size of a terminal; the pixels are 0 where the client does not say them. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Payload of a resize: four numbers of 16 bits; what is larger is cut to 65,535. */
export function encodeResize(size: TerminalSize): Uint8Array {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  for (const [place, value] of [size.columns, size.rows, size.widthPx, size.heightPx].entries()) view.setUint16(place * 2, Math.max(0, Math.min(0xffff, value)));
  return payload;
}

export function decodeResize(payload: Uint8Array): TerminalSize {
  if (payload.length !== 8) throw new RecordingFormatError('resize of wrong length');
  const view = new DataView(payload.buffer, payload.byteOffset, 8);
  return { columns: view.getUint16(0), rows: view.getUint16(2), widthPx: view.getUint16(4), heightPx: view.getUint16(6) };
}

/** Payload of an input mark (bytes typed) or an exit status: one number of 32 bits. */
export function encodeCount32(count: number): Uint8Array {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, Math.max(0, Math.min(0xffff_ffff, count)));
  return payload;
}

export function decodeCount32(payload: Uint8Array): number {
  if (payload.length !== 4) throw new RecordingFormatError('count of wrong length');
  return new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
}

/** Payload of a request. An environment variable or a command line may hold a secret: it stands in encrypted frames only, never in the header. */
export const requestPayload = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('shell') }),
  z.object({ kind: z.literal('exec'), command: z.string().max(32_768) }),
  z.object({ kind: z.literal('environment'), name: z.string().max(64), value: z.string().max(4096) }),
  z.object({ kind: z.literal('terminal'), term: z.string().max(100) }),
]);
export type RequestPayload = z.infer<typeof requestPayload>;

/** Payload of an exit signal; `message` comes from the target. */
export const exitSignalPayload = z.object({ signal: z.string().max(40), coreDumped: z.boolean(), message: z.string().max(1000) });
export type ExitSignalPayload = z.infer<typeof exitSignalPayload>;

/** Payload of a mark: a word of the gateway's, and a short detail. */
export const markPayload = z.object({ name: z.string().max(60), detail: z.string().max(1000).default('') });
export type MarkPayload = z.infer<typeof markPayload>;

/** A JSON payload; throws RangeError where it does not fit into a frame. */
export function encodeJsonPayload(value: RequestPayload | ExitSignalPayload | MarkPayload | FileOperation): Uint8Array {
  const payload = encodeUtf8(JSON.stringify(value));
  if (payload.length > MAX_FRAME_PAYLOAD_BYTES) throw new RangeError('recording frame out of bounds');
  return payload;
}

/** A JSON payload by its schema; throws RecordingFormatError for anything else. */
export function decodeJsonPayload<T extends z.ZodType>(schema: T, payload: Uint8Array): z.output<T> {
  const text = decodeUtf8(payload);
  let value: unknown;
  try {
    value = text === undefined ? undefined : JSON.parse(text);
  } catch {
    throw new RecordingFormatError('payload is no JSON');
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new RecordingFormatError('payload is not as it should be');
  return result.data;
}
