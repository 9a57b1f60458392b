import { createPrivateKey, generateKeyPairSync, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
// The certificate library finds its parts by reflection, which must be there before it is loaded.
import 'reflect-metadata';
import { X509CertificateGenerator } from '@peculiar/x509';
import type { GatewayPublicKeys } from '../../shared/gateway-key.ts';
import { writeFileSafely } from '../configuration/safe-file.ts';
import { certificateThumbprint, subjectPublicKeyInfo } from './fingerprint.ts';

/** A gateway's two keys: TLS (ECDSA P-256) and signing (Ed25519). */
export interface GatewayKeys {
  /** PKCS#8 in PEM. */
  readonly tlsKeyPem: string;
  /** Self-signed: who connects pins the key, so its names and dates say nothing. */
  readonly tlsCertificatePem: string;
  readonly signingKey: KeyObject;
  readonly publicKeys: GatewayPublicKeys;
  /** SHA-256 of the TLS key's SubjectPublicKeyInfo, which service and clients pin. */
  readonly tlsPin: string;
}

const FILES = { tlsKey: 'tls-key.pem', tlsCertificate: 'tls-certificate.pem', signingKey: 'signing-key.pem' } as const;
/** Their names, in the order in which they are put in place: the TLS key last, without which there are none. */
export const KEY_FILES: readonly string[] = [FILES.tlsCertificate, FILES.signingKey, FILES.tlsKey];
/** Keys are changed by announcing a new pin (rule 15), never because a certificate ran out at a bad moment. */
const CERTIFICATE_YEARS = 30;

/** Makes both keys in `folder` (0700, files 0600), or reads them where they are; says which. */
export async function ensureGatewayKeys(folder: string, now: Date): Promise<{ readonly keys: GatewayKeys; readonly made: boolean }> {
  const present = await readGatewayKeys(folder);
  if (present !== null) return { keys: present, made: false };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { tlsKeyPem, tlsCertificatePem } = await makeTlsKey(now);
  const signingKeyPem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await writeFileSafely(join(folder, FILES.tlsCertificate), tlsCertificatePem);
  await writeFileSafely(join(folder, FILES.signingKey), signingKeyPem);
  // Last: keys that were only half made are made again.
  await writeFileSafely(join(folder, FILES.tlsKey), tlsKeyPem);
  return { keys: gatewayKeys(tlsKeyPem, tlsCertificatePem, signingKeyPem), made: true };
}

/** Reads the keys; null where there are none. Throws where they are damaged: they are never made anew over old ones. */
export async function readGatewayKeys(folder: string): Promise<GatewayKeys | null> {
  const tlsKeyPem = await readIfThere(join(folder, FILES.tlsKey));
  if (tlsKeyPem === null) return null;
  return gatewayKeys(tlsKeyPem, await readFile(join(folder, FILES.tlsCertificate), 'utf8'), await readFile(join(folder, FILES.signingKey), 'utf8'));
}

function gatewayKeys(tlsKeyPem: string, tlsCertificatePem: string, signingKeyPem: string): GatewayKeys {
  const signingKey = createPrivateKey(signingKeyPem);
  const certificate = new X509Certificate(tlsCertificatePem);
  if (!certificate.checkPrivateKey(createPrivateKey(tlsKeyPem))) throw new Error('TLS key and certificate do not belong together');
  return {
    tlsKeyPem,
    tlsCertificatePem,
    signingKey,
    publicKeys: { tls: subjectPublicKeyInfo(certificate.publicKey).toString('base64url'), signing: subjectPublicKeyInfo(signingKey).toString('base64url') },
    tlsPin: certificateThumbprint(certificate),
  };
}

async function makeTlsKey(now: Date): Promise<{ tlsKeyPem: string; tlsCertificatePem: string }> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + CERTIFICATE_YEARS);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { serialNumber: '01', name: 'CN=MAVIS Gateway', notBefore: new Date(now.getTime() - 86_400_000), notAfter, keys, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' } },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { tlsKeyPem: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }).toString(), tlsCertificatePem: certificate.toString('pem') };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
