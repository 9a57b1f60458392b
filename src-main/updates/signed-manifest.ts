import { createHash, createPublicKey, verify } from 'node:crypto';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { MOST_ENVELOPE_BYTES, signedUpdateManifest, signedUpdateText, type UpdateManifest, updateManifest } from '../../shared/updates/update-manifest.ts';

/** The SubjectPublicKeyInfo of an Ed25519 key is this and its 32 bytes (RFC 8410 section 4). */
const ED25519_KEY_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** A manifest whose signature is one of ours, and the SHA-256 of its text. */
export interface TrustedManifest {
  readonly manifest: UpdateManifest;
  readonly digest: string;
}

/**
 * Reads a manifest as it came from a feed. The signature is verified first, by any of the keys (the 32 bytes of each, base64); nothing of
 * the text is read before. Throws `update.manifest-untrusted`, and `update.manifest-invalid` for one that is signed and not understood.
 */
export function readSignedManifest(bytes: Uint8Array, keys: readonly string[]): TrustedManifest {
  const envelope = bytes.length > MOST_ENVELOPE_BYTES ? undefined : signedUpdateManifest.safeParse(parseJson(Buffer.from(bytes).toString('utf8'))).data;
  if (envelope === undefined) throw new MavisError('update.manifest-untrusted');
  const text = Buffer.from(signedUpdateText(envelope.manifest), 'utf8');
  const signature = Buffer.from(envelope.signature, 'base64');
  if (!keys.some((key) => verify(null, text, createPublicKey({ key: Buffer.concat([ED25519_KEY_PREFIX, Buffer.from(key, 'base64')]), format: 'der', type: 'spki' }), signature))) throw new MavisError('update.manifest-untrusted');
  const manifest = updateManifest.safeParse(parseJson(envelope.manifest));
  if (!manifest.success) throw new MavisError('update.manifest-invalid', {}, { cause: manifest.error });
  return { manifest: manifest.data, digest: createHash('sha256').update(envelope.manifest, 'utf8').digest('base64url') };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
