import type { Stats } from 'node:fs';
import { lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ListedFile, LocalPlace } from '../../shared/ipc/files-port.ts';
import { localError } from './local-errors.ts';

/** Names of one folder; as for the target's. */
const MOST_ENTRIES = 1_000_000;
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
