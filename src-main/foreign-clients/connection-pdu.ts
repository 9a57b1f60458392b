import type { Readable } from 'node:stream';
import { LEAST_CONNECTION_PDU_BYTES, MOST_CONNECTION_PDU_BYTES } from '../../shared/rdp/connection-pdus.ts';
import { isSlowPath, pduLength, TPKT_HEADER_BYTES } from '../../shared/rdp/pdu-framer.ts';
import { RdpFormatError } from '../../shared/rdp/rdp-format-error.ts';
import { readExactly } from '../sessions/viewer/exact-read.ts';

/** A whole PDU of the handshake by X.224, in its TPKT. Rejects with EndedEarly, or RdpFormatError for what is none. */
export async function readConnectionPdu(stream: Readable): Promise<Buffer> {
  const header = await readExactly(stream, TPKT_HEADER_BYTES);
  const length = pduLength(header);
  if (length === false || !isSlowPath(header) || length < LEAST_CONNECTION_PDU_BYTES || length > MOST_CONNECTION_PDU_BYTES) throw new RdpFormatError('x224: no connection');
  return Buffer.concat([header, await readExactly(stream, length - TPKT_HEADER_BYTES)]);
}
