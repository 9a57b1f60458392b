import { createCipheriv } from 'node:crypto';

const KEY_BYTES = 8;

/**
 * The answer to a VncAuth challenge of 16 bytes (RFC 6143 section 7.2.2): it encrypted with DES, under the first eight letters of
 * the password with the bits of each byte reversed. Node has no single DES; three equal keys of Triple DES are the same.
 */
export function vncAuthAnswer(challenge: Uint8Array, password: string): Buffer {
  const letters = Buffer.alloc(KEY_BYTES);
  Buffer.from(password, 'latin1').copy(letters, 0, 0, KEY_BYTES);
  const key = Buffer.from(letters.map(reversedBits));
  const cipher = createCipheriv('des-ede3', Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

function reversedBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit += 1) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}
