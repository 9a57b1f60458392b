import { formatGatewayKeyLine } from '../../shared/gateway-key.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { readConfigurationFile } from '../configuration/configuration-file.ts';
import { ensureDataFolder } from '../configuration/data-folder.ts';
import { writeFileSafely } from '../configuration/safe-file.ts';
import { gatewayFingerprint } from '../keys/fingerprint.ts';
import { ensureGatewayKeys } from '../keys/gateway-keys.ts';
import type { Console } from './console.ts';

/**
 * `mavis-gateway init --config FILE --data DIR` (S36, S38): verifies the file, keeps it, makes the keys where there are none, and
 * prints the service's fingerprint to compare and, alone on the last line, the public-key line to paste. Running it again with
 * a newer file of the same gateway replaces the configuration and keeps the keys. Throws `gateway.configuration-invalid`.
 */
export async function initGateway(configPath: string, dataPath: string, now: Date, console: Console): Promise<void> {
  const { configuration, serviceFingerprint, text } = await readConfigurationFile(configPath);
  const data = await ensureDataFolder(dataPath);
  const before = await presentGateway(data.configuration);
  if (before !== null && before !== configuration.gatewayId) throw new MavisError('gateway.configuration-invalid', { field: 'gatewayId' });
  const { keys, made } = await ensureGatewayKeys(data.keys, now);
  await writeFileSafely(data.configuration, text);
  console.line(`gateway ${configuration.name}${configuration.segment === null ? '' : `, segment ${configuration.segment}`}: link port ${configuration.listen.linkPort}, proxy ports ${configuration.listen.proxyPorts.join(', ')}`);
  console.line(`service fingerprint ${serviceFingerprint}: compare it with the gateway management page before you go on`);
  console.line(made ? `keys made in ${data.keys}` : `keys were there already in ${data.keys}`);
  console.line(`gateway fingerprint ${gatewayFingerprint(keys.publicKeys)}`);
  console.line('public key, to enter on the gateway management page:');
  console.line(formatGatewayKeyLine(keys.publicKeys, configuration.name));
}

async function presentGateway(path: string): Promise<string | null> {
  try {
    return (await readConfigurationFile(path)).configuration.gatewayId;
  } catch (error) {
    // None yet, or one that no longer verifies: the new file, which does, replaces it.
    if (error instanceof MavisError) return null;
    throw error;
  }
}
