import { isSlowPath, TPKT_HEADER_BYTES } from '../../../shared/rdp/pdu-framer.ts';
import { dataKind, mcs, shareKind } from '../../../shared/rdp/pdu-kinds.ts';

const KIND_AT = TPKT_HEADER_BYTES + 1;
const NEGOTIATION_AT = TPKT_HEADER_BYTES + 7;
/** X.224's header of data is three bytes. */
const MCS_AT = TPKT_HEADER_BYTES + 3;
const LENGTH_AT = MCS_AT + 6;
const CONFIRM = 0xd0;
const DATA = 0xf0;
const NEGOTIATION_REFUSED = 3;
/** BER application tag of Connect Initial and Connect Response (ITU-T T.125). */
const CONNECT_TAG = 0x7f;

/** A PDU of a target's stream (or of its engine's), as far as a window or a player must tell them apart. */
export type TargetPdu =
  | { readonly kind: 'fast' }
  | { readonly kind: 'confirm'; readonly agreed: boolean }
  | { readonly kind: 'connect' }
  | { readonly kind: 'mcs'; readonly mcs: number; readonly channel: number; readonly data: Uint8Array }
  | { readonly kind: 'other' };

/** What a whole PDU is. Whatever cannot be read as something known is `other`: a stream may hold anything. */
export function readTargetPdu(pdu: Uint8Array): TargetPdu {
  if (!isSlowPath(pdu)) return { kind: 'fast' };
  const code = (pdu[KIND_AT] ?? 0) & 0xf0;
  if (code === CONFIRM) return { kind: 'confirm', agreed: pdu[NEGOTIATION_AT] !== NEGOTIATION_REFUSED };
  const first = pdu[MCS_AT];
  if (code !== DATA || first === undefined) return { kind: 'other' };
  if (first === CONNECT_TAG) return { kind: 'connect' };
  return { kind: 'mcs', mcs: first >> 2, channel: uint16(pdu, MCS_AT + 3), data: dataOf(pdu) };
}

/** Data behind a length of one or two bytes (aligned PER, ITU-T X.691 section 10.9). */
function dataOf(pdu: Uint8Array): Uint8Array {
  const long = ((pdu[LENGTH_AT] ?? 0) & 0x80) !== 0;
  return pdu.subarray(LENGTH_AT + (long ? 2 : 1));
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

const CONTROL_HEADER_BYTES = 6;
const DATA_KIND_AT = 14;

/** Kinds of the share PDUs in a payload, and of the data PDUs among them (MS-RDPBCGR 2.2.8.1.1.1). */
export function shareKindsOf(data: Uint8Array): { readonly share: number; readonly data: number }[] {
  const kinds: { share: number; data: number }[] = [];
  for (let at = 0; at + CONTROL_HEADER_BYTES <= data.length; ) {
    const length = (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8);
    if (length < CONTROL_HEADER_BYTES) break;
    kinds.push({ share: (data[at + 2] ?? 0) & 0x0f, data: data[at + DATA_KIND_AT] ?? 0 });
    at += length;
  }
  return kinds;
}

/** Whether a target ends its handshake with a PDU (the font map, MS-RDPBCGR 2.2.1.22): what comes behind it draws. */
export function endsHandshake(pdu: TargetPdu): boolean {
  return pdu.kind === 'mcs' && pdu.mcs === mcs.sendIndication && shareKindsOf(pdu.data).some(({ share, data }) => share === shareKind.data && data === dataKind.fontMap);
}

/** The answer that a channel is joined (ITU-T T.125), and the one that a licence is there (MS-RDPBCGR 2.2.1.12.1.3). */
export function joinConfirm(user: number, channel: number): Uint8Array {
  return slowPath(mcs.joinConfirm << 2 | 2, 0, user >> 8, user & 0xff, channel >> 8, channel & 0xff, channel >> 8, channel & 0xff);
}

const STATUS_VALID_CLIENT = [0x80, 0, 0, 0, 0xff, 0x03, 16, 0, 7, 0, 0, 0, 2, 0, 0, 0, 0x28, 0x14, 0, 0];

export function licenceIsValid(channel: number): Uint8Array {
  return slowPath(mcs.sendIndication << 2, 0, 1, channel >> 8, channel & 0xff, 0x70, STATUS_VALID_CLIENT.length, ...STATUS_VALID_CLIENT);
}

function slowPath(...payload: readonly number[]): Uint8Array {
  return Uint8Array.of(3, 0, 0, MCS_AT + payload.length, 2, DATA, 0x80, ...payload);
}
