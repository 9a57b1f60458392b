import { createCipheriv, createHash, createPublicKey, createSecretKey, diffieHellman, generateKeyPairSync, hkdfSync, type KeyObject, sign } from 'node:crypto';
import type { RecordingId } from '../../shared/ids.ts';
import type { BlockSealer, Sha256 } from '../../shared/recording/container.ts';
import type { SignSeal } from '../../shared/recording/container-writer.ts';
import type { SealedKey } from '../../shared/recording/recording-header.ts';

/** Makes 32 random bytes, from the caller's source. */
export type RandomBytes = (size: number) => Uint8Array;

/** SHA-256 of the parts, by Node. */
export const nodeSha256: Sha256 = (parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The service's key that recordings are sealed to, read once from the configuration; throws TypeError where it is no X25519 key. */
export interface RecordingRecipient {
  readonly key: KeyObject;
  /** SHA-256 of its SubjectPublicKeyInfo, base64url. */
  readonly id: string;
}

/** Reads the `recordingKey` of a gateway's configuration (SubjectPublicKeyInfo, base64url). */
export function readRecordingRecipient(spki: string): RecordingRecipient {
  const der = Buffer.from(spki, 'base64url');
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'x25519') throw new TypeError('the recording key is no X25519 key');
  return { key, id: createHash('sha256').update(der).digest('base64url') };
}

/**
 * A fresh key for one recording: the sealer of its blocks, and the key itself sealed to the service, for the header. The
 * gateway keeps neither the key nor the ephemeral private key beyond the sealer, so what it has stored it cannot read again.
 */
export function createRecordingSealer(recordingId: RecordingId, recipient: RecordingRecipient, random: RandomBytes): { sealer: BlockSealer; sealedKey: SealedKey } {
  const key = Buffer.from(random(32));
  const ephemeral = generateKeyPairSync('x25519');
  const ephemeralRaw = rawPublicKey(ephemeral.publicKey);
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient.key });
  const wrapping = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([ephemeralRaw, rawPublicKey(recipient.key)]), `mavis-recording-key-1 ${recordingId} ${recipient.id}`, 32));
  const cipher = createCipheriv('aes-256-gcm', wrapping, Buffer.alloc(12));
  const sealed = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()]);
  // Of a key that comes as bytes Node finds out what it is by raising and catching two errors, for each block.
  const blockKey = createSecretKey(key);
  for (const secret of [shared, wrapping, key]) secret.fill(0);
  return {
    sealer: { seal: (nonce, additional, plain) => sealBlock(blockKey, nonce, additional, plain) },
    sealedKey: { algorithm: 'x25519-hkdf-sha256-aes-256-gcm', recipient: recipient.id, ephemeral: ephemeralRaw.toString('base64url'), sealed: sealed.toString('base64url') },
  };
}

function sealBlock(key: KeyObject, nonce: Uint8Array, additional: Uint8Array, plain: Uint8Array): readonly Uint8Array[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(additional);
  const sealed = cipher.update(plain);
  // GCM is a stream cipher: `final` gives no bytes, only the tag.
  cipher.final();
  return [sealed, cipher.getAuthTag()];
}

/** Signs seals with the gateway's Ed25519 key. */
export function sealSigner(signingKey: KeyObject): SignSeal {
  return (signed) => sign(null, signed, signingKey);
}

/** The last 32 bytes of an X25519 SubjectPublicKeyInfo are the key (RFC 8410 section 4). */
function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}
