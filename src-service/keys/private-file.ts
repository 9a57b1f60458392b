import { randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';

/**
 * Gives what the private file (0600) at `path` holds, made by `make` where there is none. The file appears whole, on disk
 * before its name, so that a crash never leaves half a key; of two processes that start at once one makes it.
 */
export async function readOrMakePrivateFile(path: string, make: () => string | Promise<string>): Promise<{ text: string; made: boolean }> {
  const there = await readIfThere(path);
  if (there !== undefined) return { text: there, made: false };
  const text = await make();
  const draft = `${path}.${randomUUID()}`;
  await writePrivateFile(draft, text);
  try {
    await link(draft, path);
    return { text, made: true };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    return { text: await readFile(path, 'utf8'), made: false };
  } finally {
    await rm(draft, { force: true });
  }
}

/** Writes a new file that only its owner may read, and waits until it is on the disk. Throws where there is one already. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
