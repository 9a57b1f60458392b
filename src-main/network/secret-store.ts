import { MavisError } from '../../shared/errors/mavis-error.ts';

/** As much of Electron's `safeStorage` as we use. */
export interface SafeStorage {
  isEncryptionAvailable(): boolean;
  getSelectedStorageBackend(): string;
  encryptString(text: string): Buffer;
  decryptString(encrypted: Buffer): string;
}

/** Keeps texts that only this account on this computer can read back. */
export interface SecretStore {
  /** Whether the system offers a safe place. */
  readonly available: boolean;
  /** The text, sealed, as base64. Throws `client.secret-store-unavailable`. */
  seal(text: string): string;
  /** The text again; throws `client.secret-store-unavailable` also where it was sealed by another account or key. */
  open(sealed: string): string;
}

/** Without a keyring, Electron on Linux encrypts with a key that stands in its own source code: that is no secret. */
const NO_SECRET: ReadonlySet<string> = new Set(['basic_text', 'unknown']);

/** The system's secret store (Keychain, DPAPI, a keyring), where it is one. */
export function systemSecretStore(safeStorage: SafeStorage, platform: NodeJS.Platform): SecretStore {
  const available = (): boolean => safeStorage.isEncryptionAvailable() && (platform !== 'linux' || !NO_SECRET.has(safeStorage.getSelectedStorageBackend()));
  const guarded = <T>(work: () => T): T => {
    if (!available()) throw new MavisError('client.secret-store-unavailable');
    try {
      return work();
    } catch (error) {
      throw new MavisError('client.secret-store-unavailable', {}, { cause: error });
    }
  };
  return {
    get available() {
      return available();
    },
    seal: (text) => guarded(() => safeStorage.encryptString(text).toString('base64')),
    open: (sealed) => guarded(() => safeStorage.decryptString(Buffer.from(sealed, 'base64'))),
  };
}
