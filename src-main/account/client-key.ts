import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { selfSigned } from './self-signed-certificate.ts';

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
