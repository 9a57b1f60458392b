import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { z } from 'zod';

const repository = resolve(import.meta.dirname, '../..');
/** The `electron` package's own answer to where its executable is; it honours the stand-in's variable. */
const executable = z.string().parse(createRequire(import.meta.url)('electron'));

/** Starts the app a second time on the same folder, as the system does for a link; resolves once that start has ended. */
export async function startAgain(userData: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number | null> {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const second = spawn(executable, [...asRoot, repository, `--user-data-dir=${userData}`, ...words], { env: { ...process.env, ELECTRON_STANDIN_NODE: process.execPath, ...env }, stdio: 'ignore' });
  const [code] = z.tuple([z.number().nullable(), z.unknown()]).parse(await once(second, 'exit'));
  return code;
}
