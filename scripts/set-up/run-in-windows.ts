import { existsSync } from 'node:fs';
import { runInForeground } from '../processes/foreground-process.ts';
import { inRepository } from './repository.ts';
import { SetUpError } from './set-up-error.ts';
import { setUpMachine } from './set-up.ts';

/** Runs a folder's main.ts under test/ with this command line's words, on a machine that is set up, with a display; gives its exit code. */
export async function runInWindows(folder: 'demo' | 'tour'): Promise<number> {
  const file = inRepository('test', folder, 'main.ts');
  if (!existsSync(file)) throw new SetUpError(`there is no test/${folder}/main.ts`, 'check the repository out as a whole');
  const machine = await setUpMachine('start');
  try {
    return await runInForeground(file, process.argv.slice(2));
  } finally {
    await machine.stop();
  }
}
