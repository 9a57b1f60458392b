import { createHash, type KeyObject } from 'node:crypto';

/** A public key as everything of ours carries it: SubjectPublicKeyInfo, DER, base64url. */
export function publicKeyText(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64url');
}

/** SHA-256 of the SubjectPublicKeyInfo, base64url: how links and tickets name a key. */
export function publicKeyThumbprint(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('base64url');
}

/** The same hash as people compare it: `SHA256:` and base64 without padding. */
export function publicKeyPin(publicKey: string): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('base64').replace(/=+$/, '')}`;
}
