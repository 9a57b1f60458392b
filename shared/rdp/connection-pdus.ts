import { TPKT_HEADER_BYTES } from './pdu-framer.ts';
import { RdpFormatError } from './rdp-format-error.ts';

/** Security protocols of a negotiation (MS-RDPBCGR 2.2.1.1.1). */
export const securityProtocol = { rdp: 0, ssl: 1, hybrid: 2, hybridEx: 8 } as const;

/** Codes of a failure (MS-RDPBCGR 2.2.1.2.2): the client must do TLS; and the one that fits least badly where there is no connection to be had: what the target has does not fit. */
export const negotiationFailure = { tlsRequired: 1, none: 4 } as const;

/** Kinds of an X.224 TPDU (ITU-T X.224 section 13), as its code's upper half says. */
export const tpdu = { connectionRequest: 0xe0, connectionConfirm: 0xd0, disconnectRequest: 0x80, data: 0xf0 } as const;

/** Kinds of a negotiation (MS-RDPBCGR 2.2.1.1.1, 2.2.1.2.1, 2.2.1.2.2). */
const REQUEST = 1;
const RESPONSE = 2;
const FAILURE = 3;
const NEGOTIATION_BYTES = 8;
/** Length indicator, code, two references, class. */
const CONNECTION_HEADER_BYTES = 7;
/** The shortest: a TPKT with nothing but that header. */
export const LEAST_CONNECTION_PDU_BYTES = TPKT_HEADER_BYTES + CONNECTION_HEADER_BYTES;
/** With a cookie and the longest routing token that a client sends; a longer one is none of ours. */
export const MOST_CONNECTION_PDU_BYTES = 512;

/** What a client of RDP asks for first. */
export interface ConnectionRequest {
  /** Its cookie or routing token (MS-RDPBCGR 2.2.1.1), byte by byte and without the line's end; empty where it has none. */
  readonly token: string;
  /** The protocols that it asks for, as bits of `securityProtocol`. */
  readonly protocols: number;
}

/** What was answered to a request for a connection. */
export type ConnectionConfirm =
  /** `protocol` is one of `securityProtocol`; `flags` are the server's, as they came. */
  | { readonly kind: 'agreed'; readonly protocol: number; readonly flags: number }
  /** `code` as in MS-RDPBCGR 2.2.1.2.2: 2 where the target does no TLS at all, 5 where it demands NLA. */
  | { readonly kind: 'refused'; readonly code: number };

/** The kind of a slow-path PDU by its X.224 header. */
export function tpduKind(pdu: Uint8Array): number {
  return (pdu[TPKT_HEADER_BYTES + 1] ?? 0) & 0xf0;
}

/** A request for a connection with these protocols, without a cookie or token: it would travel unencrypted, and concerns nobody else. */
export function encodeConnectionRequest(protocols: number): Uint8Array {
  return encode(tpdu.connectionRequest, REQUEST, 0, protocols);
}

/** Reads a client's request for a connection (MS-RDPBCGR 2.2.1.1); throws RdpFormatError. One without a negotiation asks for RDP's own encryption. */
export function readConnectionRequest(pdu: Uint8Array): ConnectionRequest {
  const rest = restOf(pdu, tpdu.connectionRequest);
  // A cookie or routing token stands before, and ends with CR LF; the negotiation is the eight bytes behind.
  const line = rest[0] === REQUEST ? -1 : lineEnd(rest);
  const negotiation = line < 0 ? rest : rest.subarray(line + 2);
  const asks = negotiation.length >= NEGOTIATION_BYTES && negotiation[0] === REQUEST && viewOf(negotiation).getUint16(2, true) === NEGOTIATION_BYTES;
  return { token: line < 0 ? '' : String.fromCharCode(...rest.subarray(0, line)), protocols: asks ? viewOf(negotiation).getUint32(4, true) : securityProtocol.rdp };
}

/** The answer that the agreed protocol is this one; `flags` are passed on from the target's own. */
export function encodeConnectionConfirm(protocol: number, flags: number): Uint8Array {
  return encode(tpdu.connectionConfirm, RESPONSE, flags, protocol);
}

/** The answer that there is no connection to be had. */
export function encodeConnectionFailure(code: (typeof negotiationFailure)[keyof typeof negotiationFailure]): Uint8Array {
  return encode(tpdu.connectionConfirm, FAILURE, 0, code);
}

/** Reads the answer to a request; throws RdpFormatError. Who negotiates nothing speaks RDP's own encryption. */
export function readConnectionConfirm(pdu: Uint8Array): ConnectionConfirm {
  const rest = restOf(pdu, tpdu.connectionConfirm);
  if (rest.length === 0) return { kind: 'agreed', protocol: securityProtocol.rdp, flags: 0 };
  const view = viewOf(rest);
  if (rest.length < NEGOTIATION_BYTES || view.getUint16(2, true) !== NEGOTIATION_BYTES) throw new RdpFormatError('x224: negotiation of wrong length');
  const [kind, flags, value] = [rest[0], rest[1] ?? 0, view.getUint32(4, true)];
  if (kind === RESPONSE) return { kind: 'agreed', protocol: value, flags };
  if (kind === FAILURE) return { kind: 'refused', code: value };
  throw new RdpFormatError('x224: unknown negotiation');
}

function restOf(pdu: Uint8Array, kind: number): Uint8Array {
  const body = pdu.subarray(TPKT_HEADER_BYTES);
  if (pdu.length > MOST_CONNECTION_PDU_BYTES || body.length < CONNECTION_HEADER_BYTES || (body[0] ?? 0) + 1 !== body.length || tpduKind(pdu) !== kind) throw new RdpFormatError('x224: no connection');
  return body.subarray(CONNECTION_HEADER_BYTES);
}

/** Where a line ends with CR LF; -1 where it does not. */
function lineEnd(bytes: Uint8Array): number {
  return bytes.findIndex((byte, at) => byte === 0x0d && bytes[at + 1] === 0x0a);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function encode(code: number, kind: number, flags: number, value: number): Uint8Array {
  const pdu = new Uint8Array(LEAST_CONNECTION_PDU_BYTES + NEGOTIATION_BYTES);
  pdu.set([3, 0, 0, pdu.length, CONNECTION_HEADER_BYTES - 1 + NEGOTIATION_BYTES, code, 0, 0, 0, 0, 0, kind, flags, NEGOTIATION_BYTES, 0]);
  viewOf(pdu).setUint32(LEAST_CONNECTION_PDU_BYTES + 4, value >>> 0, true);
  return pdu;
}
