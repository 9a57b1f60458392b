import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import type { UpdateFile } from '../../shared/updates/update-manifest.ts';

/**
 * Whether a file is the one that a manifest names, by its size and SHA-512, read anew from the disk; `copyTo` is handed its bytes as they
 * are hashed, so that what is used is what was verified. A link is not followed; a file that cannot be opened is not the one.
 */
export async function isVerified(path: string, { sizeBytes, sha512 }: Pick<UpdateFile, 'sizeBytes' | 'sha512'>, copyTo?: (piece: Uint8Array) => Promise<void>): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    // Not there, not ours to read, or a link: whatever it is, it is fetched again.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size !== sizeBytes) return false;
    const hash = createHash('sha512');
    let bytes = 0;
    for await (const piece of file.createReadStream({ autoClose: false })) {
      if (!(piece instanceof Uint8Array)) return false;
      bytes += piece.length;
      if (bytes > sizeBytes) return false;
      hash.update(piece);
      await copyTo?.(piece);
    }
    return bytes === sizeBytes && hash.digest('base64') === sha512;
  } finally {
    await file.close();
  }
}
