import { createHash, randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../logging/log.ts';
import { namesIn } from './folder-names.ts';

/** What nobody went on with for so long is not wanted any more: a quarter of a year. */
const KEPT_MS = 90 * 24 * 3_600_000;

/** Whose transfers: they go on in the same profile, for the same user, with the same resource. */
export interface JournalOwner {
  readonly profileId: string;
  readonly userName: string;
  readonly resourceId: string;
}

export interface HeldJournals {
  /** For the journals of this attempt; made when it is needed. */
  readonly folder: string;
  /** Folders of attempts that are gone, to be taken over. */
  readonly left: readonly string[];
  /** The attempt is over: what it left is anybody's of the same owner. */
  readonly release: () => void;
}

/** The folders on this computer in which unfinished transfers are kept: one for each owner, and in it one for each attempt that holds some. */
export class JournalFolders {
  readonly #root: string;
  readonly #log: Log;
  readonly #held = new Set<string>();

  /** @param root in the user-data folder */
  constructor(root: string, log: Log) {
    this.#root = root;
    this.#log = log;
  }

  /** A folder for a new attempt, and those of the same owner that nobody holds; both are held until they are released. Never rejects: where the disk gives nothing, nothing was left. */
  async hold({ profileId, userName, resourceId }: JournalOwner): Promise<HeldJournals> {
    const base = join(this.#root, createHash('sha256').update(JSON.stringify([profileId, userName, resourceId])).digest('hex').slice(0, 32));
    const names = await this.#namesIn(base);
    // No pause from here on: two attempts that begin together take different ones.
    const left = names.map((name) => join(base, name)).filter((folder) => !this.#held.has(folder));
    const folder = join(base, randomUUID());
    const taken = [folder, ...left];
    for (const one of taken) this.#held.add(one);
    return {
      folder, left,
      release: () => {
        for (const one of taken) this.#held.delete(one);
      },
    };
  }

  /** Deletes what was left a quarter of a year ago. Never rejects. */
  async sweep(now: number): Promise<void> {
    try {
      for (const name of await this.#namesIn(this.#root)) {
        const base = join(this.#root, name);
        if ((await stat(base)).mtimeMs < now - KEPT_MS && ![...this.#held].some((folder) => dirname(folder) === base)) await rm(base, { recursive: true, force: true });
      }
    } catch (error) {
      this.#log.warn('transfers left long ago not deleted', {}, error);
    }
  }

  #namesIn(folder: string): Promise<string[]> {
    return namesIn(folder, (error) => this.#log.warn('transfers that were left not found', {}, error));
  }
}
