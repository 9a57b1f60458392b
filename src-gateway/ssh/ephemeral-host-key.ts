import ssh2 from 'ssh2';
import { hostKeyFingerprintOf } from './host-key.ts';

/** The key that the gateway's SSH server shows in one session; its fingerprint reaches the client over the pinned stream. */
export interface EphemeralHostKey {
  readonly privateKey: string;
  readonly fingerprint: string;
}

/** Gives each session a host key of its own, made before it is asked for. */
export class EphemeralHostKeys {
  #ready: EphemeralHostKey | undefined;

  take(): EphemeralHostKey {
    const key = this.#ready ?? makeHostKey();
    this.#ready = undefined;
    setImmediate(() => (this.#ready ??= makeHostKey()));
    return key;
  }
}

function makeHostKey(): EphemeralHostKey {
  const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519');
  return { privateKey, fingerprint: hostKeyFingerprintOf(Buffer.from(publicKey.split(' ')[1] ?? '', 'base64')) };
}
