import { createHash } from 'node:crypto';

/**
 * The name of a file that is not whole yet. It holds of which file it is a part (size and time of change), so that a transfer
 * goes on only with a part of the same file, also after a lost connection or a new start. At most 40 bytes longer than the name.
 */
export function partialName(name: string, { size, modifiedAtSeconds }: { readonly size: number; readonly modifiedAtSeconds: number }): string {
  const mark = createHash('sha256').update(`${size} ${modifiedAtSeconds}`).digest('hex').slice(0, 12);
  return `.${name}.${mark}.mavis-part`;
}

/** Whether a name is that of a part. */
export function isPartialName(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.mavis-part$/s.test(name);
}
