import { dataKind, mcs, shareKind } from '../../../shared/rdp/pdu-kinds.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { encodeChannelData } from './mcs.ts';

/** Sets of capabilities in a Demand Active (MS-RDPBCGR 2.2.1.13.1), with the places of what is read of them, their headers included. */
const capability = { general: 1, bitmap: 2 } as const;
const GENERAL_REFRESH_AT = 22;
const GENERAL_SUPPRESS_AT = 23;
const BITMAP_WIDTH_AT = 12;
const MOST_SETS = 64;
/** MCS users are numbered from here (ITU-T T.125). */
const FIRST_USER = 1001;
const VERSION = 0x10;
const STREAM_LOW = 1;

/** What a target said of its share, as far as it is asked for pictures. */
export interface TargetShare {
  readonly shareId: number;
  readonly channelId: number;
  readonly width: number;
  readonly height: number;
  readonly refreshes: boolean;
  readonly suppresses: boolean;
}

/** Reads the body of a Demand Active (behind its share header); throws RdpFormatError. */
export function readDemandActive(body: Buffer, channelId: number): TargetShare {
  if (body.length < 8) throw new RdpFormatError('demand active: cut off');
  const setsAt = 8 + body.readUInt16LE(4);
  if (setsAt + 4 > body.length) throw new RdpFormatError('demand active: cut off');
  const share = { shareId: body.readUInt32LE(0), channelId, width: 0, height: 0, refreshes: false, suppresses: false };
  const sets = body.readUInt16LE(setsAt);
  for (let set = 0, at = setsAt + 4; set < Math.min(sets, MOST_SETS) && at + 4 <= body.length; set += 1) {
    const [type, length] = [body.readUInt16LE(at), body.readUInt16LE(at + 2)];
    if (length < 4 || at + length > body.length) throw new RdpFormatError('demand active: set out of bounds');
    if (type === capability.general && length > GENERAL_SUPPRESS_AT) Object.assign(share, { refreshes: body[at + GENERAL_REFRESH_AT] === 1, suppresses: body[at + GENERAL_SUPPRESS_AT] === 1 });
    if (type === capability.bitmap && length >= BITMAP_WIDTH_AT + 4) Object.assign(share, { width: body.readUInt16LE(at + BITMAP_WIDTH_AT), height: body.readUInt16LE(at + BITMAP_WIDTH_AT + 2) });
    at += length;
  }
  return share;
}

/**
 * PDUs that ask a target for its whole picture: Refresh Rect (MS-RDPBCGR 2.2.11.2) where it knows that, else its output off and on
 * again (Suppress Output, 2.2.11.3). None where it knows neither; then its picture comes as it changes.
 */
export function encodePictureRequest(share: TargetShare, initiator: number): readonly Buffer[] {
  const whole = [...u16(0), ...u16(0), ...u16(Math.max(0, share.width - 1)), ...u16(Math.max(0, share.height - 1))];
  const bodies: readonly (readonly [kind: number, body: readonly number[]])[] = share.refreshes ? [[dataKind.refreshRect, [1, 0, 0, 0, ...whole]]] : share.suppresses ? [[dataKind.suppressOutput, [0, 0, 0, 0]], [dataKind.suppressOutput, [1, 0, 0, 0, ...whole]]] : [];
  return bodies.map(([kind, body]) => encodeChannelData(mcs.sendRequest, { initiator, channelId: share.channelId, data: shareData(share.shareId, initiator, kind, body) }));
}

/** A data PDU of the share (MS-RDPBCGR 2.2.8.1.1.1.2). */
function shareData(shareId: number, initiator: number, kind: number, body: readonly number[]): Buffer {
  const data = Buffer.alloc(18 + body.length);
  data.writeUInt16LE(data.length, 0);
  data.writeUInt16LE(VERSION | shareKind.data, 2);
  data.writeUInt16LE((FIRST_USER + initiator) & 0xffff, 4);
  data.writeUInt32LE(shareId, 6);
  data.writeUInt8(STREAM_LOW, 11);
  data.writeUInt16LE(data.length - 14, 12);
  data.writeUInt8(kind, 14);
  data.set(body, 18);
  return data;
}

const u16 = (value: number): number[] => [value & 0xff, value >> 8];
