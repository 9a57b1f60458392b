import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SignedGatewayConfiguration } from '../../shared/gateway-configuration.ts';
import { runToEnd } from '../processes/finished-process.ts';
import { inRepository } from '../set-up/repository.ts';
import { SetUpError } from '../set-up/set-up-error.ts';

/** It takes a second; a machine with much else to do takes its time, and is not helped by giving up. */
const INSTALL_LIMIT_MS = 120_000;

/** Does on this machine what an administrator does on a gateway's: brings the file, runs `init`, reads the printed line. */
export async function installGateway(folder: string, configuration: SignedGatewayConfiguration): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'office1.configuration.json');
  writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 });
  const ended = await runToEnd(process.execPath, [inRepository('src-gateway', 'main.ts'), 'init', '--config', file, '--data', folder], { limitMs: INSTALL_LIMIT_MS });
  const line = ended.output.trimEnd().split('\n').at(-1) ?? '';
  if (ended.code !== 0 || !line.startsWith('mavis-gateway-key-1 ')) {
    throw new SetUpError(`the gateway could not be installed:\n${ended.errors || ended.output}`, `delete ${folder} and start again`);
  }
  return line;
}
