import { readFileSync, renameSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What stood in a file when it was read. A file that could not be read as JSON is kept under another name (null where the system refuses that too), never overwritten. */
export type StoredValue = { readonly status: 'absent' } | { readonly status: 'read'; readonly value: unknown } | { readonly status: 'broken'; readonly keptAs: string | null };

/** Larger files are not ours. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/**
 * A small file of JSON that this program owns: read once at start, written whole, by way of a new file that takes its place,
 * so that a crash leaves the old or the new one and never half of it. Mode 0600.
 */
export class JsonFile {
  readonly path: string;
  readonly #clock: () => number;
  /** What stands there could neither be read nor be moved: it is not written over, or all that is in it were lost. */
  #leftAlone = false;
  #next: unknown = undefined;
  #writing: Promise<void> | undefined;

  constructor(path: string, clock: () => number) {
    this.path = path;
    this.#clock = clock;
  }

  /** Reads the file; blocking, and so only for the start. One that the system refuses to read is `broken` as well: nothing of it keeps the app from starting. */
  readAtStart(): StoredValue {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { status: 'absent' };
      return { status: 'broken', keptAs: this.keepAside() };
    }
    if (text.length <= MAX_FILE_BYTES) {
      try {
        const value: unknown = JSON.parse(text);
        return { status: 'read', value };
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    }
    return { status: 'broken', keptAs: this.keepAside() };
  }

  /** Moves the file aside, so that a new one can be written; gives its new name, null where the system refuses: nothing is written in its place then. */
  keepAside(): string | null {
    const keptAs = `${basename(this.path)}.unreadable-${new Date(this.#clock()).toISOString().replaceAll(/[:.]/g, '-')}`;
    try {
      renameSync(this.path, join(dirname(this.path), keptAs));
    } catch {
      this.#leftAlone = true;
      return null;
    }
    return keptAs;
  }

  /** Writes a value; several that come while one is being written become the last of them. Rejects with the system's error. */
  write(value: unknown): Promise<void> {
    if (this.#leftAlone) return Promise.reject(new Error(`${basename(this.path)} could not be read, and is left as it is`));
    this.#next = value;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    while (this.#next !== undefined) {
      const text = `${JSON.stringify(this.#next, undefined, 2)}\n`;
      this.#next = undefined;
      const temporary = `${this.path}.new`;
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
    }
  }
}
