import { inflateSync } from 'node:zlib';
import type { Clock } from '../clock/clock.ts';

/** A clipboard's text beyond this is not handed on: as much as a person copies, and little enough to hold (A14). */
export const MAX_CUT_TEXT_BYTES = 1024 * 1024;
/** A message that says that it is longer than this is not skipped either: its sender means no text. */
export const MAX_SKIPPED_BYTES = 64 * 1024 * 1024;
/** Of a packed text: a client unpacks what it is sent, and a few bytes can say that they are gigabytes. */
const MAX_UNPACKED_BYTES = 4 * MAX_CUT_TEXT_BYTES;
const FLAGS_BYTES = 4;
/**
 * What a side's packed texts may unpack to: some long ones at once, and on the average a megabyte, three milliseconds, a second. A person
 * copies less; who sends more packs nothing into much to hold up the gateway.
 */
const MOST_AT_ONCE_BYTES = 2 * MAX_UNPACKED_BYTES;
const BYTES_A_SECOND = MAX_CUT_TEXT_BYTES;
/** What each counts at least: to begin costs as much as to unpack so many bytes. */
const LEAST_COST_BYTES = 16 * 1024;
/** No more comes of a byte in zlib (RFC 1951: 258 bytes of two bits). */
const MOST_PACKED = 1032;

/** Actions of the extended clipboard, in the first byte of its flags. */
const action = { caps: 0x01, request: 0x02, peek: 0x04, notify: 0x08, provide: 0x10 } as const;
/** Plain text, in the last byte of the flags: the one format that is handed on. */
const TEXT_FORMAT = 0x01;

/** What a message of the extended clipboard is about: what both sides can do, text of the sender, or a wish for the receiver's. */
export type ClipboardMatter = 'abilities' | 'offers' | 'asks' | 'unknown';

/** What a payload of the extended clipboard (flags and data) is about. */
export function matterOf(payload: Uint8Array): ClipboardMatter {
  const actions = payload[0] ?? 0;
  if (payload.length < FLAGS_BYTES) return 'unknown';
  if ((actions & action.caps) !== 0) return 'abilities';
  if (actions === action.provide || actions === action.notify) return 'offers';
  if (actions === action.request || actions === action.peek) return 'asks';
  return 'unknown';
}

/** Looks into the packed texts that one side sends, as far as its share of the gateway's time goes. */
export class PackedTexts {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #leftBytes = MOST_AT_ONCE_BYTES;
  #atMs: number;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs();
  }

  /** Bytes of text that a payload brings; 0 for a mere notice; undefined where it is not what it says, too long, no text, or more than may be unpacked now. */
  providedBytes(payload: Buffer): number | undefined {
    if (!provides(payload)) return 0;
    if (payload[3] !== TEXT_FORMAT) return undefined;
    const most = this.#mayUnpack();
    if (most < LEAST_COST_BYTES) return undefined;
    try {
      const plain = inflateSync(payload.subarray(FLAGS_BYTES), { maxOutputLength: most, finishFlush: 2 });
      this.#unpacked(plain.length);
      if (plain.length < 4) return undefined;
      const said = plain.readUInt32BE(0);
      return said <= plain.length - 4 ? said : undefined;
    } catch {
      this.#unpacked(Math.min(most, payload.length * MOST_PACKED));
      return undefined;
    }
  }

  #mayUnpack(): number {
    const nowMs = this.#clock.monotonicMs();
    this.#leftBytes = Math.min(MOST_AT_ONCE_BYTES, this.#leftBytes + Math.floor(((nowMs - this.#atMs) / 1000) * BYTES_A_SECOND));
    this.#atMs = nowMs;
    return Math.min(MAX_UNPACKED_BYTES, this.#leftBytes);
  }

  #unpacked(bytes: number): void {
    this.#leftBytes -= Math.max(bytes, LEAST_COST_BYTES);
  }
}

/** Whether a payload brings text, and is no mere notice of some. */
export function provides(payload: Buffer): boolean {
  return payload[0] === action.provide;
}
