const LICENSE = 0x0080;
/** What else the security header of a licensing PDU may say: that licensing could be encrypted, either way (MS-RDPBCGR 2.2.8.1.1.2.1), and that its upper half is filled. */
const BESIDE_LICENSE = 0x0200 | 0x8000;
const SECURITY_HEADER_BYTES = 4;

/**
 * Whether a payload is one of licensing (MS-RDPBCGR 2.2.1.12): a security header that says so and nothing else, since some
 * targets read a PDU that says two things as both, a second Client Info among them; and a message that fills the rest by its own
 * length. The upper half of the header is no help: xrdp leaves there what it likes, also what looks like a
 * version of the share.
 */
export function isLicense(data: Uint8Array): boolean {
  return data.length >= SECURITY_HEADER_BYTES + 4 && (uint16(data, 0) & ~BESIDE_LICENSE) === LICENSE && uint16(data, 6) === data.length - SECURITY_HEADER_BYTES;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}
