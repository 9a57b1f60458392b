import { createHash, createPublicKey } from 'node:crypto';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { gatewayKeyFingerprintText, parseGatewayKeyLine, type GatewayPublicKeys } from '../../shared/gateway-key.ts';
import { spkiPin } from '../link/link-identity.ts';

/** The one fingerprint of a gateway's two keys, as page and command line show it (rule 15): `SHA256:` and base64 without padding. */
export function keyFingerprint(keys: GatewayPublicKeys): string {
  return `SHA256:${createHash('sha256').update(gatewayKeyFingerprintText(keys)).digest('base64').replace(/=+$/, '')}`;
}

/** Reads a pasted line and checks that the keys are what they must be: ECDSA P-256 for TLS, Ed25519 for signing. Throws `gateway.key-invalid`. */
export function readKeyLine(line: string): GatewayPublicKeys {
  try {
    const keys = parseGatewayKeyLine(line);
    const tls = createPublicKey({ key: Buffer.from(keys.tls, 'base64url'), format: 'der', type: 'spki' });
    const signing = createPublicKey({ key: Buffer.from(keys.signing, 'base64url'), format: 'der', type: 'spki' });
    if (tls.asymmetricKeyDetails?.namedCurve !== 'prime256v1' || signing.asymmetricKeyType !== 'ed25519') throw new Error('keys of another kind');
    return { tls: keys.tls, signing: keys.signing };
  } catch (cause) {
    throw new MavisError('gateway.key-invalid', {}, { cause });
  }
}

/** The pins of TLS keys that are SubjectPublicKeyInfo in base64url; those not there are left out. */
export function pinsOf(keys: readonly (string | null)[]): string[] {
  return keys.filter((key) => key !== null).map((key) => spkiPin(Buffer.from(key, 'base64url')));
}
