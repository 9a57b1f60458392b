import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Secrets at rest: AES-256-GCM under the master key, bound to the credential and the key's version, so that none can be put in another's place. */
export class CredentialSeal {
  /** Raised when the master key is changed. */
  readonly keyVersion = 1;
  readonly #masterKey: Buffer;

  constructor(masterKey: Buffer) {
    this.#masterKey = masterKey;
  }

  /** base64url of nonce (12 bytes), tag (16) and ciphertext. */
  seal(credentialId: string, secret: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#masterKey, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(credentialId, this.keyVersion));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** The secret; throws where it was sealed for another credential, under another key, or changed. */
  open(credentialId: string, keyVersion: number, sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('a sealed credential is too short');
    const decipher = createDecipheriv('aes-256-gcm', this.#masterKey, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(credentialId, keyVersion));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  }
}

function boundTo(credentialId: string, keyVersion: number): Buffer {
  return Buffer.from(`mavis-credential-1\n${credentialId}\n${String(keyVersion)}`);
}
