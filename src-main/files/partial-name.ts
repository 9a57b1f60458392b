import { createHash } from 'node:crypto';
import { cutToBytes } from '../../shared/files/safe-local-name.ts';

/** What stands around a name in that of its part, and some room: file systems take 255 bytes. */
const MOST_NAME_BYTES = 215;

/**
 * The name of a file that is not whole yet. It holds of which file it is a part (size and time of change, and the whole name where
 * it is too long to stand in it), so that a transfer goes on only with a part of the same file, also after a lost connection or a
 * new start. At most 40 bytes longer than the name, and never longer than file systems take.
 */
export function partialName(name: string, { size, modifiedAtSeconds }: { readonly size: number; readonly modifiedAtSeconds: number }): string {
  const begin = cutToBytes(name, MOST_NAME_BYTES);
  const mark = createHash('sha256').update(`${size} ${modifiedAtSeconds}${begin === name ? '' : ` ${name}`}`).digest('hex').slice(0, 12);
  return `.${begin}.${mark}.mavis-part`;
}

/** Whether a name is that of a part. */
export function isPartialName(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.mavis-part$/s.test(name);
}
