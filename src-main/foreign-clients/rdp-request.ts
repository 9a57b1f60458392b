import type { Readable } from 'node:stream';
import { pduLength, TPKT_HEADER_BYTES } from '../../shared/rdp/pdu-framer.ts';
import { RdpFormatError } from '../../shared/rdp/rdp-format-error.ts';
import { readExactly } from '../sessions/viewer/exact-read.ts';

/** Security protocols of a negotiation (MS-RDPBCGR 2.2.1.1.1), of which TLS is the one spoken here. */
const PROTOCOL_SSL = 1;
/** Kinds of an X.224 TPDU (ITU-T X.224 section 13). */
const CONNECTION_REQUEST = 0xe0;
const CONNECTION_CONFIRM = 0xd0;
/** Kinds of a negotiation (MS-RDPBCGR 2.2.1.1.1, 2.2.1.2.1, 2.2.1.2.2). */
const REQUEST = 1;
const RESPONSE = 2;
const FAILURE = 3;
const NEGOTIATION_BYTES = 8;
/** Length indicator, code, two references, class. */
const X224_HEADER_BYTES = 7;
/** With the longest routing token that a client sends; a longer one is none of ours. */
const MOST_CONNECTION_BYTES = 512;
/** Codes of a failure (MS-RDPBCGR 2.2.1.2.2): the client must do TLS; and the one that fits least badly where there is no session. */
export const failure = { tlsRequired: 1, none: 4 } as const;

/** What a client of RDP asks for first. */
export interface RdpRequest {
  /** Its routing token (MS-RDPBCGR 2.2.1.1), without the line's end; empty where it has none. */
  readonly token: string;
  /** The protocols that it asks for, as bits. */
  readonly protocols: number;
  readonly tls: boolean;
}

/** A whole PDU of the handshake by X.224, in its TPKT. Rejects with EndedEarly, or RdpFormatError for what is none. */
export async function readConnectionPdu(stream: Readable): Promise<Buffer> {
  const header = await readExactly(stream, TPKT_HEADER_BYTES);
  const length = pduLength(header);
  if (length === false || header[0] !== 3 || length < TPKT_HEADER_BYTES + X224_HEADER_BYTES || length > MOST_CONNECTION_BYTES) throw new RdpFormatError('x224: no connection');
  return Buffer.concat([header, await readExactly(stream, length - TPKT_HEADER_BYTES)]);
}

/** Reads a client's request for a connection (MS-RDPBCGR 2.2.1.1); throws RdpFormatError. One without a negotiation asks for RDP's own encryption. */
export function readRequest(pdu: Buffer): RdpRequest {
  const rest = restOf(pdu, CONNECTION_REQUEST);
  const line = rest.indexOf('\r\n');
  const negotiation = line < 0 ? rest : rest.subarray(line + 2);
  const asks = negotiation.length >= NEGOTIATION_BYTES && negotiation[0] === REQUEST && negotiation.readUInt16LE(2) === NEGOTIATION_BYTES;
  const protocols = asks ? negotiation.readUInt32LE(4) : 0;
  return { token: line < 0 ? '' : rest.subarray(0, line).toString('latin1'), protocols, tls: (protocols & PROTOCOL_SSL) !== 0 };
}

/** A request for these protocols without a token: what a client showed here concerns nobody else. */
export function encodeRequest(protocols: number): Buffer {
  return encode(CONNECTION_REQUEST, REQUEST, protocols);
}

/** Whether a gateway's answer agrees on TLS; throws RdpFormatError. */
export function isAgreed(pdu: Buffer): boolean {
  const rest = restOf(pdu, CONNECTION_CONFIRM);
  return rest.length >= NEGOTIATION_BYTES && rest[0] === RESPONSE && rest.readUInt32LE(4) === PROTOCOL_SSL;
}

/** The answer that there is no connection to be had. */
export function encodeFailure(code: (typeof failure)[keyof typeof failure]): Buffer {
  return encode(CONNECTION_CONFIRM, FAILURE, code);
}

function restOf(pdu: Buffer, kind: number): Buffer {
  const body = pdu.subarray(TPKT_HEADER_BYTES);
  if (body.length < X224_HEADER_BYTES || (body[0] ?? 0) + 1 !== body.length || ((body[1] ?? 0) & 0xf0) !== kind) throw new RdpFormatError('x224: no connection');
  return body.subarray(X224_HEADER_BYTES);
}

function encode(tpdu: number, kind: number, value: number): Buffer {
  const pdu = Buffer.alloc(TPKT_HEADER_BYTES + X224_HEADER_BYTES + NEGOTIATION_BYTES);
  pdu.set([3, 0, 0, pdu.length, X224_HEADER_BYTES - 1 + NEGOTIATION_BYTES, tpdu]);
  pdu.set([kind, 0, NEGOTIATION_BYTES, 0], TPKT_HEADER_BYTES + X224_HEADER_BYTES);
  pdu.writeUInt32LE(value >>> 0, TPKT_HEADER_BYTES + X224_HEADER_BYTES + 4);
  return pdu;
}
