import { createHash } from 'node:crypto';
import { gatewaysRoutes } from '../../shared/api/gateways.ts';
import type { SignedGatewayConfiguration } from '../../shared/gateway-configuration.ts';
import { installCommandWith } from '../../shared/gateway-installation.ts';
import { gatewayKeyFingerprintText, parseGatewayKeyLine } from '../../shared/gateway-key.ts';
import type { GatewayId } from '../../shared/ids.ts';
import type { ServiceClient } from '../service-client/service-client.ts';
import { saveTextFile } from '../stored-files/text-file.ts';

/** What an administrator needs at the gateway's machine (S36). */
export interface GatewayInstallation {
  /** Of the service's signing key, to compare with what `mavis-gateway init` prints (rule 15). */
  readonly serviceFingerprint: string;
  /** One line for a shell that brings the configuration file with it, makes the keys and starts the gateway. */
  readonly command: string;
  readonly fileName: string;
}

/** What a pasted line or the whole output of `mavis-gateway init` says. */
export interface PastedKey {
  /** The public-key line alone; null where there is none. */
  readonly line: string | null;
  /** The fingerprint of the two keys in the line, computed here. */
  readonly fingerprint: string | null;
  /** The gateway's name in the line. */
  readonly name: string | null;
  /** The fingerprint that `init` itself printed, where it was pasted too. */
  readonly printed: string | null;
}

/** Fetches a gateway's configuration file and says how to install it. */
export async function gatewayInstallation(client: Pick<ServiceClient, 'call'>, gatewayId: GatewayId): Promise<GatewayInstallation> {
  const file = await client.call(gatewaysRoutes.gatewayConfigurationFile, { params: { gatewayId }, query: {}, body: {} });
  return { serviceFingerprint: fingerprintOf(Buffer.from(file.signingKey, 'base64url')), command: installCommand(file), fileName: configurationFileName(file) };
}

/** Writes a gateway's configuration file to a path that the user chose; a file that was there is replaced only by a whole one. */
export async function saveConfigurationFile(client: Pick<ServiceClient, 'call'>, gatewayId: GatewayId, askPath: (suggestedName: string) => Promise<string | undefined>): Promise<boolean> {
  const file = await client.call(gatewaysRoutes.gatewayConfigurationFile, { params: { gatewayId }, query: {}, body: {} });
  const path = await askPath(configurationFileName(file));
  if (path === undefined) return false;
  await saveTextFile(path, configurationText(file));
  return true;
}

/** The one line, with the file in it. */
export function installCommand(file: SignedGatewayConfiguration): string {
  return installCommandWith(Buffer.from(configurationText(file), 'utf8').toString('base64'));
}

/** Finds the public-key line and the printed fingerprint in what was pasted: the line alone, or all that `init` printed. */
export function readPastedKey(text: string): PastedKey {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const printed = lines.map((line) => /^(?:gateway fingerprint )?(SHA256:[A-Za-z0-9+/]{43})$/.exec(line)?.[1]).find((found) => found !== undefined) ?? null;
  for (const line of lines) {
    if (!line.startsWith('mavis-gateway-key-1 ')) continue;
    try {
      const { name, ...keys } = parseGatewayKeyLine(line);
      return { line, fingerprint: fingerprintOf(Buffer.from(gatewayKeyFingerprintText(keys), 'utf8')), name, printed };
    } catch {
      // Cut off or changed: as good as none; the page says what is wanted.
    }
  }
  return { line: null, fingerprint: null, name: null, printed };
}

function configurationText(file: SignedGatewayConfiguration): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** A name of letters that every system takes, from the gateway's own. */
function configurationFileName(file: SignedGatewayConfiguration): string {
  const name: unknown = Object(JSON.parse(file.configuration)).name;
  const plain = typeof name === 'string' ? name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, '').slice(0, 60) : '';
  return `${plain === '' ? 'gateway' : plain}.mavis-gateway.json`;
}

function fingerprintOf(bytes: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`;
}
