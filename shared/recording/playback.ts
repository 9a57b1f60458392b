import { z } from 'zod';
import { instant } from '../ids.ts';
import { decodeRecordingFrame, encodeRecordingFrame, frameKind, FRAME_HEADER_BYTES, MAX_FRAME_PAYLOAD_BYTES, type RecordingFrame, RecordingFormatError } from './recording-frame.ts';
import { recordingHeader } from './recording-header.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/**
 * The plain stream that the service sends to a player: magic, version, a header, then the opened frames one after the other
 * in the form in which they were stored, and a frame of kind `end` that says how the recording ended. A stream without that
 * last frame was cut off on the way.
 */
export const PLAYBACK_MAGIC: Uint8Array = encodeUtf8('MAVISPLY');
export const PLAYBACK_VERSION = 1;
const PREAMBLE_BYTES = 14;
const MAX_PLAYBACK_HEADER_BYTES = 64 * 1024;

/** The recording's header without its key, and what is known of it. `durationMs` is null while it still runs. */
export const playbackHeader = recordingHeader.omit({ key: true }).extend({
  state: z.enum(['recording', 'sealed', 'recovered', 'incomplete']),
  code: z.string().max(100).nullable(),
  durationMs: z.number().min(0).nullable(),
  closedAt: instant.nullable(),
});
export type PlaybackHeader = z.infer<typeof playbackHeader>;

/** How the recording ended: its state, and why where it is not whole. */
export const playbackEnd = z.object({ state: z.enum(['recording', 'sealed', 'recovered', 'incomplete', 'broken']), code: z.string().max(100).nullable() });
export type PlaybackEnd = z.infer<typeof playbackEnd>;

/** The first bytes of a playback. */
export function encodePlaybackHeader(header: PlaybackHeader): Uint8Array {
  const text = encodeUtf8(JSON.stringify(playbackHeader.parse(header)));
  if (text.length > MAX_PLAYBACK_HEADER_BYTES) throw new RangeError('playback header too long');
  const bytes = new Uint8Array(PREAMBLE_BYTES + text.length);
  bytes.set(PLAYBACK_MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, PLAYBACK_VERSION);
  view.setUint32(10, text.length);
  bytes.set(text, PREAMBLE_BYTES);
  return bytes;
}

/** Frames as one piece of a playback. */
export function encodePlaybackFrames(frames: readonly RecordingFrame[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + FRAME_HEADER_BYTES + frame.payload.length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(encodeRecordingFrame(frame), at);
    at += FRAME_HEADER_BYTES + frame.payload.length;
  }
  return bytes;
}

/** The last bytes of a playback. */
export function encodePlaybackEnd(end: PlaybackEnd, microseconds: number): Uint8Array {
  return encodeRecordingFrame({ kind: frameKind.end, microseconds, payload: encodeUtf8(JSON.stringify(end)) });
}

export type PlaybackPart = { readonly part: 'header'; readonly header: PlaybackHeader } | { readonly part: 'frame'; readonly frame: RecordingFrame } | { readonly part: 'end'; readonly end: PlaybackEnd; readonly microseconds: number };

/** Reads a playback whose bytes come in any pieces. Holds at most one header or frame; throws RecordingFormatError for anything else. */
export class PlaybackDecoder {
  #held: Uint8Array = new Uint8Array(0);
  #stage: 'preamble' | 'frames' | 'done' = 'preamble';
  #lastMicroseconds = 0;

  /** Whether the end was read: a playback that ends without it was cut off. */
  get ended(): boolean {
    return this.#stage === 'done';
  }

  push(chunk: Uint8Array): PlaybackPart[] {
    const parts: PlaybackPart[] = [];
    const bytes = joined(this.#held, chunk);
    let at = 0;
    for (;;) {
      const taken = this.#take(bytes, at);
      if (taken === false) break;
      parts.push(taken.part);
      at = taken.next;
    }
    this.#held = bytes.slice(at);
    return parts;
  }

  #take(bytes: Uint8Array, at: number): { part: PlaybackPart; next: number } | false {
    if (this.#stage === 'done') {
      if (at < bytes.length) throw new RecordingFormatError('bytes behind the end');
      return false;
    }
    if (this.#stage === 'preamble') return this.#takeHeader(bytes);
    const decoded = decodeRecordingFrame(bytes, at);
    if (decoded === false) return false;
    const { frame, next } = decoded;
    if (frame.microseconds < this.#lastMicroseconds) throw new RecordingFormatError('time runs backward');
    this.#lastMicroseconds = frame.microseconds;
    if (frame.kind !== frameKind.end) return { part: { part: 'frame', frame }, next };
    this.#stage = 'done';
    return { part: { part: 'end', end: parsed(playbackEnd, frame.payload), microseconds: frame.microseconds }, next };
  }

  #takeHeader(bytes: Uint8Array): { part: PlaybackPart; next: number } | false {
    if (PLAYBACK_MAGIC.some((byte, place) => place < bytes.length && bytes[place] !== byte)) throw new RecordingFormatError('no playback');
    if (bytes.length < PREAMBLE_BYTES) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint16(8) !== PLAYBACK_VERSION) throw new RecordingFormatError('unknown version');
    const length = view.getUint32(10);
    if (length < 2 || length > MAX_PLAYBACK_HEADER_BYTES) throw new RecordingFormatError('header length out of bounds');
    if (bytes.length < PREAMBLE_BYTES + length) return false;
    this.#stage = 'frames';
    return { part: { part: 'header', header: parsed(playbackHeader, bytes.subarray(PREAMBLE_BYTES, PREAMBLE_BYTES + length)) }, next: PREAMBLE_BYTES + length };
  }
}

/** A decoder never holds more than this beside the chunk it is given. */
export const MAX_HELD_PLAYBACK_BYTES = PREAMBLE_BYTES + MAX_PLAYBACK_HEADER_BYTES + FRAME_HEADER_BYTES + MAX_FRAME_PAYLOAD_BYTES;

function joined(held: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (held.length === 0) return chunk;
  const bytes = new Uint8Array(held.length + chunk.length);
  bytes.set(held);
  bytes.set(chunk, held.length);
  return bytes;
}

function parsed<T extends z.ZodType>(schema: T, bytes: Uint8Array): z.output<T> {
  const text = decodeUtf8(bytes);
  let value: unknown;
  try {
    value = text === undefined ? undefined : JSON.parse(text);
  } catch {
    throw new RecordingFormatError('no JSON');
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new RecordingFormatError('not as it should be');
  return result.data;
}
