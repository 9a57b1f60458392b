import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runToEnd } from '../processes/finished-process.ts';
import { say } from '../set-up/plain-line.ts';
import { inRepository } from '../set-up/repository.ts';
import { runCommand, SetUpError } from '../set-up/set-up-error.ts';
import { BUNDLED_PROGRAMS, layOutBundle } from './lay-out-bundle.ts';

/** `npm run bundle`: the central service and the gateway as packages of npm in dist/, to be installed with `npm install --global`. */
async function main(): Promise<number> {
  const target = inRepository('dist');
  mkdirSync(target, { recursive: true });
  for (const program of BUNDLED_PROGRAMS) {
    const folder = mkdtempSync(join(tmpdir(), 'mavis-bundle-'));
    try {
      layOutBundle(program, folder);
      const ended = await runToEnd('npm', ['pack', '--silent', '--pack-destination', target], { cwd: folder });
      if (ended.code !== 0) throw new SetUpError(`the ${program} could not be packed:\n${ended.errors}`, 'repair what the lines above name');
      say('Bundle', join(target, ended.output.trim()));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return 0;
}

await runCommand(main);
