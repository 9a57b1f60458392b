import { existsSync } from 'node:fs';
import { runInForeground } from '../processes/foreground-process.ts';
import { inRepository } from '../set-up/repository.ts';
import { runCommand, SetUpError } from '../set-up/set-up-error.ts';
import { setUpMachine } from '../set-up/set-up.ts';

/** Runs test/tour/main.ts on a machine that is set up, with a display. */
async function main(): Promise<number> {
  const file = inRepository('test', 'tour', 'main.ts');
  if (!existsSync(file)) throw new SetUpError('there is no test/tour/main.ts', 'check the repository out as a whole');
  const machine = await setUpMachine('start');
  try {
    return await runInForeground(file, process.argv.slice(2));
  } finally {
    await machine.stop();
  }
}

await runCommand(main);
