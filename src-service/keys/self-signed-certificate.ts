// @peculiar/x509 wants it to be there first.
import 'reflect-metadata';
import { createPublicKey, webcrypto, X509Certificate, type KeyObject } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** Ten years: it is pinned by its key, so a shorter life would only break pins. */
const VALID_DAYS = 3652;
const RENEWED_DAYS = 30;
const DAY_MS = 86_400_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** For which names and addresses a certificate speaks. */
export interface CertificateNames {
  readonly commonName: string;
  readonly hostNames: readonly string[];
  readonly addresses: readonly string[];
}

/** A self-signed certificate (PEM) over a P-256 key, for server and client use. */
export async function makeCertificate(privateKey: KeyObject, names: CertificateNames, now: Date): Promise<string> {
  const keys = await importKeys(privateKey);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [names.commonName] }],
      keys,
      signingAlgorithm: ALGORITHM,
      // An hour back, for clients whose clock is behind.
      notBefore: new Date(now.getTime() - 3_600_000),
      notAfter: new Date(now.getTime() + VALID_DAYS * DAY_MS),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
        new x509.SubjectAlternativeNameExtension([
          ...names.hostNames.map((value) => ({ type: 'dns' as const, value })),
          ...names.addresses.map((value) => ({ type: 'ip' as const, value })),
        ]),
      ],
    },
    webcrypto,
  );
  return certificate.toString('pem');
}

/** Whether a certificate (PEM) covers all names and is valid for another 30 days: a service that is restarted in its last month gets a new one, over the same key. */
export function covers(pem: string, names: CertificateNames, now: Date): boolean {
  const certificate = new X509Certificate(pem);
  if (Date.parse(certificate.validTo) < now.getTime() + RENEWED_DAYS * DAY_MS) return false;
  return names.hostNames.every((name) => certificate.checkHost(name) !== undefined) && names.addresses.every((address) => certificate.checkIP(address) !== undefined);
}

async function importKeys(privateKey: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const der = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
  const spki = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
  return {
    privateKey: await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
  };
}
