import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, randomUUID, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { asc } from 'drizzle-orm';
import type { Clock } from '../clock.ts';
import type { Database } from '../store/database.ts';
import { serviceKeys } from '../store/schema.ts';
import { readOrMakePrivateFile, writePrivateFile } from './private-file.ts';
import { publicKeyPin, publicKeyText, publicKeyThumbprint } from './public-key.ts';
import { covers, makeCertificate, type CertificateNames } from './self-signed-certificate.ts';

/** A key pair that TLS uses, with its certificate. Texts are PEM. */
export interface TlsIdentity {
  readonly key: string;
  readonly certificate: string;
  /** SubjectPublicKeyInfo, base64url. */
  readonly publicKey: string;
}

/** Everything secret that the service holds outside its database. */
export interface ServiceKeys {
  /** Of the HTTPS server that clients connect to. */
  readonly tls: TlsIdentity;
  /** Of the client side of the link to gateways. */
  readonly link: TlsIdentity;
  /** Ed25519: signs audit heads and gateways' configuration files. */
  readonly signing: { readonly publicKey: string; sign(text: string): string };
  /** X25519: recordings are sealed to it (rule 19). */
  readonly recording: { readonly publicKey: string; readonly privateKey: KeyObject };
  /** 32 bytes: target credentials are sealed under it, and secrets of a purpose are derived from it. */
  readonly masterKey: Buffer;
  /** Names of the files that were made now, for `init` to say. */
  readonly made: readonly string[];
}

/** Reads the keys in `folder`/keys and `folder`/master.key; makes those that are missing, and the certificate anew where it does not cover `host`. */
export async function openServiceKeys(folder: string, host: string, clock: Pick<Clock, 'now'>): Promise<ServiceKeys> {
  const keysFolder = join(folder, 'keys');
  await mkdir(keysFolder, { recursive: true, mode: 0o700 });
  const made: string[] = [];
  const key = async (name: string, make: () => KeyObject): Promise<KeyObject> => {
    const file = await readOrMakePrivateFile(join(keysFolder, `${name}.pem`), () => make().export({ format: 'pem', type: 'pkcs8' }).toString());
    if (file.made) made.push(`keys/${name}.pem`);
    return createPrivateKey(file.text);
  };
  const signing = await key('signing', () => generateKeyPairSync('ed25519').privateKey);
  const recording = await key('recording', () => generateKeyPairSync('x25519').privateKey);
  const master = await readOrMakePrivateFile(join(folder, 'master.key'), () => randomBytes(32).toString('base64url'));
  if (master.made) made.push('master.key');
  const tls = await key('tls', newP256);
  const link = await key('link', newP256);
  return {
    tls: await identity(keysFolder, 'tls', tls, serverNames(host), clock.now()),
    link: await identity(keysFolder, 'link', link, LINK_NAMES, clock.now()),
    signing: { publicKey: publicKeyText(createPublicKey(signing)), sign: (text) => sign(null, Buffer.from(text), signing).toString('base64url') },
    recording: { publicKey: publicKeyText(createPublicKey(recording)), privateKey: recording },
    masterKey: masterKeyFrom(master.text),
    made,
  };
}

/** The keys of a rotation (rule 15), private, PKCS#8 in PEM. */
export interface TlsKeyPems {
  readonly tls: string;
  readonly link: string;
}

/** New keys of the server and of the link. */
export function makeTlsKeyPems(): TlsKeyPems {
  const pem = (): string => newP256().export({ format: 'pem', type: 'pkcs8' }).toString();
  return { tls: pem(), link: pem() };
}

/** The public half of a private key in PEM. */
export function publicHalf(pem: string): string {
  return publicKeyText(createPublicKey(pem));
}

