import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { type FileAttributes, isFolder } from '../../shared/sftp/packet-fields.ts';
import { endsAll, type TreeMeans } from './download-tree.ts';
import { factsOf, remoteChild, uploadFile } from './file-transfer.ts';
import { localError } from './local-errors.ts';
import { isMissing } from './remote-errors.ts';
import { withNumber } from '../../shared/files/safe-local-name.ts';
import { isPartialName } from './partial-name.ts';
import type { Job, LeftOut } from './transfer-job.ts';

const DEEPEST = 100;

/** What stands in a folder of the target; nothing is known to stand in one that was just made. */
type Standing = ReadonlyMap<string, FileAttributes>;

interface Place {
  readonly local: string;
  readonly folder: string;
  readonly inside: string;
  readonly depth: number;
  readonly standing: Standing;
}

/** Brings a local file or folder to the target, and keeps times and permissions. Links in folders are left out. What fails of a folder is told, and the rest goes on. */
export async function uploadTree(means: TreeMeans, job: Job, localFolder: string, name: string, folder: string): Promise<void> {
  const stands = await attributesOf(means, remoteChild(folder, name));
  const standing: Standing = new Map(stands === undefined ? [] : [[name, stands]]);
  await new TreeUpload(means, job).take(name, { local: localFolder, folder, inside: '', depth: 0, standing });
}

class TreeUpload {
  readonly #means: TreeMeans;
  readonly #job: Job;

  constructor(means: TreeMeans, job: Job) {
    this.#means = means;
    this.#job = job;
  }

  async take(name: string, place: Place): Promise<void> {
    const path = join(place.local, name);
    await this.#take(name, path, place, await look(path));
  }

  async #take(name: string, path: string, place: Place, stands: Stats): Promise<void> {
    if (stands.isDirectory()) await this.#folder(name, path, place);
    else if (stands.isFile()) await this.#file(name, path, { size: stands.size, modifiedAtSeconds: Math.floor(stands.mtimeMs / 1000) }, place);
    else this.#job.left(0);
  }

  async #folder(name: string, path: string, { folder, inside, depth, standing }: Place): Promise<void> {
    if (depth >= DEEPEST) throw new MavisError('files.too-deep');
    const there = remoteChild(folder, name);
    const before = standing.get(name);
    const held = new Map<string, FileAttributes>();
    if (before === undefined) await this.#means.client.makeFolder(there);
    else if (!isFolder(before)) throw new MavisError('files.exists');
    else await this.#means.client.list(there, (entries) => entries.forEach((entry) => held.set(entry.name, entry.attributes)), this.#job.signal);
    const names = await readdir(path).catch((error: unknown) => {
      throw localError(error);
    });
    await this.#all(names, { local: path, folder: there, inside: inside === '' ? name : `${inside}/${name}`, depth: depth + 1, standing: held });
  }

  async #all(names: readonly string[], place: Place): Promise<void> {
    const { files } = this.#means;
    const job = this.#job;
    const running = new Set<Promise<void>>();
    const folders: string[] = [];
    for (const name of names) {
      await job.pass();
      // Its parts of downloads that are not whole are nobody's files.
      if (isPartialName(name)) continue;
      await files.enter(job.signal);
      const one: Promise<void> = this.#guarded(name, place, async () => {
        const path = join(place.local, name);
        const stands = await look(path);
        if (stands.isDirectory()) folders.push(name);
        else await this.#take(name, path, place, stands);
      }).finally(() => {
        files.leave();
        running.delete(one);
      });
      running.add(one);
    }
    await Promise.all(running);
    for (const name of folders) await this.#guarded(name, place, () => this.take(name, place));
  }

  async #guarded(name: string, place: Place, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#job.signal.throwIfAborted();
      const error = localError(thrown);
      if (endsAll(error.code)) throw error;
      this.#job.failed(printableFileName(`${place.inside}/${name}`), error);
    }
  }

  async #file(name: string, path: string, facts: { size: number; modifiedAtSeconds: number }, place: Place): Promise<void> {
    const job = this.#job;
    const { folder, inside, standing } = place;
    const within = inside === '' ? name : `${inside}/${name}`;
    job.found(facts.size);
    if (job.isDone(within)) {
      job.alreadyDone(facts.size);
      return;
    }
    const final = await this.#freeName(name, facts, place);
    if (typeof final !== 'string') {
      job.leftOut(within, facts.size, final);
      return;
    }
    if (final !== name) job.renamed(printableFileName(name), final);
    // In a folder that was empty there is no part either.
    await uploadFile(this.#means, path, folder, final, { replace: standing.has(final), mayHavePart: standing.size > 0 || inside === '' }, job.control());
    job.finished(within);
  }

  async #freeName(name: string, facts: { size: number; modifiedAtSeconds: number }, place: Place): Promise<string | LeftOut> {
    const stands = place.standing.get(name);
    if (stands === undefined) return name;
    const { size, modifiedAtSeconds } = factsOf(stands);
    const choice = isFolder(stands) ? 'rename' : await this.#job.decide(name, { here: { size, modifiedAtSeconds }, coming: facts });
    if (choice === 'overwrite') return name;
    if (choice === 'skip' || choice === 'brought') return { because: choice };
    for (let number = 2; ; number += 1) {
      const other = withNumber(name, number);
      if (!(await this.#isTaken(other, place))) return other;
    }
  }

  /** Whether a name stands in a folder. What was chosen itself goes into one that was not listed: the target is asked. */
  async #isTaken(name: string, { folder, inside, standing }: Place): Promise<boolean> {
    return inside === '' ? (await attributesOf(this.#means, remoteChild(folder, name))) !== undefined : standing.has(name);
  }
}

/** What stands at a path of the target; undefined where nothing does. */
async function attributesOf({ client }: TreeMeans, path: string): Promise<FileAttributes | undefined> {
  try {
    return await client.attributes(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What stands at a path of this computer itself, also where it is a link. */
async function look(path: string): Promise<Stats> {
  return await lstat(path).catch((error: unknown) => {
    throw localError(error);
  });
}
