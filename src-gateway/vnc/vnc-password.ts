import { createCipheriv } from 'node:crypto';
import { vncAuthKey } from '../../shared/vnc/vnc-auth-key.ts';

/** The answer to a VncAuth challenge of 16 bytes (RFC 6143 section 7.2.2): it encrypted with DES. */
export function vncAuthAnswer(challenge: Uint8Array, password: string): Buffer {
  const cipher = createCipheriv('des-ede3', vncAuthKey(password), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}
