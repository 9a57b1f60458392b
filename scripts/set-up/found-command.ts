import { accessSync, constants, globSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Folders of servers' programs, which are not on every account's path. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** The full path of a command on the path or in the system's own folders, or undefined. */
export function findCommand(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  const folders = [...path.split(delimiter).filter(Boolean), ...systemFolders];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** True where a proof holds: a command's name that is found, or an absolute path or pattern that has a match. */
export function proofHolds(proof: string): boolean {
  return proof.startsWith('/') ? globSync(proof).length > 0 : findCommand(proof) !== undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
