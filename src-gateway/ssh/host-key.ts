import { createHash } from 'node:crypto';

/** The fingerprint of a host key as `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
export function hostKeyFingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The kind of a host key in its wire form (RFC 4253 section 6.6), such as `ssh-ed25519`; empty where it is none. */
export function hostKeyKindOf(key: Uint8Array): string {
  const bytes = Buffer.from(key);
  if (bytes.length < 4) return '';
  const length = bytes.readUInt32BE(0);
  const kind = length <= 64 && bytes.length >= 4 + length ? bytes.toString('latin1', 4, 4 + length) : '';
  return /^[a-z0-9@.-]+$/.test(kind) ? kind : '';
}
