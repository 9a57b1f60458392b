import { spawn } from 'node:child_process';
import { repositoryFolder } from '../set-up/repository.ts';

/** Runs a file of this repository in the foreground, passes signals on, and gives the code that it ended with. */
export async function runInForeground(file: string, parameters: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [file, ...parameters], { cwd: repositoryFolder, stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals): boolean => child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    process.off('SIGINT', pass).off('SIGTERM', pass);
  }
}
