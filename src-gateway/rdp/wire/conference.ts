import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** Blocks of user data in a conference (MS-RDPBCGR 2.2.1.3, 2.2.1.4): eight are defined each way. */
const MOST_BLOCKS = 16;
/** A key that says whose user data follows, near the beginning. */
const KEY_WITHIN_BYTES = 40;
/** All that clients write before it (ITU-T T.124 in PER): the object, its length in two bytes, and a conference that is named "1". */
const REQUEST_BEFORE_LENGTH = Buffer.from('00050014 7c0001'.replaceAll(' ', ''), 'hex');
const REQUEST_BEHIND_LENGTH = Buffer.from('00080010 0001c000'.replaceAll(' ', ''), 'hex');
const REQUEST_KEY_AT = REQUEST_BEFORE_LENGTH.length + 2 + REQUEST_BEHIND_LENGTH.length;
const KEYS = { request: Buffer.from('Duca', 'latin1'), response: Buffer.from('McDn', 'latin1') } as const;
const TAGS = { request: 0x7f65, response: 0x7f66 } as const;

/** One block of user data, with its header; a view, so that fields of fixed place are changed in it. */
export interface ConferenceBlock {
  readonly type: number;
  readonly bytes: Buffer;
}

/**
 * The blocks of a Connect Initial or Connect Response (ITU-T T.125 in BER around T.124 in PER), whose frame alone is read. They
 * are views of `bytes`. Throws RdpFormatError where the blocks do not fill it exactly.
 */
export function conferenceBlocks(kind: 'request' | 'response', bytes: Buffer): ConferenceBlock[] {
  const conference = userDataOf(kind, bytes);
  const key = conference.subarray(0, KEY_WITHIN_BYTES).indexOf(KEYS[kind]);
  if (key < 0) throw new RdpFormatError('conference: no user data');
  // A name that holds the key would let the target read other user data than what was looked at here.
  if (kind === 'request' && !beginsAsUsual(conference, key)) throw new RdpFormatError('conference: unusual beginning');
  let at = key + KEYS[kind].length;
  const first = conference[at] ?? 0;
  if ((first & 0xc0) === 0xc0) throw new RdpFormatError('conference: length out of range');
  const length = first < 0x80 ? first : ((first & 0x3f) << 8) | (conference[at + 1] ?? 0);
  at += first < 0x80 ? 1 : 2;
  if (at + length !== conference.length) throw new RdpFormatError('conference: length wrong');
  return blocksOf(conference.subarray(at));
}

function beginsAsUsual(conference: Buffer, key: number): boolean {
  const before = conference.subarray(0, REQUEST_BEFORE_LENGTH.length);
  const behind = conference.subarray(REQUEST_KEY_AT - REQUEST_BEHIND_LENGTH.length, REQUEST_KEY_AT);
  const longLength = ((conference[REQUEST_BEFORE_LENGTH.length] ?? 0) & 0xc0) === 0x80;
  return key === REQUEST_KEY_AT && longLength && before.equals(REQUEST_BEFORE_LENGTH) && behind.equals(REQUEST_BEHIND_LENGTH);
}

function blocksOf(bytes: Buffer): ConferenceBlock[] {
  const blocks: ConferenceBlock[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length || blocks.length >= MOST_BLOCKS) throw new RdpFormatError('conference: blocks out of bounds');
    const [type, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (length < 4 || at + length > bytes.length) throw new RdpFormatError('conference: block out of bounds');
    blocks.push({ type, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  if (new Set(blocks.map(({ type }) => type)).size !== blocks.length) throw new RdpFormatError('conference: block twice');
  return blocks;
}

/** The last OCTET STRING of the connect PDU: user data, behind selectors and parameters. */
function userDataOf(kind: 'request' | 'response', bytes: Buffer): Buffer {
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== TAGS[kind]) throw new RdpFormatError('conference: another pdu was expected');
  const outer = berLength(bytes, 2);
  if (outer.at + outer.length !== bytes.length) throw new RdpFormatError('conference: length wrong');
  for (let at = outer.at, fields = 0; at < bytes.length; fields += 1) {
    if (fields > 8) throw new RdpFormatError('conference: too many fields');
    const { at: contentAt, length } = berLength(bytes, at + 1);
    if (contentAt + length > bytes.length) throw new RdpFormatError('conference: field out of bounds');
    if (contentAt + length === bytes.length && bytes[at] === 0x04) return bytes.subarray(contentAt);
    at = contentAt + length;
  }
  throw new RdpFormatError('conference: no user data');
}

/** BER, which unlike DER may write a length in more bytes than it needs. */
function berLength(bytes: Buffer, at: number): { readonly at: number; readonly length: number } {
  const first = bytes[at];
  if (first === undefined) throw new RdpFormatError('conference: cut off');
  if (first < 0x80) return { at: at + 1, length: first };
  const count = first & 0x7f;
  if (count === 0 || count > 3 || at + 1 + count > bytes.length) throw new RdpFormatError('conference: length out of range');
  return { at: at + 1 + count, length: bytes.readUIntBE(at + 1, count) };
}
