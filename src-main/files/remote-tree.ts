import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type FileAttributes, isFile, isFolder } from '../../shared/sftp/packet-fields.ts';
import { remoteChild } from './file-transfer.ts';
import type { RemoteEntry, SftpClient } from './sftp-client.ts';

const DEEPEST = 100;
const MOST_ENTRIES = 1_000_000;
/** Files deleted side by side. */
const AT_ONCE = 32;

/** What stands under some names, the names included. */
export interface TreeCount {
  readonly files: number;
  readonly folders: number;
  /** Of files; links and special files have none. */
  readonly bytes: number;
}

/** Counts what stands under these names. Links are counted and never followed. Rejects with `files.too-deep` where there is no end of them, and with the signal's reason. */
export function countTree(client: SftpClient, folder: string, names: readonly string[], signal: AbortSignal): Promise<TreeCount> {
  return walk(client, folder, names, { file: () => Promise.resolve(), folder: () => Promise.resolve() }, signal);
}

/** Deletes these names and all that is in them. What was deleted before a failure, or before the signal, stays deleted. */
export function removeTree(client: SftpClient, folder: string, names: readonly string[], signal: AbortSignal): Promise<TreeCount> {
  return walk(client, folder, names, { file: (path) => client.remove(path), folder: (path) => client.removeFolder(path) }, signal);
}

interface Visitor {
  readonly file: (path: string) => Promise<void>;
  readonly folder: (path: string) => Promise<void>;
}

async function walk(client: SftpClient, folder: string, names: readonly string[], visitor: Visitor, signal: AbortSignal): Promise<TreeCount> {
  const visit = new TreeVisit(client, visitor, signal);
  for (const name of names) await visit.take(remoteChild(folder, name));
  return visit.count;
}

class TreeVisit {
  readonly count = { files: 0, folders: 0, bytes: 0 };
  readonly #client: SftpClient;
  readonly #visitor: Visitor;
  readonly #signal: AbortSignal;

  constructor(client: SftpClient, visitor: Visitor, signal: AbortSignal) {
    this.#client = client;
    this.#visitor = visitor;
    this.#signal = signal;
  }

  async take(path: string): Promise<void> {
    const attributes = await this.#client.attributes(path);
    if (isFolder(attributes)) await this.#folder(path, 0);
    else await this.#file(path, attributes);
  }

  async #file(path: string, attributes: FileAttributes): Promise<void> {
    this.#signal.throwIfAborted();
    await this.#visitor.file(path);
    this.count.files += 1;
    if (isFile(attributes) && Number.isSafeInteger(attributes.size)) this.count.bytes += attributes.size ?? 0;
  }

  async #folder(path: string, depth: number): Promise<void> {
    if (depth >= DEEPEST) throw new MavisError('files.too-deep');
    const entries: RemoteEntry[] = [];
    await this.#client.list(path, (some) => void entries.push(...some), this.#signal);
    // A name with a separator in it would lead somewhere else (A1).
    if (entries.some(({ name }) => name === '' || name.includes('/'))) throw new MavisError('files.name-unsafe');
    const files = entries.filter(({ attributes }) => !isFolder(attributes));
    for (let from = 0; from < files.length; from += AT_ONCE) await Promise.all(files.slice(from, from + AT_ONCE).map(({ name, attributes }) => this.#file(remoteChild(path, name), attributes)));
    if (this.count.files + this.count.folders > MOST_ENTRIES) throw new MavisError('files.too-deep');
    for (const { name } of entries.filter(({ attributes }) => isFolder(attributes))) await this.#folder(remoteChild(path, name), depth + 1);
    await this.#visitor.folder(path);
    this.count.folders += 1;
  }
}
