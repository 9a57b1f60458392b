import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { TPKT_HEADER_BYTES } from '../../../shared/rdp/pdu-framer.ts';
import type { mcs } from '../../../shared/rdp/pdu-kinds.ts';
import { encodeTpkt } from './tpkt.ts';
import { tpdu, tpduKind } from '../../../shared/rdp/connection-pdus.ts';

/** X.224 data header: its length, its code, the end of a message. */
const X224_DATA = Buffer.from([2, tpdu.data, 0x80]);

/** Data of the user: priority high, one segment. */
const ONE_SEGMENT = 0x70;
/** The largest payload: a length of 14 bits. */
export const MOST_MCS_DATA_BYTES = 0x3fff;

/** What a slow-path PDU carries behind TPKT and X.224; throws RdpFormatError where it is no data. */
export function mcsOf(pdu: Buffer): Buffer {
  if (pdu.length < TPKT_HEADER_BYTES + X224_DATA.length + 1 || pdu[TPKT_HEADER_BYTES] !== 2 || tpduKind(pdu) !== tpdu.data || pdu[TPKT_HEADER_BYTES + 2] !== 0x80) throw new RdpFormatError('x224: no data');
  return pdu.subarray(TPKT_HEADER_BYTES + X224_DATA.length);
}

/** A slow-path PDU around an MCS PDU. */
export function encodeData(...payload: readonly Uint8Array[]): Buffer {
  return encodeTpkt(X224_DATA, ...payload);
}

export function mcsKind(bytes: Buffer): number {
  return (bytes[0] ?? 0) >> 2;
}

/** Data to or from one channel. */
export interface ChannelData {
  readonly initiator: number;
  readonly channelId: number;
  readonly data: Buffer;
}

/** Reads data of a channel: a request (from a client) or an indication (from a target); throws RdpFormatError. */
export function readChannelData(bytes: Buffer): ChannelData {
  if (bytes.length < 7) throw new RdpFormatError('mcs: cut off');
  const first = bytes[6] ?? 0;
  const second = bytes[7];
  if ((first & 0xc0) === 0xc0 || (first >= 0x80 && second === undefined)) throw new RdpFormatError('mcs: length out of range');
  const [at, length] = first < 0x80 ? [7, first] : [8, ((first & 0x3f) << 8) | (second ?? 0)];
  if (at + length !== bytes.length) throw new RdpFormatError('mcs: length wrong');
  return { initiator: bytes.readUInt16BE(1), channelId: bytes.readUInt16BE(3), data: bytes.subarray(at) };
}

/** Data of a channel as a whole slow-path PDU. */
export function encodeChannelData(kind: typeof mcs.sendRequest | typeof mcs.sendIndication, { initiator, channelId, data }: ChannelData): Buffer {
  if (data.length > MOST_MCS_DATA_BYTES) throw new RangeError('mcs data too long');
  const header = Buffer.alloc(8);
  header[0] = kind << 2;
  header.writeUInt16BE(initiator, 1);
  header.writeUInt16BE(channelId, 3);
  header[5] = ONE_SEGMENT;
  header.writeUInt16BE(0x8000 | data.length, 6);
  return encodeData(header, data);
}
