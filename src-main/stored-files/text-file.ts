import { rename, rm, writeFile } from 'node:fs/promises';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** Writes a text to a path that the user chose: the file appears whole or not at all, and for this account alone. Throws `client.file-not-written`. */
export async function saveTextFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.part`;
  try {
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new MavisError('client.file-not-written', { reason: error instanceof Error && 'code' in error ? String(error.code) : '' }, { cause: error });
  }
}
