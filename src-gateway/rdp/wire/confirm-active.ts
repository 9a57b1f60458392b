import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** Sets of capabilities (MS-RDPBCGR 2.2.1.13.1.1.1). */
const capability = { general: 1, order: 3, virtualChannel: 20, bitmapCodecs: 29 } as const;
/** RemoteFX, the one codec that the recording's player decodes (MS-RDPBCGR 2.2.7.2.10.1.1). */
const REMOTE_FX = Buffer.from('122f7776 72bd6344 afb3b73c 9c6f7886'.replaceAll(' ', ''), 'hex');
const AUTO_RECONNECT = 0x0008;
const MOST_SETS = 64;
const GUID_BYTES = 16;

/**
 * Limits what a client confirms to what the recording's player can decode (rule 23), in place: no drawing orders, no codec but
 * RemoteFX, no compression of channels, no automatic reconnect. `body` is the PDU behind its share header. Throws RdpFormatError.
 */
export function limitCapabilities(body: Buffer): void {
  // Share id, originator, two lengths, the source's name.
  if (body.length < 10) throw new RdpFormatError('confirm active: cut off');
  const setsAt = 10 + body.readUInt16LE(6);
  if (setsAt + 4 > body.length) throw new RdpFormatError('confirm active: cut off');
  const sets = body.readUInt16LE(setsAt);
  if (sets > MOST_SETS) throw new RdpFormatError('confirm active: too many sets');
  let at = setsAt + 4;
  for (let set = 0; set < sets; set += 1) {
    if (at + 4 > body.length) throw new RdpFormatError('confirm active: set cut off');
    const [type, length] = [body.readUInt16LE(at), body.readUInt16LE(at + 2)];
    if (length < 4 || at + length > body.length) throw new RdpFormatError('confirm active: set out of bounds');
    limitSet(type, body.subarray(at + 4, at + length));
    at += length;
  }
}

function limitSet(type: number, set: Buffer): void {
  if (type === capability.general && set.length >= 12) {
    set.writeUInt16LE(0, 8);
    set.writeUInt16LE(set.readUInt16LE(10) & ~AUTO_RECONNECT, 10);
  } else if (type === capability.order && set.length >= 64) set.fill(0, 32, 64);
  else if (type === capability.virtualChannel && set.length >= 4) set.writeUInt32LE(0, 0);
  else if (type === capability.bitmapCodecs) limitCodecs(set);
}

/** A codec that is not let through gets a name that no target knows. */
function limitCodecs(set: Buffer): void {
  let at = 1;
  for (let codecs = set[0] ?? 0; codecs > 0; codecs -= 1) {
    if (at + GUID_BYTES + 3 > set.length) throw new RdpFormatError('confirm active: codec cut off');
    const guid = set.subarray(at, at + GUID_BYTES);
    if (!guid.equals(REMOTE_FX)) guid.fill(0);
    at += GUID_BYTES + 3 + set.readUInt16LE(at + GUID_BYTES + 1);
  }
}
