import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto';

/** The key and certificate by which the service opens its links; gateways pin the key (rule 15). PEM. */
export interface LinkIdentity {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** SHA-256 of a SubjectPublicKeyInfo in DER, base64url without padding: the form in which pins cross the wire. */
export function spkiPin(spkiDer: Uint8Array): string {
  return createHash('sha256').update(spkiDer).digest('base64url');
}

/** The pin of the key in a certificate. */
export function certificatePin(certificate: X509Certificate): string {
  return spkiPin(certificate.publicKey.export({ type: 'spki', format: 'der' }));
}

/** Whether a pin is among those expected. */
export function matchesPin(seen: string, expected: readonly string[]): boolean {
  const seenBytes = Buffer.from(seen);
  return expected.some((pin) => pin.length === seen.length && timingSafeEqual(Buffer.from(pin), seenBytes));
}
