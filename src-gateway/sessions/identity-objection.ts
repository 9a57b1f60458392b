import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';

/**
 * Why the key or certificate with this fingerprint is not accepted (rule 14), or undefined where it is. An unknown one is accepted only where the rule trusts the
 * first one seen and the user signs on with own credentials: a stored credential never goes to a server that nobody confirmed.
 */
export function identityObjection(fingerprint: string, grant: Pick<TargetGrant, 'target' | 'credential'>): MavisError | undefined {
  const { identities, firstUseTrust } = grant.target;
  if (identities.includes(fingerprint)) return undefined;
  if (identities.length > 0) return new MavisError('target.identity-changed', { expected: identities.join(' '), seen: fingerprint });
  if (firstUseTrust && grant.credential.kind === 'ask-user') return undefined;
  return new MavisError('target.identity-unknown', { fingerprint });
}
