import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const repositoryFolder = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** What set-up keeps for itself: the installed Node, what was tried and failed, locks. Never committed. */
export const toolsFolder = join(repositoryFolder, '.tools');

/** Path of something in the repository. */
export function inRepository(...parts: string[]): string {
  return join(repositoryFolder, ...parts);
}
