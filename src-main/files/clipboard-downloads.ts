import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { safeLocalName, withNumber } from '../../shared/files/safe-local-name.ts';
import { WholeFile } from '../stored-files/whole-file.ts';
import { errorCode, localError } from './local-errors.ts';

/** A page that was closed or has crashed brings nothing more: what it began goes after so long. */
const IDLE_LIMIT_MS = 120_000;
/** Names that are tried beside one that is taken. */
const MOST_NUMBERS = 10_000;

/** A file or folder that a target's clipboard lists: its path is hostile text. */
export interface ClipboardEntry {
  readonly path: string;
  readonly folder: boolean;
}

interface OpenFile {
  readonly written: WholeFile;
  readonly folder: string;
  readonly name: string;
}

interface Download {
  readonly root: string;
  readonly entries: readonly ClipboardEntry[];
  /** Folders that were made for the list's, by their path in it. */
  readonly folders: Map<string, string>;
  place: number | undefined;
  file: OpenFile | undefined;
  work: Promise<void>;
  idle: NodeJS.Timeout;
}

/**
 * Files of a target's clipboard on their way into a folder that the user chose, one after the other. Each appears whole or not at
 * all, under a safe name that nothing had before; folders of the list are made anew, so that no link that lies in the chosen
 * folder is followed (A16, A3).
 */
export class ClipboardDownloads {
  readonly #open = new Map<string, Download>();
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Begins a list of files in a folder of this computer. */
  begin(root: string, entries: readonly ClipboardEntry[]): string {
    const id = this.#newId();
    this.#open.set(id, { root, entries, folders: new Map(), place: undefined, file: undefined, work: Promise.resolve(), idle: this.#idle(id) });
    return id;
  }

  /** Adds bytes behind those before, of the file at a place of the list; the file before it is whole with that. Throws `request.not-found`, `files.*`. */
  async append(id: string, place: number, bytes: Uint8Array): Promise<void> {
    const download = this.#find(id);
    clearTimeout(download.idle);
    download.idle = this.#idle(id);
    const before = download.work;
    download.work = before.then(() => appendTo(download, place, bytes));
    await orLocalError(download.work);
  }

  /** The last file is whole and gets its name; or it goes, and those before it stay. */
  async end(id: string, whole: boolean): Promise<void> {
    const download = this.#find(id);
    clearTimeout(download.idle);
    this.#open.delete(id);
    const work = download.work.then(() => (whole ? finish(download) : undefined));
    try {
      await orLocalError(work);
    } finally {
      await drop(download);
    }
  }

  /** What is on its way goes. */
  async stop(): Promise<void> {
    for (const id of this.#open.keys()) await this.end(id, false).catch(() => undefined);
  }

  #find(id: string): Download {
    const download = this.#open.get(id);
    if (download === undefined) throw new MavisError('request.not-found');
    return download;
  }

  #idle(id: string): NodeJS.Timeout {
    const timer = setTimeout(() => void this.end(id, false).catch(() => undefined), IDLE_LIMIT_MS);
    timer.unref();
    return timer;
  }
}

async function appendTo(download: Download, place: number, bytes: Uint8Array): Promise<void> {
  const entry = download.entries[place];
  if (entry === undefined) throw new MavisError('request.invalid', { field: 'place' });
  if (download.place !== place) {
    await finish(download);
    download.place = place;
    const folder = await folderOf(download, partsOf(entry.path).slice(0, entry.folder ? undefined : -1));
    const { name } = safeLocalName(partsOf(entry.path).at(-1) ?? '');
    if (!entry.folder) download.file = { written: await WholeFile.create(join(folder, name)), folder, name };
  }
  await download.file?.written.append(bytes);
}

function partsOf(path: string): string[] {
  const parts = path.split(/[/\\]/).filter((part) => part !== '');
  return parts.length === 0 ? [''] : parts;
}

/** The folder of this computer for one of the list, made where there is none yet. */
async function folderOf({ root, folders }: Download, parts: readonly string[]): Promise<string> {
  let [folder, path] = [root, ''];
  for (const part of parts) {
    path = `${path}\\${part}`;
    folder = folders.get(path) ?? (await makeFolder(folder, safeLocalName(part).name));
    folders.set(path, folder);
  }
  return folder;
}

async function makeFolder(parent: string, name: string): Promise<string> {
  return await underFreeName(name, async (free) => {
    const path = join(parent, free);
    await mkdir(path, { mode: 0o700 });
    return path;
  });
}

/** The file is whole: it takes a name that nothing has. */
async function finish(download: Download): Promise<void> {
  const { file } = download;
  if (file === undefined) return;
  const path = await underFreeName(file.name, async (free) => {
    const claimed = join(file.folder, free);
    // Whoever makes a file of that name in this moment is not written over.
    await (await open(claimed, 'wx', 0o600)).close();
    return claimed;
  });
  download.file = undefined;
  try {
    await file.written.keep(path);
  } catch (error) {
    // What claimed the name is empty: nobody shall take it for the file.
    await rm(path, { force: true });
    throw error;
  }
}

async function drop({ file }: Download): Promise<void> {
  await file?.written.drop();
}

async function underFreeName<T>(name: string, work: (free: string) => Promise<T>): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await work(number === 1 ? name : withNumber(name, number));
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || number >= MOST_NUMBERS) throw error;
    }
  }
}

async function orLocalError(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw localError(error);
  }
}
