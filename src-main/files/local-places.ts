import type { Stats } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rename } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ListedFile, LocalPlace } from '../../shared/ipc/files-port.ts';
import { errorCode, localError } from './local-errors.ts';
import type { TreeCount } from './remote-tree.ts';

/** Names of one folder; as for the target's. */
const MOST_ENTRIES = 1_000_000;
const DEEPEST = 100;
/** Looked at side by side: the system's own pool has four workers. */
const LOOKS_AT_ONCE = 64;
const PERMISSIONS = 0o7777;

/** The one folder of this computer that the user has granted to a window, and what lies below it. */
export class LocalPlaces {
  #root: string;

  /** @param root an absolute path, from main */
  constructor(root: string) {
    this.#root = root;
  }

  /** The granted folder's name, to be shown. */
  get name(): string {
    return basename(this.#root) || this.#root;
  }

  /** Another folder, which the user chose in the system's dialog. */
  grant(root: string): void {
    this.#root = root;
  }

  /** The real path of a place. Rejects with `files.local-permission` where it leads out of the granted folder, by a link for instance. */
  async resolve(place: LocalPlace): Promise<string> {
    try {
      const [root, real] = [await realpath(this.#root), await realpath(join(this.#root, ...place))];
      if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return real;
    } catch (error) {
      throw localError(error);
    }
    throw new MavisError('files.local-permission');
  }

  async list(place: LocalPlace, onEntries: (entries: ListedFile[]) => void): Promise<void> {
    const folder = await this.resolve(place);
    try {
      const names = await readdir(folder);
      if (names.length > MOST_ENTRIES) throw new MavisError('files.too-deep');
      for (let from = 0; from < names.length; from += LOOKS_AT_ONCE) onEntries(await lookAt(folder, names.slice(from, from + LOOKS_AT_ONCE)));
    } catch (error) {
      throw localError(error);
    }
  }

  /** How many files, folders and bytes stand under these names. Links are counted and never followed. */
  async count(place: LocalPlace, names: readonly string[], signal: AbortSignal): Promise<TreeCount> {
    const folder = await this.resolve(place);
    const count = { files: 0, folders: 0, bytes: 0 };
    try {
      for (const name of names) await countIn(join(folder, name), count, signal, 0);
    } catch (error) {
      throw localError(error);
    }
    return count;
  }

  /** Gives another name; one that is taken is refused with `files.exists`. */
  async rename(place: LocalPlace, from: string, to: string): Promise<void> {
    const folder = await this.resolve(place);
    try {
      const there = await lstat(join(folder, to)).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error;
        return undefined;
      });
      const stands = await lstat(join(folder, from));
      // On a disk that does not tell capitals apart it may be the file itself.
      if (there !== undefined && (there.ino !== stands.ino || there.dev !== stands.dev)) throw new MavisError('files.exists');
      await rename(join(folder, from), join(folder, to));
    } catch (error) {
      throw localError(error);
    }
  }

  async makeFolder(place: LocalPlace, name: string): Promise<void> {
    const folder = await this.resolve(place);
    await mkdir(join(folder, name)).catch((error: unknown) => {
      throw localError(error);
    });
  }
}

async function lookAt(folder: string, names: readonly string[]): Promise<ListedFile[]> {
  const looked = await Promise.allSettled(names.map((name) => lstat(join(folder, name))));
  // What has gone since the names were read is not there.
  return looked.flatMap((one, at) => (one.status === 'fulfilled' ? [listed(names[at] ?? '', one.value)] : []));
}

function listed(name: string, stands: Stats): ListedFile {
  const kind = stands.isDirectory() ? 'folder' : stands.isFile() ? 'file' : stands.isSymbolicLink() ? 'link' : 'other';
  return { name, kind, size: stands.size, modifiedAtSeconds: Math.floor(stands.mtimeMs / 1000), mode: process.platform === 'win32' ? null : stands.mode & PERMISSIONS, owner: '' };
}

async function countIn(path: string, count: { files: number; folders: number; bytes: number }, signal: AbortSignal, depth: number): Promise<void> {
  signal.throwIfAborted();
  const stands = await lstat(path);
  if (!stands.isDirectory()) {
    count.files += 1;
    if (stands.isFile()) count.bytes += stands.size;
    return;
  }
  if (depth >= DEEPEST || count.files + count.folders > MOST_ENTRIES) throw new MavisError('files.too-deep');
  for (const name of await readdir(path)) await countIn(join(path, name), count, signal, depth + 1);
  count.folders += 1;
}
