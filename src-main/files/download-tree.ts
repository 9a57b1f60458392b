import { lstat, mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { isFile, isFolder } from '../../shared/sftp/packet-fields.ts';
import { downloadFile, factsOf, remoteChild, type TransferMeans } from './file-transfer.ts';
import { errorCode, localError } from './local-errors.ts';
import type { RequestWindow } from './request-window.ts';
import { comparableName, safeLocalName, withNumber } from '../../shared/files/safe-local-name.ts';
import type { RemoteEntry } from './sftp-client.ts';
import type { Job, LeftOut } from './transfer-job.ts';

/** Folders in folders: deeper is a loop that the target makes up (A3). */
const DEEPEST = 100;
/** Files of one transfer. */
const MOST_FILES = 1_000_000;

export interface TreeMeans extends TransferMeans {
  /** Files at work at once. */
  readonly files: RequestWindow;
}

interface Place {
  /** Of the target. */
  readonly path: string;
  /** Here; a folder that stands and is no link. */
  readonly folder: string;
  /** Within the transfer, for what is told and remembered. */
  readonly inside: string;
  readonly depth: number;
}

/** Brings a file or a folder of the target here, and keeps times and permissions. What fails of a folder is told, and the rest goes on. */
export async function downloadTree(means: TreeMeans, job: Job, remoteFolder: string, name: string, folder: string): Promise<void> {
  const path = remoteChild(remoteFolder, name);
  // A link that was chosen by hand is followed, one in a folder is not.
  const attributes = await means.client.attributesBehind(path);
  await new TreeDownload(means, job).take({ name, attributes }, { path: remoteFolder, folder, inside: '', depth: 0 }, () => false);
}

class TreeDownload {
  readonly #means: TreeMeans;
  readonly #job: Job;
  #found = 0;

  constructor(means: TreeMeans, job: Job) {
    this.#means = means;
    this.#job = job;
  }

  async take(entry: Pick<RemoteEntry, 'name' | 'attributes'>, place: Place, taken: (name: string) => boolean): Promise<void> {
    // A name that holds a separator, or says another folder, is none that a folder can have: a path built with it would lead elsewhere (A1).
    if (/[/\0]/.test(entry.name) || entry.name === '' || entry.name === '.' || entry.name === '..') throw new MavisError('files.name-unsafe');
    const safe = safeLocalName(entry.name, taken);
    if (safe.changed) this.#job.renamed(printableFileName(entry.name), safe.name);
    if (isFolder(entry.attributes)) await this.#folder(entry, safe.name, place);
    else await this.#file(entry, safe.name, place);
  }

  async #folder({ name, attributes }: Pick<RemoteEntry, 'name' | 'attributes'>, safe: string, { path, folder, inside, depth }: Place): Promise<void> {
    if (depth >= DEEPEST) throw new MavisError('files.too-deep');
    const here = join(folder, safe);
    await makeRealFolder(here);
    const place: Place = { path: remoteChild(path, name), folder: here, inside: inside === '' ? safe : `${inside}/${safe}`, depth: depth + 1 };
    const entries: RemoteEntry[] = [];
    await this.#means.client.list(place.path, (some) => void entries.push(...some), this.#job.signal);
    await this.#all(entries, place);
    const { times } = attributes;
    // A disk that keeps no times of folders has all that is in them.
    if (times !== undefined) await utimes(here, times.accessedAtSeconds, times.modifiedAtSeconds).catch(() => undefined);
  }

  async #all(entries: readonly RemoteEntry[], place: Place): Promise<void> {
    const job = this.#job;
    const { files } = this.#means;
    const names = new Set<string>();
    const isTaken = (name: string): boolean => names.has(comparableName(name));
    const running = new Set<Promise<void>>();
    const folders: RemoteEntry[] = [];
    for (const entry of entries) {
      if (isFolder(entry.attributes)) {
        folders.push(entry);
        continue;
      }
      await job.pass();
      await files.enter(job.signal);
      const one: Promise<void> = this.#guarded(entry, place, isTaken, names).finally(() => {
        files.leave();
        running.delete(one);
      });
      running.add(one);
    }
    await Promise.all(running);
    for (const entry of folders) await this.#guarded(entry, place, isTaken, names);
  }

  async #guarded(entry: RemoteEntry, place: Place, isTaken: (name: string) => boolean, names: Set<string>): Promise<void> {
    const job = this.#job;
    try {
      const { name } = safeLocalName(entry.name, isTaken);
      const work = this.take(entry, place, isTaken);
      names.add(comparableName(name));
      await work;
    } catch (error) {
      job.signal.throwIfAborted();
      const { code } = asMavisError(error);
      // Without the connection or the disk nothing else will go either.
      if (endsAll(code)) throw error;
      job.failed(printableFileName(remoteChild(place.inside === '' ? '.' : place.inside, entry.name)), error);
    }
  }

  async #file({ name, attributes }: Pick<RemoteEntry, 'name' | 'attributes'>, safe: string, { path, folder, inside }: Place): Promise<void> {
    const job = this.#job;
    const within = inside === '' ? safe : `${inside}/${safe}`;
    this.#found += 1;
    if (this.#found > MOST_FILES) throw new MavisError('files.too-deep');
    if (!isFile(attributes)) {
      job.left(0);
      return;
    }
    const facts = factsOf(attributes);
    job.found(facts.size);
    if (job.isDone(within)) {
      job.alreadyDone(facts.size);
      return;
    }
    const final = await this.#freeName(folder, safe, facts);
    if (typeof final !== 'string') {
      job.leftOut(within, facts.size, final);
      return;
    }
    if (final !== safe) job.renamed(printableFileName(name), final);
    await downloadFile(this.#means, remoteChild(path, name), folder, final, facts, job.control());
    job.finished(within);
  }

  /** The name to write under, by what the rule or the user says of one that is taken; or why the file is left out. */
  async #freeName(folder: string, name: string, facts: { size: number; modifiedAtSeconds: number }): Promise<string | LeftOut> {
    const stands = await standing(join(folder, name));
    if (stands === undefined) return name;
    const choice = stands.isFile() ? await this.#job.decide(name, { here: { size: stands.size, modifiedAtSeconds: Math.floor(stands.mtimeMs / 1000) }, coming: facts }) : 'rename';
    if (choice === 'overwrite') return name;
    if (choice === 'skip' || choice === 'brought') return { because: choice };
    for (let number = 2; ; number += 1) {
      const other = withNumber(name, number);
      if ((await standing(join(folder, other))) === undefined) return other;
    }
  }
}

const NO_HOPE: ReadonlySet<string> = new Set(['files.local-space', 'files.no-space', 'target.lost', 'target.protocol-error', 'files.too-deep']);

/** Whether an error leaves the rest of a folder without hope: the session is over, or there is no room. */
export function endsAll(code: string): boolean {
  return NO_HOPE.has(code) || code.startsWith('session.');
}

async function standing(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw localError(error);
  }
}

/** Makes a folder, or takes the one that is there; a link in its place is refused (A3). */
async function makeRealFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST' || !(await lstat(path)).isDirectory()) throw localError(error);
  }
}
