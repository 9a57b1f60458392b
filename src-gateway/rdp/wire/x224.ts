import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { TPKT_HEADER_BYTES } from '../../../shared/rdp/pdu-framer.ts';
import { encodeTpkt } from './tpkt.ts';

/** Security protocols of a negotiation (MS-RDPBCGR 2.2.1.1.1). */
export const securityProtocol = { rdp: 0, ssl: 1, hybrid: 2, hybridEx: 8 } as const;

/** Kinds of an X.224 TPDU (ITU-T X.224 section 13), as its code's upper half says. */
export const tpdu = { connectionRequest: 0xe0, connectionConfirm: 0xd0, disconnectRequest: 0x80, data: 0xf0 } as const;

const REQUEST = 1;
const RESPONSE = 2;
const FAILURE = 3;
const NEGOTIATION_BYTES = 8;
/** Of the codes of a failure the one that fits least badly: what the target has does not fit. */
const REFUSED_BY_TARGET = 4;
/** Length indicator, code, two references, class. */
const CONNECTION_HEADER_BYTES = 7;
/** With a cookie and a routing token; longer ones are no client's of ours. */
export const MOST_CONNECTION_PDU_BYTES = 512;

/** What a target answered to the request for a connection. */
export type ConnectionConfirm =
  /** `protocol` is one of `securityProtocol`; `flags` are the server's, as they came. */
  | { readonly kind: 'agreed'; readonly protocol: number; readonly flags: number }
  /** `code` as in MS-RDPBCGR 2.2.1.2.2: 2 where the target does no TLS at all, 5 where it demands NLA. */
  | { readonly kind: 'refused'; readonly code: number };

/** The kind of a slow-path PDU by its X.224 header. */
export function tpduKind(pdu: Uint8Array): number {
  return (pdu[TPKT_HEADER_BYTES + 1] ?? 0) & 0xf0;
}

/** A request for a connection with these protocols, without a cookie: it would travel unencrypted. */
export function encodeConnectionRequest(protocols: number): Buffer {
  return encodeConnection(tpdu.connectionRequest, REQUEST, 0, protocols);
}

/** The protocols that a client asks for; throws RdpFormatError where it is no request for a connection. One without a negotiation asks for RDP's own encryption. */
export function readRequestedProtocols(pdu: Buffer): number {
  const rest = connectionRest(pdu, tpdu.connectionRequest);
  // A cookie or routing token stands before, and ends with CR LF; the negotiation is the eight bytes behind.
  const line = rest.indexOf('\r\n');
  const block = rest[0] === REQUEST || line < 0 ? rest : rest.subarray(line + 2);
  if (block.length < NEGOTIATION_BYTES || block[0] !== REQUEST || block.readUInt16LE(2) !== NEGOTIATION_BYTES) return securityProtocol.rdp;
  return block.readUInt32LE(4);
}

/** The answer that the agreed protocol is this one; `flags` are passed on from the target's own. */
export function encodeConnectionConfirm(protocol: number, flags: number): Buffer {
  return encodeConnection(tpdu.connectionConfirm, RESPONSE, flags, protocol);
}

/** The answer that there is no connection to be had now. */
export function encodeConnectionRefusal(): Buffer {
  return encodeConnection(tpdu.connectionConfirm, FAILURE, 0, REFUSED_BY_TARGET);
}

/** Reads a target's answer; throws RdpFormatError. A target that negotiates nothing speaks RDP's own encryption. */
export function readConnectionConfirm(pdu: Buffer): ConnectionConfirm {
  const rest = connectionRest(pdu, tpdu.connectionConfirm);
  if (rest.length === 0) return { kind: 'agreed', protocol: securityProtocol.rdp, flags: 0 };
  if (rest.length < NEGOTIATION_BYTES || rest.readUInt16LE(2) !== NEGOTIATION_BYTES) throw new RdpFormatError('x224: negotiation of wrong length');
  const [kind, flags, value] = [rest[0], rest[1] ?? 0, rest.readUInt32LE(4)];
  if (kind === RESPONSE) return { kind: 'agreed', protocol: value, flags };
  if (kind === FAILURE) return { kind: 'refused', code: value };
  throw new RdpFormatError('x224: unknown negotiation');
}

function connectionRest(pdu: Buffer, kind: number): Buffer {
  const body = pdu.subarray(TPKT_HEADER_BYTES);
  const length = body[0] ?? 0;
  if (pdu.length > MOST_CONNECTION_PDU_BYTES || body.length < CONNECTION_HEADER_BYTES || length + 1 !== body.length || tpduKind(pdu) !== kind) throw new RdpFormatError('x224: no connection');
  return body.subarray(CONNECTION_HEADER_BYTES);
}

function encodeConnection(code: number, kind: number, flags: number, protocols: number): Buffer {
  const negotiation = Buffer.alloc(NEGOTIATION_BYTES);
  negotiation.set([kind, flags, NEGOTIATION_BYTES, 0]);
  negotiation.writeUInt32LE(protocols >>> 0, 4);
  const header = Buffer.from([CONNECTION_HEADER_BYTES - 1 + NEGOTIATION_BYTES, code, 0, 0, 0, 0, 0]);
  return encodeTpkt(header, negotiation);
}
