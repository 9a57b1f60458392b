import { MavisError } from '../../shared/errors/mavis-error.ts';
import { isFolder } from '../../shared/sftp/packet-fields.ts';
import { remoteChild } from './file-transfer.ts';
import type { RemoteEntry, SftpClient } from './sftp-client.ts';

const DEEPEST = 100;
const MOST_ENTRIES = 1_000_000;
/** Files deleted side by side. */
const AT_ONCE = 32;

/** How many files and folders stand under these names, the names included. Links are counted and never followed. Rejects with `files.too-deep` where there is no end of them. */
export async function countTree(client: SftpClient, folder: string, names: readonly string[]): Promise<{ files: number; folders: number }> {
  const count = { files: 0, folders: 0 };
  for (const name of names) await visit(client, remoteChild(folder, name), count, { file: () => Promise.resolve(), folder: () => Promise.resolve() });
  return count;
}

/** Deletes these names and all that is in them. What was deleted before a failure stays deleted. */
export async function removeTree(client: SftpClient, folder: string, names: readonly string[]): Promise<{ files: number; folders: number }> {
  const count = { files: 0, folders: 0 };
  for (const name of names) await visit(client, remoteChild(folder, name), count, { file: (path) => client.remove(path), folder: (path) => client.removeFolder(path) });
  return count;
}

interface Visitor {
  readonly file: (path: string) => Promise<void>;
  readonly folder: (path: string) => Promise<void>;
}

async function visit(client: SftpClient, path: string, count: { files: number; folders: number }, visitor: Visitor, depth = 0): Promise<void> {
  if (!isFolder(await client.attributes(path))) {
    await visitor.file(path);
    count.files += 1;
    return;
  }
  await visitFolder(client, path, count, visitor, depth);
}

async function visitFolder(client: SftpClient, path: string, count: { files: number; folders: number }, visitor: Visitor, depth: number): Promise<void> {
  if (depth >= DEEPEST) throw new MavisError('files.too-deep');
  const entries: RemoteEntry[] = [];
  await client.list(path, (some) => void entries.push(...some));
  // A name with a separator in it would lead somewhere else (A1).
  if (entries.some(({ name }) => name === '' || name.includes('/'))) throw new MavisError('files.name-unsafe');
  const files = entries.filter(({ attributes }) => !isFolder(attributes));
  for (let from = 0; from < files.length; from += AT_ONCE) await Promise.all(files.slice(from, from + AT_ONCE).map(({ name }) => visitor.file(remoteChild(path, name))));
  count.files += files.length;
  if (count.files + count.folders > MOST_ENTRIES) throw new MavisError('files.too-deep');
  for (const { name } of entries.filter(({ attributes }) => isFolder(attributes))) await visitFolder(client, remoteChild(path, name), count, visitor, depth + 1);
  await visitor.folder(path);
  count.folders += 1;
}
