import { z } from 'zod';

/**
 * The line that `mavis-gateway init` prints and the administrator pastes (rule 15): both public keys of a gateway, as
 * `mavis-gateway-key-1 <tls> <signing> <name>`; each key is a SubjectPublicKeyInfo in DER, base64url without padding.
 */
export const gatewayKeyLine = z
  .string()
  .trim()
  .max(1000)
  .regex(/^mavis-gateway-key-1 [A-Za-z0-9_-]{80,400} [A-Za-z0-9_-]{40,200} \S{1,100}$/);

/** Both public keys of a gateway: SubjectPublicKeyInfo in DER, base64url, of the TLS key (ECDSA P-256) and of the signing key (Ed25519). */
export const gatewayPublicKeys = z.object({ tls: z.string().regex(/^[A-Za-z0-9_-]{80,400}$/), signing: z.string().regex(/^[A-Za-z0-9_-]{40,200}$/) });
export type GatewayPublicKeys = Readonly<z.infer<typeof gatewayPublicKeys>>;

/** Reads a pasted line; throws a ZodError where it is not of the form. */
export function parseGatewayKeyLine(line: string): GatewayPublicKeys & { name: string } {
  const [, tls = '', signing = '', name = ''] = gatewayKeyLine.parse(line).split(' ');
  return { tls, signing, name };
}

/** Writes the line that `parseGatewayKeyLine` reads. */
export function formatGatewayKeyLine(keys: GatewayPublicKeys, name: string): string {
  return gatewayKeyLine.parse(`mavis-gateway-key-1 ${keys.tls} ${keys.signing} ${name}`);
}

/** What the one fingerprint of both keys is the SHA-256 of; shown as `SHA256:` and base64 without padding. */
export function gatewayKeyFingerprintText(keys: GatewayPublicKeys): string {
  return `mavis-gateway-key-1\n${keys.tls}\n${keys.signing}`;
}
