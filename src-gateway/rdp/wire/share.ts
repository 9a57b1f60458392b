import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** Kinds of PDUs of the share (MS-RDPBCGR 2.2.8.1.1.1.1). */
export const shareKind = { demandActive: 1, confirmActive: 3, deactivateAll: 6, data: 7, redirection: 10 } as const;
/** Kinds of data PDUs (MS-RDPBCGR 2.2.8.1.1.1.2) that the gateway looks at. */
export const dataKind = { update: 2, input: 28, saveSessionInfo: 38, errorInfo: 47 } as const;

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

const LICENSE = 0x0080;
/** What else the security header of a licensing PDU may say: that licensing could be encrypted, either way (MS-RDPBCGR 2.2.8.1.1.2.1), and that its upper half is filled. */
const BESIDE_LICENSE = 0x0200 | 0x8000;
const SECURITY_HEADER_BYTES = 4;

/**
 * Whether a payload is one of licensing (MS-RDPBCGR 2.2.1.12): a security header that says so and nothing else, since some
 * targets read a PDU that says two things as both, a second Client Info among them; and a message that fills the rest by its own
 * length. The upper half of the header is no help: xrdp leaves there what it likes, also what looks like a
 * version of the share.
 */
export function isLicense(data: Buffer): boolean {
  return data.length >= SECURITY_HEADER_BYTES + 4 && (data.readUInt16LE(0) & ~BESIDE_LICENSE) === LICENSE && data.readUInt16LE(6) === data.length - SECURITY_HEADER_BYTES;
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
