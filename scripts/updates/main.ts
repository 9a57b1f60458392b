import { say } from '../set-up/plain-line.ts';
import { runCommand } from '../set-up/set-up-error.ts';
import { parseSigningOptions, signUpdate } from './sign-update.ts';

/** `npm run sign-update -- FOLDER [--channel stable|beta] [--days 30] [--rollout 100] [--notes FILE]`: writes `CHANNEL.json` beside the packages (docs/packages.md). */
async function main(): Promise<number> {
  const { file, manifest } = await signUpdate(parseSigningOptions(process.argv.slice(2)), process.env, Date.now());
  say('Update', `${file}: ${manifest.version} on ${manifest.channel} for ${String(manifest.rolloutPercent)} % of the computers, until ${manifest.expiresAt}`);
  return 0;
}

await runCommand(main);
