import { createPublicKey, verify } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type GatewayConfiguration, gatewayConfiguration, signedGatewayConfiguration } from '../../shared/gateway-configuration.ts';
import { shownFingerprint } from '../keys/fingerprint.ts';

/** The schema bounds the text at 64 KiB; escapes can double it. */
const MAX_FILE_BYTES = 256 * 1024;

/** A configuration whose signature holds. */
export interface VerifiedConfiguration {
  readonly configuration: GatewayConfiguration;
  /** The service's signing key as people compare it with the management page (rule 15). */
  readonly serviceFingerprint: string;
  /** The file as it was read, to keep. */
  readonly text: string;
}

/** Reads and verifies a configuration file. Throws `gateway.configuration-invalid` with the field at fault. */
export async function readConfigurationFile(path: string): Promise<VerifiedConfiguration> {
  let text: string;
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES) throw new MavisError('gateway.configuration-invalid', { field: 'file' });
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof MavisError) throw error;
    throw new MavisError('gateway.configuration-invalid', { field: 'file' }, { cause: error });
  }
  return verifyConfiguration(text);
}

/**
 * Verifies a configuration: its Ed25519 signature over exactly the text that is then parsed, by a key that the configuration
 * itself lists. That the key is the service's is what the person who compares the fingerprint proves.
 */
export function verifyConfiguration(text: string): VerifiedConfiguration {
  const signed = parsed(signedGatewayConfiguration, text, 'file');
  const key = Buffer.from(signed.signingKey, 'base64url');
  if (!signatureHolds(key, signed.configuration, signed.signature)) throw new MavisError('gateway.configuration-invalid', { field: 'signature' });
  const configuration = parsed(gatewayConfiguration, signed.configuration, 'configuration');
  if (!configuration.service.signingKeys.includes(signed.signingKey)) throw new MavisError('gateway.configuration-invalid', { field: 'signingKey' });
  return { configuration, serviceFingerprint: shownFingerprint(key), text };
}

/** Whether an Ed25519 signature (base64url) of a text holds under a SubjectPublicKeyInfo in DER; false for a key that is none. */
export function signatureHolds(spki: Uint8Array, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

function parsed<T extends z.ZodType>(schema: T, text: string, whole: string): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MavisError('gateway.configuration-invalid', { field: whole }, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new MavisError('gateway.configuration-invalid', { field: result.error.issues[0]?.path.join('.') || whole }, { cause: result.error });
}
