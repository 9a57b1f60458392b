import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../processes/finished-process.ts';
import { say, tookSince } from './plain-line.ts';
import { withLock } from '../processes/process-lock.ts';
import { inRepository, repositoryFolder, toolsFolder } from './repository.ts';
import { SetUpError } from './set-up-error.ts';
import { digestOfSources } from './source-digest.ts';

/** Everything that the built app depends on. */
const sources = ['src-main', 'src-renderer', 'shared', 'assets', 'electron.vite.config.ts', 'tsconfig.base.json', 'package.json', 'package-lock.json'];

const stamp = inRepository('out', '.built-from');

/** Builds the app into out/ where its sources changed since the last build. */
export async function setUpBuild(): Promise<void> {
  if (isBuilt(digestOfSources(repositoryFolder, sources))) return;
  await withLock(join(toolsFolder, 'build.lock'), async () => {
    const digest = digestOfSources(repositoryFolder, sources);
    if (!isBuilt(digest)) await build(digest);
  });
}

function isBuilt(digest: string): boolean {
  return existsSync(inRepository('out', 'main', 'main.js')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
}

async function build(digest: string): Promise<void> {
  const startedAt = Date.now();
  rmSync(stamp, { force: true });
  const tool = inRepository('node_modules', 'electron-vite', 'bin', 'electron-vite.js');
  const ended = await runToEnd(process.execPath, [tool, 'build'], { cwd: repositoryFolder, env: { ...process.env, NO_COLOR: '1' } });
  if (ended.code !== 0) {
    throw new SetUpError(`the app could not be built:\n${ended.output}${ended.errors}`, 'repair what the lines above name; npm run build repeats the build alone');
  }
  mkdirSync(inRepository('out'), { recursive: true });
  writeFileSync(stamp, digest);
  say('Build', `built the app into out/ (${tookSince(startedAt)}).`);
}
