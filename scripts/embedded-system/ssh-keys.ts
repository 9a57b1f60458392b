import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeEd25519 } from './open-ssh-key.ts';

/** An Ed25519 key pair on disk, in OpenSSH's own forms. */
export type SshKeyPair = {
  readonly privateKeyFile: string;
  readonly privateKey: string;
  /** One line: kind, key in base64, comment. */
  readonly publicKey: string;
  /** `SHA256:` and 43 letters of base64, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
};

/** Reads the key pair of this name in a folder; makes it (0600, folder 0700) where it is not there. */
export function keepSshKeyPair(folder: string, name: string): SshKeyPair {
  const privateKeyFile = join(folder, name);
  if (!existsSync(privateKeyFile)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const made = makeEd25519(`mavis-${name}`);
    writeFileSync(`${privateKeyFile}.pub`, `${made.publicKey}\n`, { mode: 0o600 });
    writeFileSync(privateKeyFile, made.privateKey, { mode: 0o600 });
  }
  const publicKey = readFileSync(`${privateKeyFile}.pub`, 'utf8').trim();
  return { privateKeyFile, privateKey: readFileSync(privateKeyFile, 'utf8'), publicKey, fingerprint: fingerprintOf(publicKey) };
}

/** The fingerprint of a public key line. */
export function fingerprintOf(publicKey: string): string {
  const [, base64 = ''] = publicKey.trim().split(/\s+/);
  const digest = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}
