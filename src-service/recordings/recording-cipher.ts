import { createDecipheriv, createHash, createPublicKey, diffieHellman, hkdfSync, type KeyObject, verify } from 'node:crypto';
import { type BlockOpener, type Sha256, TAG_BYTES } from '../../shared/recording/container.ts';
import { RecordingFormatError } from '../../shared/recording/recording-frame.ts';
import type { RecordingHeader } from '../../shared/recording/recording-header.ts';

/** SHA-256 of the parts, by Node. */
export const nodeSha256: Sha256 = (parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The prefix of an X25519 SubjectPublicKeyInfo, before its 32 bytes (RFC 8410 section 4). */
const X25519_SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

/**
 * Opens the sealed key of a recording's header with the service's X25519 keys (the present one and those before a
 * rotation), and gives the opener of its blocks. Throws RecordingFormatError where none of the keys is the recipient or the
 * sealed key is not what was sealed.
 */
export function blockOpenerOf(header: Pick<RecordingHeader, 'recordingId' | 'key'>, privateKeys: readonly KeyObject[]): BlockOpener {
  const privateKey = privateKeys.find((key) => recipientId(key) === header.key.recipient);
  if (privateKey === undefined) throw new RecordingFormatError('sealed to another key');
  const key = openSealedKey(header, privateKey);
  return { open: (nonce, additional, sealed) => openBlock(key, nonce, additional, sealed) };
}

/** SHA-256 of the SubjectPublicKeyInfo of a key's public half, base64url: how a header names its recipient. */
export function recipientId(key: KeyObject): string {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(der).digest('base64url');
}

/** Whether a seal was signed by the key of which the service holds the SubjectPublicKeyInfo (base64url), the recording gateway's. */
export function sealSignatureValid(signingKeySpki: string, signed: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(signingKeySpki, 'base64url'), format: 'der', type: 'spki' });
  return key.asymmetricKeyType === 'ed25519' && verify(null, signed, key, signature);
}

function openSealedKey(header: Pick<RecordingHeader, 'recordingId' | 'key'>, privateKey: KeyObject): Buffer {
  const ephemeralRaw = Buffer.from(header.key.ephemeral, 'base64url');
  const sealed = Buffer.from(header.key.sealed, 'base64url');
  const ownRaw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  try {
    const ephemeral = createPublicKey({ key: Buffer.concat([X25519_SPKI_PREFIX, ephemeralRaw]), format: 'der', type: 'spki' });
    const shared = diffieHellman({ privateKey, publicKey: ephemeral });
    const wrapping = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([ephemeralRaw, ownRaw]), `mavis-recording-key-1 ${header.recordingId} ${header.key.recipient}`, 32));
    return decrypt(wrapping, Buffer.alloc(12), undefined, sealed);
  } catch (cause) {
    throw Object.assign(new RecordingFormatError('the sealed key cannot be opened'), { cause });
  }
}

function openBlock(key: Buffer, nonce: Uint8Array, additional: Uint8Array, sealed: Uint8Array): Uint8Array {
  return decrypt(key, nonce, additional, sealed);
}

function decrypt(key: Buffer, nonce: Uint8Array, additional: Uint8Array | undefined, sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  if (additional !== undefined) decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  return Buffer.concat([plain, decipher.final()]);
}
