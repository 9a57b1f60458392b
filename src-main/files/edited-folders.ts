import { randomUUID } from 'node:crypto';
import { readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Log } from '../logging/log.ts';
import { namesIn } from './folder-names.ts';
import { errorCode } from './local-errors.ts';

/** A copy with changes that were not taken back is kept so long for its user to find them: a week bridges days off, and the target's data lies here no longer. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** What tells one state of a copy from another; editors replace files, so that the number counts too. */
const localState = z.object({ size: z.number(), mtimeMs: z.number(), ino: z.number() });
export type LocalState = z.infer<typeof localState>;

const record = localState.extend({ name: z.string().min(1).refine((name) => name !== '.' && name !== '..' && !/[/\\\0]/.test(name), 'no name') });

export async function stateOf(path: string): Promise<LocalState> {
  const { size, mtimeMs, ino } = await stat(path);
  return { size, mtimeMs, ino };
}

export function isSame(one: LocalState, other: LocalState | undefined): boolean {
  return other !== undefined && one.size === other.size && one.mtimeMs === other.mtimeMs && one.ino === other.ino;
}

/** Notes beside a copy's folder how the copy is the target's file, so that a later start of the app knows whether it holds anything else. Rejects with the system's error. */
export async function noteSame(copyFolder: string, name: string, state: LocalState): Promise<void> {
  await writeFile(recordOf(copyFolder), JSON.stringify({ ...state, name }), { mode: 0o600 });
}

/** Deletes a copy, with what programs put beside it, and what was noted of it. Rejects with the system's error. */
export async function forgetCopy(copyFolder: string): Promise<void> {
  // The record first: a copy without one is deleted by the next start of the app.
  await rm(recordOf(copyFolder), { force: true });
  // A program may still be writing beside the copy.
  await rm(copyFolder, { recursive: true, force: true, maxRetries: 5 });
}

/** The folders on this computer in which files of targets lie while they are edited: one for each attempt of a session, and in it one for each copy. */
export class EditedFolders {
  readonly #root: string;
  readonly #log: Log;
  readonly #held = new Set<string>();

  /** @param root in the user-data folder, of which only one app makes use at a time */
  constructor(root: string, log: Log) {
    this.#root = root;
    this.#log = log;
  }

  /** A folder for a new attempt, which makes it when it is needed. */
  hold(): string {
    const folder = join(this.#root, randomUUID());
    this.#held.add(folder);
    return folder;
  }

  /** The attempt and its process are over: of its copies stay those with changes that were not taken back. Never rejects. */
  async release(folder: string, now: number): Promise<void> {
    await this.#clear(folder, now);
    this.#held.delete(folder);
  }

  /** Deletes what attempts left whose process did not end as it should, and changes that nobody came for. Never rejects. */
  async sweep(now: number): Promise<void> {
    for (const name of await this.#namesIn(this.#root)) {
      const folder = join(this.#root, name);
      if (!this.#held.has(folder)) await this.#clear(folder, now);
    }
  }

  async #clear(folder: string, now: number): Promise<void> {
    let kept = 0;
    for (const name of (await this.#namesIn(folder)).filter((one) => !one.endsWith(RECORD_END))) {
      try {
        if (await holdsChanges(join(folder, name), now)) kept += 1;
        else await forgetCopy(join(folder, name));
      } catch (error) {
        kept += 1;
        this.#log.warn('edited copy not deleted', {}, error);
      }
    }
    if (kept > 0) this.#log.warn('edited copies kept: they hold changes', { count: kept, file: folder });
    // An empty folder holds nothing of a target: the next start tries again.
    else await rmdir(folder).catch(() => undefined);
  }

  #namesIn(folder: string): Promise<string[]> {
    return namesIn(folder, (error) => this.#log.warn('edited copies not found', {}, error));
  }
}

const RECORD_END = '.json';

function recordOf(copyFolder: string): string {
  return `${copyFolder}${RECORD_END}`;
}

/** Whether a copy may be something else than what the target has, and is not too old. One of which nothing was noted was never opened. */
async function holdsChanges(copyFolder: string, now: number): Promise<boolean> {
  const noted = await readFile(recordOf(copyFolder), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (noted === undefined) return false;
  const same = recordIn(noted);
  try {
    // Of a record that was cut when it was written nothing tells that the copy is as it was.
    const path = same === undefined ? copyFolder : join(copyFolder, same.name);
    const { size, mtimeMs, ino, ctimeMs } = await stat(path);
    return !isSame({ size, mtimeMs, ino }, same) && ctimeMs >= now - KEPT_MS;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function recordIn(text: string): z.infer<typeof record> | undefined {
  try {
    return record.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