/** Puts other keys of the server and of the link in the place of those in `folder`/keys, each with its certificate; a crash between leaves what the next call repairs. */
export async function replaceTlsKeys(folder: string, host: string, pems: TlsKeyPems, now: Date): Promise<Pick<ServiceKeys, 'tls' | 'link'>> {
  const keysFolder = join(folder, 'keys');
  await replaceFile(join(keysFolder, 'tls.pem'), pems.tls);
  await replaceFile(join(keysFolder, 'link.pem'), pems.link);
  return {
    tls: await identity(keysFolder, 'tls', createPrivateKey(pems.tls), serverNames(host), now),
    link: await identity(keysFolder, 'link', createPrivateKey(pems.link), LINK_NAMES, now),
  };
}

/** A link's key that stands in no file any more, with a certificate. */
export async function linkIdentityOf(pem: string, now: Date): Promise<TlsIdentity> {
  return { key: pem, certificate: await makeCertificate(createPrivateKey(pem), LINK_NAMES, now), publicKey: publicHalf(pem) };
}

/** What people compare: pins of the server's and the link's key, and of the signing key. */
export function fingerprints(keys: Pick<ServiceKeys, 'tls' | 'link' | 'signing'>): { tls: string; link: string; signing: string; linkThumbprint: string } {
  return { tls: publicKeyPin(keys.tls.publicKey), link: publicKeyPin(keys.link.publicKey), signing: publicKeyPin(keys.signing.publicKey), linkThumbprint: publicKeyThumbprint(keys.link.publicKey) };
}

/** Notes the public keys in the database, so that every instance and the verification of old signatures know them. Keys once noted stay. */
export async function notePublicKeys(database: Database, keys: ServiceKeys, clock: Pick<Clock, 'now'>): Promise<void> {
  const rows = [
    { kind: 'tls' as const, publicKey: keys.tls.publicKey },
    { kind: 'link' as const, publicKey: keys.link.publicKey },
    { kind: 'signing' as const, publicKey: keys.signing.publicKey },
    { kind: 'recording' as const, publicKey: keys.recording.publicKey },
  ].map((row) => ({ ...row, id: randomUUID(), createdAt: clock.now() }));
  await database.insert(serviceKeys).values(rows).onConflictDoNothing();
}

/** Signing keys that the service has or had, oldest first. */
export async function knownSigningKeys(database: Database): Promise<string[]> {
  const rows = await database.select().from(serviceKeys).orderBy(asc(serviceKeys.createdAt));
  return rows.filter((row) => row.kind === 'signing').map((row) => row.publicKey);
}

const LINK_NAMES: CertificateNames = { commonName: 'mavis-service-link', hostNames: [], addresses: [] };

function newP256(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
}

function masterKeyFrom(text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64url');
  if (key.length !== 32) throw new Error('master.key does not hold 32 bytes');
  return key;
}

/** The names by which clients may reach this machine: given, its own, and loopback. */
function serverNames(host: string): CertificateNames {
  const given = host === '0.0.0.0' || host === '::' ? [] : [host];
  const all = [...new Set([...given, 'localhost', hostname(), '127.0.0.1', '::1'])];
  return {
    commonName: 'MAVIS service',
    hostNames: all.filter((name) => isIP(name) === 0 && /^[A-Za-z0-9.-]+$/.test(name)),
    addresses: all.filter((name) => isIP(name) !== 0),
  };
}

async function identity(folder: string, name: string, key: KeyObject, names: CertificateNames, now: Date): Promise<TlsIdentity> {
  const path = join(folder, `${name}.crt`);
  const { text } = await readOrMakePrivateFile(path, () => makeCertificate(key, names, now));
  const current = covers(text, names, now) && new X509Certificate(text).checkPrivateKey(key);
  const certificate = current ? text : await replaceFile(path, await makeCertificate(key, names, now));
  return { key: key.export({ format: 'pem', type: 'pkcs8' }).toString(), certificate, publicKey: publicKeyText(createPublicKey(key)) };
}

/** A certificate made anew over the same key changes no pin. */
async function replaceFile(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomUUID()}`;
  await writePrivateFile(draft, text);
  await rename(draft, path);
  return text;
}
