import { setUpBuild } from '../set-up/build.ts';
import { setUpDependencies } from '../set-up/dependencies.ts';
import { say } from '../set-up/plain-line.ts';
import { runCommand } from '../set-up/set-up-error.ts';
import { packagingPlan, parsePackagingOptions } from './packaging-plan.ts';

/** `npm run package -- [--linux] [--win] [--mac] [--dir] [--release]`: builds the client's packages into dist/ (docs/packages.md). */
async function main(): Promise<number> {
  const plan = packagingPlan(parsePackagingOptions(process.argv.slice(2), process.platform), process.env);
  await setUpDependencies();
  await setUpBuild();
  const { buildPackages } = await import('./build-packages.ts');
  for (const file of await buildPackages(plan)) say('Package', file);
  return 0;
}

await runCommand(main);
