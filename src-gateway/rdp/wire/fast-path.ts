import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** Updates that draw: orders, bitmaps, surface commands (MS-RDPBCGR 2.2.9.1.2.1). */
const DRAWING: ReadonlySet<number> = new Set([0, 1, 4]);
const MOST_UPDATES = 4096;

/**
 * Whether a fast-path PDU of a target draws anything. Throws RdpFormatError for one that is encrypted or compressed, since
 * neither was negotiated, or whose updates do not fill it exactly.
 */
export function drawsAnything(pdu: Buffer): boolean {
  const first = pdu[0] ?? 0;
  if ((first & 0xc0) !== 0) throw new RdpFormatError('fast-path: encrypted');
  let draws = false;
  for (let at = (pdu[1] ?? 0) & 0x80 ? 3 : 2, updates = 0; at < pdu.length; updates += 1) {
    if (updates >= MOST_UPDATES || at + 3 > pdu.length) throw new RdpFormatError('fast-path: cut off');
    const header = pdu[at] ?? 0;
    if ((header & 0xc0) !== 0) throw new RdpFormatError('fast-path: compressed');
    draws ||= DRAWING.has(header & 0x0f);
    at += 3 + pdu.readUInt16LE(at + 1);
    if (at > pdu.length) throw new RdpFormatError('fast-path: update out of bounds');
  }
  return draws;
}

/** Checks a fast-path PDU of a client; throws RdpFormatError for an encrypted one. */
export function assertFastPathInput(pdu: Buffer): void {
  if (((pdu[0] ?? 0) & 0xc0) !== 0) throw new RdpFormatError('fast-path: encrypted');
}
