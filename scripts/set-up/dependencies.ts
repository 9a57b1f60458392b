import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../processes/finished-process.ts';
import { packagesThatDiffer } from './lock-file.ts';
import { npmCommand } from './node-runtime.mjs';
import { say, tookSince } from './plain-line.ts';
import { withLock } from '../processes/process-lock.ts';
import { inRepository, toolsFolder } from './repository.ts';
import { SetUpError } from './set-up-error.ts';

/**
 * Installs the packages of package-lock.json with `npm ci` where something else is installed. No package needs its
 * install script: ssh2's native addon is optional, Electron's binary has a step of its own.
 */
export async function setUpDependencies(): Promise<void> {
  if (differences().length === 0) return;
  await withLock(join(toolsFolder, 'dependencies.lock'), async () => {
    const differing = differences();
    if (differing.length === 0) return;
    await install(differing.length);
  });
}

async function install(count: number): Promise<void> {
  const startedAt = Date.now();
  const npm = npmCommand();
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const ended = await runToEnd(npm.command, [...npm.prefix, ...options], { cwd: inRepository(), shell: npm.shell });
  if (ended.code !== 0) {
    throw new SetUpError(
      `npm ci could not install the packages:\n${(ended.errors || ended.output).trim()}`,
      'check that npm reaches its registry (npm ping), then run the same command again',
    );
  }
  say('Packages', `npm ci installed what package-lock.json names; ${count} were missing or of another version (${tookSince(startedAt)}).`);
}

function differences(): string[] {
  return packagesThatDiffer(readJson(inRepository('package-lock.json')), readJson(inRepository('node_modules', '.package-lock.json')));
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
