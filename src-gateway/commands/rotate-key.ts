import { formatGatewayKeyLine } from '../../shared/gateway-key.ts';
import { readConfigurationFile } from '../configuration/configuration-file.ts';
import { dataFolderPaths } from '../configuration/data-folder.ts';
import { gatewayFingerprint } from '../keys/fingerprint.ts';
import { askSwitch, makeNextKeys } from '../keys/keys-in-use.ts';
import type { Console } from './console.ts';

/**
 * `mavis-gateway rotate-key` (rule 15): makes the keys to come, which the running gateway announces with its next status; with
 * `--switch` has it go by them, once the service has said that it knows them. Throws `gateway.no-next-key`,
 * `gateway.key-not-announced`, `gateway.configuration-invalid`.
 */
export async function rotateKey(dataPath: string, now: Date, switching: boolean, console: Console): Promise<void> {
  const data = dataFolderPaths(dataPath);
  const { configuration } = await readConfigurationFile(data.configuration);
  if (switching) {
    await askSwitch(data.keys, configuration.name);
    console.line('the running gateway goes by its new key within 15 seconds; a stopped one does so when it starts');
    return;
  }
  const { publicKeys } = await makeNextKeys(data.keys, now);
  console.line('the gateway announces its next key to the service within 15 seconds of running; the present one goes on until the switch');
  console.line(`next fingerprint ${gatewayFingerprint(publicKeys)}: compare it with the gateway management page before you switch`);
  console.line(formatGatewayKeyLine(publicKeys, configuration.name));
}
