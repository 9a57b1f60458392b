import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { localError } from './local-errors.ts';

/** Opens a file of this computer to read it, and looks at it; a link is not followed. Throws `files.*`. */
export async function openSource(path: string): Promise<{ readonly file: FileHandle; readonly stands: Stats }> {
  try {
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    const stands = await file.stat();
    if (stands.isFile()) return { file, stands };
    await file.close();
  } catch (error) {
    throw localError(error);
  }
  throw new MavisError('files.local-failed', { reason: 'no file' });
}
