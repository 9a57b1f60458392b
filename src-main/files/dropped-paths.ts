import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { localError } from './local-errors.ts';

/** Which of these paths, links resolved, do not lie in a folder. Rejects with `files.local-missing` where one is not there. */
export async function pathsOutside(folder: string, paths: readonly string[]): Promise<readonly string[]> {
  try {
    const root = await realpath(folder);
    const within = root.endsWith(sep) ? root : root + sep;
    const outside: string[] = [];
    for (const path of paths) if (!(await realpath(path)).startsWith(within)) outside.push(path);
    return outside;
  } catch (error) {
    throw localError(error);
  }
}
