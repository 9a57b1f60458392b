import { lstat } from 'node:fs/promises';

/** Throws where a folder is not this account's own, or is open to others: whoever else can write there could put a socket of his own in its place. */
export async function assertOwnFolder(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) throw new Error(`${folder} is not a folder of this account alone`);
}
