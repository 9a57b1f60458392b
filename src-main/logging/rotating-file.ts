import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Five files of 5 MB: about a week of a busy client, and no disk is filled by a log. */
export const MAX_FILE_BYTES = 5 * 1024 * 1024;
export const MAX_FILES = 5;
/** Lines that wait for a slow disk; what comes beyond is counted and said in one line. */
const MAX_WAITING_LINES = 2000;

/** Appends lines to `client.log`, and moves it on to `client.1.log` … `client.4.log` when it is full. One writer at a time; never throws. */
export class RotatingFile {
  readonly #folder: string;
  readonly #clock: () => number;
  readonly #maxFileBytes: number;
  readonly #waiting: string[] = [];
  #dropped = 0;
  #size: number | undefined;
  #writing: Promise<void> | undefined;
  /** The last failure of the disk, for whoever looks; a log cannot log that it cannot be written. */
  lastError: unknown = undefined;

  /** `clock` gives milliseconds since 1970, for the line that says how many were dropped. */
  constructor(folder: string, clock: () => number, maxFileBytes: number = MAX_FILE_BYTES) {
    this.#folder = folder;
    this.#clock = clock;
    this.#maxFileBytes = maxFileBytes;
  }

  /** Takes a line (with its line end) and writes it soon. */
  readonly write = (line: string): void => {
    if (this.#waiting.length >= MAX_WAITING_LINES) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#writing ??= this.#drain();
  };

  /** Resolves when everything taken so far is written or has failed. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const text = this.#waiting.splice(0).join('') + this.#droppedLine();
        await this.#append(text);
      }
    } catch (error) {
      this.lastError = error;
      this.#size = undefined;
    } finally {
      this.#writing = undefined;
    }
  }

  #droppedLine(): string {
    if (this.#dropped === 0) return '';
    const line = `${JSON.stringify({ level: 40, time: this.#clock(), msg: 'log lines dropped', count: this.#dropped })}\n`;
    this.#dropped = 0;
    return line;
  }

  async #append(text: string): Promise<void> {
    const file = this.#path(0);
    if (this.#size === undefined) {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      this.#size = await sizeOf(file);
    }
    const bytes = Buffer.byteLength(text);
    if (this.#size > 0 && this.#size + bytes > this.#maxFileBytes) {
      await this.#rotate();
      this.#size = 0;
    }
    await appendFile(file, text, { mode: 0o600 });
    this.#size += bytes;
  }

  async #rotate(): Promise<void> {
    for (let number = MAX_FILES - 1; number > 0; number -= 1) {
      if ((await sizeOf(this.#path(number - 1))) > 0) await rename(this.#path(number - 1), this.#path(number));
    }
  }

  #path(number: number): string {
    return join(this.#folder, number === 0 ? 'client.log' : `client.${number}.log`);
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}
