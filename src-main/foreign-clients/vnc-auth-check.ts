import { createCipheriv, timingSafeEqual } from 'node:crypto';
import { CHALLENGE_BYTES, vncAuthKey } from '../../shared/vnc/vnc-auth-key.ts';

const BLOCK_BYTES = 8;

/** Whether an answer to a VncAuth challenge (RFC 6143 section 7.2.2) shows that its giver knows the password. */
export function answersChallenge(challenge: Uint8Array, answer: Uint8Array, password: string): boolean {
  // Electron's BoringSSL has Triple DES only with chaining: of one block from an empty one, that is the block by itself.
  const blocks = [0, BLOCK_BYTES].map((at) => createCipheriv('des-ede3-cbc', vncAuthKey(password), Buffer.alloc(BLOCK_BYTES)).setAutoPadding(false).update(challenge.subarray(at, at + BLOCK_BYTES)));
  return answer.length === CHALLENGE_BYTES && timingSafeEqual(answer, Buffer.concat(blocks));
}
