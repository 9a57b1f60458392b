/** Bytes of a VncAuth challenge, and of its answer (RFC 6143 section 7.2.2). */
export const CHALLENGE_BYTES = 16;
/** More letters of a password count for nothing. */
export const PASSWORD_LETTERS = 8;

/**
 * The DES key of VncAuth (RFC 6143 section 7.2.2): the first eight letters of the password, with the bits of each byte reversed as
 * all who speak it do. Three times in a row, as neither Node nor Electron has single DES and Triple DES with equal keys is the same.
 */
export function vncAuthKey(password: string): Uint8Array {
  const key = new Uint8Array(PASSWORD_LETTERS * 3);
  for (let at = 0; at < key.length; at += 1) key[at] = reversedBits(password.charCodeAt(at % PASSWORD_LETTERS) & 0xff);
  return key;
}

function reversedBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit += 1) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}
