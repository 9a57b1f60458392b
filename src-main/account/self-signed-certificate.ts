import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { der, derContext, derInteger, derTag } from '../../shared/der/der.ts';
import { bitString, generalizedTime, sequence } from './distinguished-encoding.ts';

/** Object identifiers as encoded: commonName (2.5.4.3), ecdsa-with-SHA256 (1.2.840.10045.4.3.2). */
const COMMON_NAME = Uint8Array.from([0x55, 0x04, 0x03]);
const ECDSA_WITH_SHA256 = Uint8Array.from([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
/** A clock that differs by less than a day disturbs nothing: who looks, looks at the key, not at the dates. */
const DAY_MS = 86_400_000;
const VALID_DAYS = 365;

/**
 * A certificate (RFC 5280, version 3 without extensions) that only carries a key: nobody trusts it for its names.
 * @param publicKeyInfo SubjectPublicKeyInfo, DER
 * @param privateKey an EC key
 * @returns PEM
 */
export function selfSigned(publicKeyInfo: Uint8Array, privateKey: KeyObject, now: number): string {
  const algorithm = sequence(der(derTag.objectIdentifier, ECDSA_WITH_SHA256));
  const name = sequence(der(derTag.set, sequence(der(derTag.objectIdentifier, COMMON_NAME), der(derTag.utf8String, Buffer.from('MAVIS Desktop', 'utf8')))));
  // Positive, never empty, no leading zero: the first byte is 0x01 to 0x7f.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01;
  const validity = sequence(generalizedTime(new Date(now - DAY_MS)), generalizedTime(new Date(now + VALID_DAYS * DAY_MS)));
  const version3 = derContext(0, derInteger(2));
  const toBeSigned = sequence(version3, der(derTag.integer, serial), algorithm, name, validity, name, publicKeyInfo);
  const signature = sign('sha256', toBeSigned, { key: privateKey, dsaEncoding: 'der' });
  const base64 = Buffer.from(sequence(toBeSigned, algorithm, bitString(signature))).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
}
