import { RdpFormatError } from './rdp-format-error.ts';

/** A TPKT's own length has 16 bits, a fast-path PDU's 15. */
export const MOST_PDU_BYTES = 0xffff;
const TPKT_VERSION = 3;
export const TPKT_HEADER_BYTES = 4;

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

/** Whether a PDU is slow-path in a TPKT (RFC 1006); else it is fast-path (MS-RDPBCGR 2.2.8.1.2, 2.2.9.1.2). */
export function isSlowPath(pdu: Uint8Array): boolean {
  return pdu[0] === TPKT_VERSION;
}

/** Cuts a stream into PDUs. Holds at most one that is not whole, so never more than 64 KiB beside what it was given. */
export class PduFramer {
  #kept: Uint8Array = new Uint8Array(0);

  /** The PDUs that are whole now, as views of what was given or kept; throws RdpFormatError, after which nothing more can be read. */
  take(chunk: Uint8Array): Uint8Array[] {
    const bytes = this.#kept.length === 0 ? chunk : joined(this.#kept, chunk);
    const pdus: Uint8Array[] = [];
    let at = 0;
    for (let length = pduLength(bytes); length !== false && at + length <= bytes.length; length = pduLength(bytes, at)) {
      pdus.push(bytes.subarray(at, at + length));
      at += length;
    }
    // A copy, since the rest would hold the whole chunk in memory.
    this.#kept = bytes.slice(at);
    return pdus;
  }

  /** Whether a PDU was begun and is not whole. */
  get inside(): boolean {
    return this.#kept.length > 0;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
