import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { gatewayKeyFingerprintText, parseGatewayKeyLine, type GatewayPublicKeys } from '../../shared/gateway-key.ts';
import { spkiPin } from '../link/link-identity.ts';
import type { gateways } from '../store/schema.ts';

/** Signing keys of before that are kept, the newest: more rotations than a gateway sees in its life. */
const MAX_FORMER_SIGNING_KEYS = 100;

type KeyColumns = Pick<typeof gateways.$inferSelect, 'tlsKey' | 'signingKey' | 'nextTlsKey' | 'nextSigningKey' | 'formerSigningKeys'>;

/** The one fingerprint of a gateway's two keys, as page and command line show it (rule 15): `SHA256:` and base64 without padding. */
export function keyFingerprint(keys: GatewayPublicKeys): string {
  return `SHA256:${createHash('sha256').update(gatewayKeyFingerprintText(keys)).digest('base64').replace(/=+$/, '')}`;
}

/** Reads a pasted line and checks that the keys are what they must be: ECDSA P-256 for TLS, Ed25519 for signing. Throws `gateway.key-invalid`. */
export function readKeyLine(line: string): GatewayPublicKeys {
  try {
    return checkedKeys(parseGatewayKeyLine(line));
  } catch (cause) {
    throw new MavisError('gateway.key-invalid', {}, { cause });
  }
}

/** Both keys, where they are of their kinds. Throws `gateway.key-invalid`. */
export function checkedKeys({ tls, signing }: GatewayPublicKeys): GatewayPublicKeys {
  try {
    if (publicKeyOf(tls).asymmetricKeyDetails?.namedCurve !== 'prime256v1' || publicKeyOf(signing).asymmetricKeyType !== 'ed25519') throw new Error('keys of another kind');
    return { tls, signing };
  } catch (cause) {
    throw new MavisError('gateway.key-invalid', {}, { cause });
  }
}

/** A key from its SubjectPublicKeyInfo in base64url. */
export function publicKeyOf(spki: string): KeyObject {
  return createPublicKey({ key: Buffer.from(spki, 'base64url'), format: 'der', type: 'spki' });
}

/** The keys that a gateway goes by; null where none are entered. */
export function presentKeysOf({ tlsKey, signingKey }: Pick<KeyColumns, 'tlsKey' | 'signingKey'>): GatewayPublicKeys | null {
  return tlsKey === null || signingKey === null ? null : { tls: tlsKey, signing: signingKey };
}

/** The keys that a gateway has announced (rule 15); null where it has not. */
export function nextKeysOf({ nextTlsKey, nextSigningKey }: Pick<KeyColumns, 'nextTlsKey' | 'nextSigningKey'>): GatewayPublicKeys | null {
  return nextTlsKey === null || nextSigningKey === null ? null : { tls: nextTlsKey, signing: nextSigningKey };
}

/** The signing keys of before, when the present one becomes one of them. */
export function formerSigningKeys({ signingKey, formerSigningKeys: former }: Pick<KeyColumns, 'signingKey' | 'formerSigningKeys'>): string[] {
  return (signingKey === null ? former : [signingKey, ...former]).slice(0, MAX_FORMER_SIGNING_KEYS);
}

/** Every key by which a gateway may have sealed a recording. */
export function sealingKeysOf({ signingKey, nextSigningKey, formerSigningKeys: former }: KeyColumns): string[] {
  return [signingKey, nextSigningKey, ...former].filter((key) => key !== null);
}

/** The pins of TLS keys that are SubjectPublicKeyInfo in base64url; those not there are left out. */
export function pinsOf(keys: readonly (string | null)[]): string[] {
  return keys.filter((key) => key !== null).map((key) => spkiPin(Buffer.from(key, 'base64url')));
}
