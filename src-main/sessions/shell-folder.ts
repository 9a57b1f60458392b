import { encodeFileName } from '../../shared/sftp/file-name-bytes.ts';

/** Whether a path can be typed into a shell: its line editing would take a control character for a key, and what follows for another command. */
export function isTypeable(path: string): boolean {
  return !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(path);
}

/**
 * What some shell takes for more than a letter inside of single quotes, or for their end: cmd knows no such quotes, fish and
 * PowerShell have other rules for them, csh looks for its history in them.
 */
const MEANS_MORE_SOMEWHERE = /['\\&|;<>^%!$()`"\u2018-\u201f]/u;

/**
 * What a user would type to go to a folder: quoted whole for a POSIX shell, kept out of the history by the space before it where the
 * shell is set so. Which shell it is nobody says: a name that could run something in another one is typed without Enter, and stands
 * there for the user to read and to press it. Throws for a path that is not typeable; whoever takes it from a page has refused
 * it before.
 */
export function changeFolderInput(path: string): Uint8Array {
  if (!isTypeable(path)) throw new Error('control character in a path');
  return encodeFileName(` cd -- '${path.replaceAll("'", `'\\''`)}'${MEANS_MORE_SOMEWHERE.test(path) ? '' : '\r'}`);
}
