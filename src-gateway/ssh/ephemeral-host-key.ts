import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';
import { hostKeyFingerprintOf } from './host-key.ts';

/** The key that the gateway's SSH server shows in one session; its fingerprint reaches the client over the pinned stream. */
export interface EphemeralHostKey {
  /** ECDSA P-256, PEM (SEC 1). */
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

/** Made by Node, not by ssh2, whose Ed25519 keys are unreadable to itself one time in 250 (1.17.0). */
export function makeHostKey(): EphemeralHostKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  const parsed = ssh2.utils.parseKey(pem);
  if (parsed instanceof Error) throw parsed;
  return { privateKey: pem, fingerprint: hostKeyFingerprintOf(parsed.getPublicSSH()) };
}
