import { createHash } from 'node:crypto';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';

/** The fingerprint of a host key as `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
export function hostKeyFingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The kind of a host key in its wire form (RFC 4253 section 6.6), such as `ssh-ed25519`; empty where it is none. */
export function hostKeyKindOf(key: Uint8Array): string {
  const bytes = Buffer.from(key);
  if (bytes.length < 4) return '';
  const length = bytes.readUInt32BE(0);
  const kind = length <= 64 && bytes.length >= 4 + length ? bytes.toString('latin1', 4, 4 + length) : '';
  return /^[a-z0-9@.-]+$/.test(kind) ? kind : '';
}

/**
 * Why the key is not accepted (rule 14), or undefined where it is. An unknown key is accepted only where the rule trusts the
 * first one seen and the user signs on with own credentials: a stored credential never goes to a server that nobody confirmed.
 */
export function hostKeyObjection(fingerprint: string, grant: Pick<TargetGrant, 'target' | 'credential'>): MavisError | undefined {
  const { identities, firstUseTrust } = grant.target;
  if (identities.includes(fingerprint)) return undefined;
  if (identities.length > 0) return new MavisError('target.identity-changed', { expected: identities.join(' '), seen: fingerprint });
  if (firstUseTrust && grant.credential.kind === 'ask-user') return undefined;
  return new MavisError('target.identity-unknown', { fingerprint });
}
