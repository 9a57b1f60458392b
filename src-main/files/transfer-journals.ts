import { mkdir, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type AskedTransfer, type LeftTransfer, readJournal, TransferJournal } from './transfer-journal.ts';

const ENDING = '.jsonl';
/** A million files of a transfer with paths of 64 bytes; larger ones are not ours. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Transfers that one session takes over: as many as its queue holds. */
const MOST_KEPT = 10_000;

/** A transfer that a process before left unfinished, with its journal, which goes on. */
export interface KeptTransfer extends LeftTransfer {
  readonly journal: TransferJournal;
}

export interface JournalsParts {
  /** Of this process alone; made when it is needed. */
  readonly folder: string;
  /** Called where the disk took or gave nothing: transfers go on, and would not after the app was closed. */
  readonly onUnkept: (error: unknown) => void;
}

/** The journals of the transfers of one session's process. */
export class TransferJournals {
  readonly #parts: JournalsParts;
  #numbers = 0;

  constructor(parts: JournalsParts) {
    this.#parts = parts;
  }

  begin(asked: AskedTransfer): TransferJournal {
    const journal = new TransferJournal(this.#nextFile(), this.#parts.onUnkept);
    journal.begin(asked);
    return journal;
  }

  /** Takes over what processes that are gone left in their folders, in the order in which it was asked for. What cannot be read is told and left out; never rejects. */
  async takeOver(folders: readonly string[]): Promise<KeptTransfer[]> {
    const kept: KeptTransfer[] = [];
    for (const folder of folders) {
      try {
        for (const name of (await readdir(folder)).toSorted().slice(0, MOST_KEPT - kept.length)) {
          const transfer = await this.#takeOne(join(folder, name));
          if (transfer !== undefined) kept.push(transfer);
        }
        await rmdir(folder);
      } catch (error) {
        this.#parts.onUnkept(error);
      }
    }
    return kept;
  }

  /** Moves a journal here in one step, so that a kill in the middle leaves it in one place or the other. */
  async #takeOne(from: string): Promise<KeptTransfer | undefined> {
    // A new one that a kill left before it had its name.
    if (!from.endsWith(ENDING)) {
      await rm(from, { force: true });
      return undefined;
    }
    const file = this.#nextFile();
    await mkdir(this.#parts.folder, { recursive: true, mode: 0o700 });
    await rename(from, file);
    const journal = new TransferJournal(file, this.#parts.onUnkept);
    const left = (await stat(file)).size > MOST_BYTES ? undefined : readJournal(await readFile(file, 'utf8'));
    if (left === undefined) {
      journal.drop();
      return undefined;
    }
    // Written anew: a line that a kill cut off would take the next one with it.
    journal.begin(left.asked, left.done);
    if (left.paused) journal.note({ kind: 'paused', paused: true });
    return { ...left, journal };
  }

  #nextFile(): string {
    return join(this.#parts.folder, `${String((this.#numbers += 1)).padStart(6, '0')}${ENDING}`);
  }
}
