import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** A new file and no other: what already has the name, a link above all, is neither followed nor overwritten. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/**
 * A file that is written piece by piece under a name of its own beside the path that the user chose, for this account alone, and
 * gets that path when it is whole. Its owner calls `keep` or `drop` in the end. All throw `client.file-not-written`.
 */
export class WholeFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  #work: Promise<void> = Promise.resolve();

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** Makes the file. `name` tells it from what an earlier run may have left behind. */
  static async create(path: string, name = randomBytes(8).toString('hex')): Promise<WholeFile> {
    const temporary = join(dirname(path), `.mavis-${name}.part`);
    return new WholeFile(path, temporary, await orNotWritten(open(temporary, NEW_FILE, 0o600)));
  }

  /** Adds bytes behind those before, also behind those that are still being written. */
  async append(bytes: Uint8Array | string): Promise<void> {
    this.#work = inTurn(this.#work, this.#handle, bytes);
    await orNotWritten(this.#work);
  }

  /** Adds what a stream brings: the last of a `pipeline`. */
  readonly take = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const bytes of source) await this.append(bytes);
  };

  /** Lets others read or run it, once it has its path: by POSIX's bits. */
  async setMode(mode: number): Promise<void> {
    await orNotWritten(this.#handle.chmod(mode));
  }

  /** The file is whole, on the disk, and takes its path, or another in the same folder; where that fails it is gone. */
  async keep(path = this.#path): Promise<void> {
    try {
      await orNotWritten(this.#work);
      await orNotWritten(this.#handle.sync());
      await orNotWritten(this.#handle.close());
      await orNotWritten(rename(this.#temporary, path));
    } catch (error) {
      await this.drop();
      throw error;
    }
  }

  /** The file goes; never rejects: why it goes is what is told, not that it could not. */
  async drop(): Promise<void> {
    await this.#work.catch(() => undefined);
    await this.#handle.close().catch(() => undefined);
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }
}

/** Writes a file with `fill`, which gets it open and new; it stands whole under its path, or `fill`'s error is thrown and nothing stands. */
export async function writeWhole(path: string, fill: (file: WholeFile) => Promise<void>): Promise<void> {
  const file = await WholeFile.create(path);
  try {
    await fill(file);
  } catch (error) {
    await file.drop();
    throw error;
  }
  await file.keep();
}

async function inTurn(before: Promise<void>, handle: FileHandle, bytes: Uint8Array | string): Promise<void> {
  await before;
  await handle.appendFile(bytes);
}

async function orNotWritten<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new MavisError('client.file-not-written', { reason: error instanceof Error && 'code' in error ? String(error.code) : '' }, { cause: error });
  }
}
