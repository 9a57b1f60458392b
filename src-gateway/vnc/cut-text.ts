import { inflateSync } from 'node:zlib';

/** A clipboard's text beyond this is not handed on: as much as a person copies, and little enough to hold (A14). */
export const MAX_CUT_TEXT_BYTES = 1024 * 1024;
/** A message that says that it is longer than this is not skipped either: its sender means no text. */
export const MAX_SKIPPED_BYTES = 64 * 1024 * 1024;
/** Of a packed text: a client unpacks what it is sent, and a few bytes can say that they are gigabytes. */
const MAX_UNPACKED_BYTES = 4 * MAX_CUT_TEXT_BYTES;
const FLAGS_BYTES = 4;

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

/** Bytes of text that a payload brings; 0 for a mere notice; undefined where it is not what it says, too long, or no text. */
export function providedBytes(payload: Buffer): number | undefined {
  if (payload[0] !== action.provide) return 0;
  if (payload[3] !== TEXT_FORMAT) return undefined;
  try {
    const plain = inflateSync(payload.subarray(FLAGS_BYTES), { maxOutputLength: MAX_UNPACKED_BYTES, finishFlush: 2 });
    if (plain.length < 4) return undefined;
    const said = plain.readUInt32BE(0);
    return said <= plain.length - 4 ? said : undefined;
  } catch {
    return undefined;
  }
}
