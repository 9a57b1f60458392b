import { existsSync, readdirSync } from 'node:fs';
import { runInForeground } from '../processes/foreground-process.ts';
import { inRepository } from '../set-up/repository.ts';
import { runCommand } from '../set-up/set-up-error.ts';
import { setUpMachine } from '../set-up/set-up.ts';

/** Runs test/bench/NAME.ts on a machine that is set up; without a name, lists what there is. */
async function main(): Promise<number> {
  const [name, ...parameters] = process.argv.slice(2);
  const known = benchmarks();
  if (name === undefined) {
    console.log(known.length === 0 ? 'There is no benchmark in test/bench/ yet.' : `npm run bench -- NAME, where NAME is: ${known.join(', ')}`);
    return 0;
  }
  if (!known.includes(name)) {
    console.error(`There is no benchmark "${name}". There are: ${known.join(', ') || 'none yet'}.`);
    return 1;
  }
  const machine = await setUpMachine('test');
  try {
    return await runInForeground(inRepository('test', 'bench', `${name}.ts`), parameters);
  } finally {
    await machine.stop();
  }
}

function benchmarks(): string[] {
  const folder = inRepository('test', 'bench');
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  return files.map((entry) => entry.name.slice(0, -'.ts'.length)).toSorted();
}

await runCommand(main);
