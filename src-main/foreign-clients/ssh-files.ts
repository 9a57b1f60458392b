import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { saveTextFile } from '../stored-files/text-file.ts';

/** What `ssh` reads of us, in a folder of its own among the app's files. */
export type SshFile = 'known_hosts' | 'config';

/** Writes one of these files, whole and for this account alone, as `ssh` asks for; gives its path. Rejects with `client.file-not-written`. */
export async function writeSshFile(userDataFolder: string, name: SshFile, text: string): Promise<string> {
  const folder = join(userDataFolder, 'ssh');
  const path = join(folder, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await saveTextFile(path, text);
  return path;
}
