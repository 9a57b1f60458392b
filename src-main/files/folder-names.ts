import { readdir } from 'node:fs/promises';
import { errorCode } from './local-errors.ts';

/** The names in a folder of this computer; none where there is no such folder, nor where the system refuses, which is told. */
export async function namesIn(folder: string, refused: (error: unknown) => void): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') refused(error);
    return [];
  }
}
