import { shareKind } from '../../../shared/rdp/pdu-kinds.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

const CONTROL_HEADER_BYTES = 6;
const DATA_HEADER_BYTES = 18;
const VERSION = 0x10;
/** A flow PDU (T.128 section 8.5) begins so instead of with a length; nobody needs one today. */
const FLOW_MARKER = 0x8000;
/** More than two in one MCS payload have not been seen. */
const MOST_PDUS = 64;

/** One PDU of the share; `bytes` is the whole of it. */
export interface SharePdu {
  readonly kind: number;
  /** Of a data PDU; undefined for the others. */
  readonly dataKind: number | undefined;
  readonly bytes: Buffer;
  /** Behind its headers. */
  readonly body: Buffer;
}

/** All PDUs of the share in a payload; throws RdpFormatError for compressed ones too: compression is taken out of the negotiation. */
export function sharePdus(data: Buffer): SharePdu[] {
  const pdus: SharePdu[] = [];
  for (let at = 0; at < data.length; ) {
    if (at + CONTROL_HEADER_BYTES > data.length || pdus.length >= MOST_PDUS) throw new RdpFormatError('share: cut off');
    const length = data.readUInt16LE(at);
    if (length === FLOW_MARKER || length < CONTROL_HEADER_BYTES || at + length > data.length) throw new RdpFormatError('share: length out of bounds');
    pdus.push(sharePdu(data.subarray(at, at + length)));
    at += length;
  }
  return pdus;
}

function sharePdu(bytes: Buffer): SharePdu {
  const type = bytes.readUInt16LE(2);
  if ((type & 0xf0) !== VERSION) throw new RdpFormatError('share: unknown version');
  const kind = type & 0x0f;
  if (kind !== shareKind.data) return { kind, dataKind: undefined, bytes, body: bytes.subarray(CONTROL_HEADER_BYTES) };
  if (bytes.length < DATA_HEADER_BYTES) throw new RdpFormatError('share: data cut off');
  if (((bytes[15] ?? 0) & 0x20) !== 0) throw new RdpFormatError('share: compressed');
  return { kind, dataKind: bytes[14], bytes, body: bytes.subarray(DATA_HEADER_BYTES) };
}

const EXTENDED_INFO = 3;
const RECONNECT_COOKIE = 1;

/** Whether a body of a Save Session Info PDU (MS-RDPBCGR 2.2.10.1) brings the cookie of an automatic reconnect. */
export function bringsReconnectCookie(body: Buffer): boolean {
  if (body.length < 4) throw new RdpFormatError('session info: cut off');
  if (body.readUInt32LE(0) !== EXTENDED_INFO) return false;
  if (body.length < 10) throw new RdpFormatError('session info: cut off');
  return (body.readUInt32LE(6) & RECONNECT_COOKIE) !== 0;
}
