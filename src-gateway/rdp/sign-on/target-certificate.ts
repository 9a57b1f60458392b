import { createHash, type X509Certificate } from 'node:crypto';
import { derTag, readDerAll, readDerOnly } from '../../../shared/der/der.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** The fingerprint of a certificate as an administrator confirms it: `SHA256:` and base64 without padding, over its DER. */
export function certificateFingerprint(der: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(der).digest('base64').replace(/=+$/, '')}`;
}

/** A certificate's kind in a few words, such as `x509 rsa 2048`. */
export function certificateKind(certificate: X509Certificate): string {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  const size = asymmetricKeyDetails?.modulusLength ?? asymmetricKeyDetails?.namedCurve ?? '';
  return `x509 ${asymmetricKeyType ?? 'unknown'} ${size}`.trim();
}

/** The content of the BIT STRING of the SubjectPublicKeyInfo: what CredSSP binds the sign-on to (MS-CSSP 3.1.5). */
export function subjectPublicKey(certificate: X509Certificate): Buffer {
  const info = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const [, bits] = readDerAll(readDerOnly(info, derTag.sequence), 2);
  if (bits?.tag !== derTag.bitString || bits.content[0] !== 0) throw new RdpFormatError('certificate: no public key');
  return Buffer.from(bits.content.subarray(1));
}
