import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { DragOut, JobFailure, LocalPlace, TransferJob } from '../../shared/ipc/files-port.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { localError } from './local-errors.ts';
import type { LocalPlaces } from './local-places.ts';
import type { TransferQueue } from './transfer-queue.ts';

/** Each that was fetched has a folder on this computer's disk until it is taken from the list. */
const MOST_DRAG_OUTS = 50;
/** Names that a line of the list shows. */
const NAMES_SHOWN = 5;

/** What lies ready to be dragged, as main is told: the page names it by its number alone. */
export interface ReadyDragOut {
  readonly id: number;
  readonly paths: readonly string[];
}

export interface DragOutsParts {
  readonly queue: Pick<TransferQueue, 'add' | 'forget'>;
  readonly places: Pick<LocalPlaces, 'resolve'>;
  /** Where what is fetched lies; main has chosen it, and deletes it when the session is over. */
  readonly folder: string;
  /** Tells the page. */
  readonly tell: (dragOuts: readonly DragOut[]) => void;
  /** Tells main, each time what is ready changes. */
  readonly onReady: (ready: readonly ReadyDragOut[]) => void;
}

interface Held {
  readonly id: number;
  readonly names: readonly string[];
  /** The transfers that fetch it; none of files of this computer. */
  readonly jobs: ReadonlySet<number>;
  /** Its own folder, which goes with it; null for files of this computer, which stay where they are. */
  readonly folder: string | null;
  status: DragOut['status'];
  failure: JobFailure | null;
  paths: readonly string[];
}

/**
 * Files that the user wants to drag out of the window. The system takes a drag only of files that lie on this computer when it
 * begins, so those of the target are fetched first, as downloads are, into a folder of their own that only this user can read.
 */
export class DragOuts {
  readonly #parts: DragOutsParts;
  readonly #held = new Map<number, Held>();
  /** Whose folders are being read. */
  readonly #reading = new Set<Held>();
  #numbers = 0;
  #over = false;

  constructor(parts: DragOutsParts) {
    this.#parts = parts;
  }

  /** Fetches files and folders of the target, under names that are safe here. Rejects with `request.too-many`, and with why there is no folder for them. */
  async fetch(remoteFolder: string, names: readonly string[]): Promise<void> {
    this.#refuseTooMany();
    const localFolder = await this.#makeFolder();
    const jobs = new Set<number>();
    try {
      // Others came meanwhile, or the session's end.
      this.#refuseTooMany();
      for (const name of names) jobs.add(this.#parts.queue.add({ direction: 'download', name, localFolder, remoteFolder, conflict: 'rename', verify: false }, 'this-session'));
    } catch (error) {
      await this.#forget({ jobs, folder: localFolder });
      throw error;
    }
    this.#hold({ names: names.map(printableFileName), jobs, folder: localFolder, status: 'fetching', paths: [] });
  }

  /** Takes files and folders of this computer, below the granted folder. Rejects with `files.local-permission` where they do not lie there, and with `request.too-many`. */
  async take(place: LocalPlace, names: readonly string[]): Promise<void> {
    const folder = await this.#parts.places.resolve(place);
    this.#refuseTooMany();
    this.#hold({ names: names.map(printableFileName), jobs: new Set(), folder: null, status: 'ready', paths: names.map((name) => join(folder, name)) });
  }

  /** Takes one from the list: what was fetched for it goes, and what is being fetched is given up. Throws `request.not-found`. */
  async drop(id: number): Promise<void> {
    const held = this.#held.get(id);
    if (held === undefined) throw new MavisError('request.not-found');
    this.#held.delete(id);
    this.#changed();
    await this.#forget(held);
  }

  /** How the transfers stand: what has come whole is ready. */
  look(jobs: readonly Pick<TransferJob, 'id' | 'status' | 'failures'>[]): void {
    for (const held of this.#held.values()) {
      const own = jobs.filter(({ id }) => held.jobs.has(id));
      if (held.folder === null || held.status === 'ready' || own.length === 0 || this.#reading.has(held)) continue;
      const failed = own.find(({ status }) => status === 'failed' || status === 'cancelled');
      const whole = own.length === held.jobs.size && own.every(({ status }) => status === 'done');
      if (whole) void this.#becomeReady(held, held.folder);
      else if ((failed === undefined) !== (held.status === 'fetching')) {
        held.status = failed === undefined ? 'fetching' : 'failed';
        held.failure = failed?.failures[0] ?? null;
        this.#changed();
      }
    }
  }

  tellNow(): void {
    this.#parts.tell([...this.#held.values()].map(({ id, names, status, failure }) => ({ id, names: names.slice(0, NAMES_SHOWN), count: names.length, status, failure })));
  }

  /** The session is over: nothing can be dragged any more, and what is being fetched is no transfer that goes on another time. */
  leave(): void {
    this.#over = true;
    for (const { jobs } of this.#held.values()) for (const job of jobs) this.#parts.queue.forget(job);
    this.#held.clear();
    this.#changed();
  }

  async #becomeReady(held: Held, folder: string): Promise<void> {
    this.#reading.add(held);
    try {
      const names = await readdir(folder);
      // Somebody has cleared it away meanwhile.
      if (names.length === 0) throw new MavisError('files.local-missing');
      [held.paths, held.status, held.failure] = [names.map((name) => join(folder, name)), 'ready', null];
    } catch (error) {
      const { code, args } = localError(error);
      [held.status, held.failure] = ['failed', { name: held.names[0] ?? '', code, args: { ...args } }];
    } finally {
      this.#reading.delete(held);
    }
    this.#changed();
  }

  #refuseTooMany(): void {
    if (this.#over || this.#held.size >= MOST_DRAG_OUTS) throw new MavisError('request.too-many', { seconds: 60 });
  }

  #hold(what: Omit<Held, 'id' | 'failure'>): void {
    const id = (this.#numbers += 1);
    this.#held.set(id, { ...what, id, failure: null });
    this.#changed();
  }

  async #makeFolder(): Promise<string> {
    try {
      await mkdir(this.#parts.folder, { recursive: true, mode: 0o700 });
      return await mkdtemp(join(this.#parts.folder, 'fetched-'));
    } catch (error) {
      throw localError(error);
    }
  }

  async #forget({ jobs, folder }: Pick<Held, 'jobs' | 'folder'>): Promise<void> {
    if (folder === null) return;
    for (const job of jobs) this.#parts.queue.forget(job);
    // A file that is still being written to may need a second look.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #changed(): void {
    this.tellNow();
    this.#parts.onReady([...this.#held.values()].filter(({ status }) => status === 'ready').map(({ id, paths }) => ({ id, paths })));
  }
}
