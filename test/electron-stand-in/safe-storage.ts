import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { applicationPath } from './application.ts';
import { app } from './app.ts';
import { guarded, recordCall } from './covered.ts';

const PREFIX = Buffer.from('v10');
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The key lies in a file beside what it protects: this keeps nothing secret from who can read the user data. It is why the
 * backend is called 'basic_text', as Electron calls its own unprotected one.
 */
function key(): Buffer {
  const file = path.join(applicationPath('userData'), 'stand-in-unprotected-key');
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, randomBytes(32), { mode: 0o600, flag: 'wx' });
  } catch {
    // it is there already
  }
  return readFileSync(file);
}

function encrypt(text: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key(), iv);
  return Buffer.concat([PREFIX, iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(encrypted: Buffer): string {
  const failure = 'Error while decrypting the ciphertext provided to safeStorage.decryptString.';
  if (encrypted.length < PREFIX.length + IV_BYTES + TAG_BYTES || !encrypted.subarray(0, PREFIX.length).equals(PREFIX)) throw new Error(`${failure} Ciphertext does not appear to be encrypted.`);
  const ivEnd = PREFIX.length + IV_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key(), encrypted.subarray(PREFIX.length, ivEnd));
  decipher.setAuthTag(encrypted.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(encrypted.subarray(ivEnd, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    throw new Error(failure);
  }
}

/** Electron's `safeStorage`, without any safety; see above. */
export const safeStorage = guarded('safeStorage', {
  isEncryptionAvailable: () => app.isReady(),
  isAsyncEncryptionAvailable: () => app.whenReady().then(() => true),
  getSelectedStorageBackend: () => 'basic_text',
  setUsePlainTextEncryption: (use: boolean) => recordCall('safeStorage.setUsePlainTextEncryption', use),
  encryptString: encrypt,
  encryptStringAsync: (text: string) => Promise.resolve(encrypt(text)),
  decryptString: decrypt,
  decryptStringAsync: (encrypted: Buffer) => Promise.resolve({ result: decrypt(encrypted), shouldReEncrypt: false }),
} satisfies Electron.SafeStorage);
