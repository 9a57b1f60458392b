import { RdpFormatError } from '../rdp-format-error.ts';

/** A TPKT's own length has 16 bits, a fast-path PDU's 15. */
export const MOST_PDU_BYTES = 0xffff;
const TPKT_VERSION = 3;
export const TPKT_HEADER_BYTES = 4;

/** One PDU of the stream: slow-path in a TPKT (RFC 1006), or fast-path (MS-RDPBCGR 2.2.8.1.2, 2.2.9.1.2). `bytes` is the whole of it, header included. */
export interface Pdu {
  readonly path: 'slow' | 'fast';
  readonly bytes: Buffer;
}

/** Length of the PDU that begins at `at`; false until its header is there. Throws RdpFormatError for one that is none. */
export function pduLength(bytes: Uint8Array, at = 0): number | false {
  const first = bytes[at];
  if (first === undefined) return false;
  if (first === TPKT_VERSION) {
    if (bytes.length < at + TPKT_HEADER_BYTES) return false;
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    // Header of X.224: its length and its kind.
    if (length < TPKT_HEADER_BYTES + 2) throw new RdpFormatError('tpkt too short');
    return length;
  }
  if ((first & 3) !== 0) throw new RdpFormatError('neither tpkt nor fast-path');
  const short = bytes[at + 1];
  if (short === undefined) return false;
  if ((short & 0x80) === 0) return atLeast(short, 2);
  const low = bytes[at + 2];
  return low === undefined ? false : atLeast(((short & 0x7f) << 8) | low, 3);
}

function atLeast(length: number, least: number): number {
  if (length < least) throw new RdpFormatError('fast-path too short');
  return length;
}

/** A slow-path PDU around `payload`. */
export function encodeTpkt(...payload: readonly Uint8Array[]): Buffer {
  const length = TPKT_HEADER_BYTES + payload.reduce((sum, part) => sum + part.length, 0);
  if (length > MOST_PDU_BYTES) throw new RangeError('tpkt too long');
  return Buffer.concat([Buffer.from([TPKT_VERSION, 0, length >> 8, length & 0xff]), ...payload]);
}

/** Cuts a stream into PDUs. Holds at most one that is not whole, so never more than 64 KiB beside what it was given. */
export class PduFramer {
  #kept: Buffer = Buffer.alloc(0);

  /** The PDUs that are whole now; throws RdpFormatError, after which nothing more can be read. The bytes are views, valid until the next call where they are not copied. */
  take(chunk: Buffer): Pdu[] {
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    const pdus: Pdu[] = [];
    let at = 0;
    for (let length = pduLength(bytes); length !== false && at + length <= bytes.length; length = pduLength(bytes, at)) {
      pdus.push({ path: bytes[at] === TPKT_VERSION ? 'slow' : 'fast', bytes: bytes.subarray(at, at + length) });
      at += length;
    }
    // A copy, since the rest would hold the whole chunk in memory.
    this.#kept = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return pdus;
  }

  /** Whether a PDU was begun and is not whole. */
  get inside(): boolean {
    return this.#kept.length > 0;
  }
}
