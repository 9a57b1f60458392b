import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { der, derContext, derInteger, derTag } from '../../shared/der/der.ts';
import { bitString, generalizedTime, sequence } from './distinguished-encoding.ts';

/** Object identifiers as encoded: commonName (2.5.4.3), ecdsa-with-SHA256 (1.2.840.10045.4.3.2). */
const COMMON_NAME = Uint8Array.from([0x55, 0x04, 0x03]);
const ECDSA_WITH_SHA256 = Uint8Array.from([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
/** A clock that differs by less than a day disturbs nothing: gateways look at the key, not at the dates. */
const DAY_MS = 86_400_000;
const VALID_DAYS = 365;

/** What a session's process needs to show the key to a gateway. Passed in a message, never in an argument, a variable of the environment or a file. */
export interface ClientIdentity {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

/**
 * The client's key of this launch (rule 3): ECDSA P-256, made anew at each start, kept in memory only. Sign-in registers it,
 * each request for a connection is signed with it, and gateways take a ticket only from a TLS connection that holds it.
 */
export class ClientKey {
  readonly #privateKey: KeyObject;
  /** SubjectPublicKeyInfo, DER, base64url. */
  readonly publicKey: string;
  /** SHA-256 of the SubjectPublicKeyInfo, base64url. */
  readonly thumbprint: string;
  readonly identity: ClientIdentity;

  constructor(clock: () => number) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = privateKey;
    const info = publicKey.export({ type: 'spki', format: 'der' });
    this.publicKey = info.toString('base64url');
    this.thumbprint = createHash('sha256').update(info).digest('base64url');
    this.identity = { privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificatePem: selfSigned(info, privateKey, clock()) };
  }

  /** Signature over the UTF-8 bytes of a text: ECDSA with SHA-256 in IEEE P1363 form, base64url. */
  sign(text: string): string {
    return sign('sha256', Buffer.from(text, 'utf8'), { key: this.#privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  }
}

/** A certificate (RFC 5280, version 3 without extensions) that only carries the key: nobody trusts it for its names. */
function selfSigned(publicKeyInfo: Uint8Array, privateKey: KeyObject, now: number): string {
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
