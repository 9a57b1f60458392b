import { createHash, createPublicKey, type KeyObject, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { type GatewayPublicKeys, gatewayKeyFingerprintText } from '../../shared/gateway-key.ts';

/** SHA-256 as base64url without padding. */
export function sha256Base64url(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

/** A public key's SubjectPublicKeyInfo in DER; a private key's public half. */
export function subjectPublicKeyInfo(key: KeyObject): Buffer {
  const publicKey = key.type === 'public' ? key : createPublicKey(key);
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** SHA-256 of the SubjectPublicKeyInfo of a certificate's key, base64url: a pin, or a client key's thumbprint (rule 3). */
export function certificateThumbprint(certificate: X509Certificate): string {
  return sha256Base64url(subjectPublicKeyInfo(certificate.publicKey));
}

/** Whether two thumbprints are equal, in a time that does not depend on where they differ. */
export function sameThumbprint(one: string, other: string): boolean {
  const left = Buffer.from(one);
  const right = Buffer.from(other);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The fingerprint of both of a gateway's keys, as the management page shows it: `SHA256:` and base64 without padding (rule 15). */
export function gatewayFingerprint(keys: GatewayPublicKeys): string {
  return shownFingerprint(Buffer.from(gatewayKeyFingerprintText(keys)));
}

/** `SHA256:` and base64 without padding, as people compare it. */
export function shownFingerprint(bytes: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`;
}
