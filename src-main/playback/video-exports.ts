import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** A page that was closed or has crashed brings nothing more: what it began goes after so long. */
const IDLE_LIMIT_MS = 120_000;
/** A day at the most that a page makes; what is more is not a film of a recording. */
const MOST_BYTES = 32 * 1024 ** 3;

interface OpenExport {
  readonly id: string;
  readonly path: string;
  readonly temporary: string;
  readonly handle: FileHandle;
  bytes: number;
  work: Promise<void>;
  idle: NodeJS.Timeout;
}

/** Films that a page makes of what it plays, written piece by piece under a path that the user chose; a file appears whole or not at all. One at a time. */
export class VideoExports {
  #open: OpenExport | undefined;
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Begins a file. Throws `request.conflict` while another is being written, `client.file-not-written`. */
  async begin(path: string): Promise<string> {
    if (this.#open !== undefined) throw new MavisError('request.conflict', { what: 'video-exports' });
    const temporary = `${path}.part`;
    const handle = await orNotWritten(open(temporary, 'w', 0o600));
    const id = this.#newId();
    this.#open = { id, path, temporary, handle, bytes: 0, work: Promise.resolve(), idle: setTimeout(() => undefined, 0) };
    this.#touch(this.#open);
    return id;
  }

  /** Adds bytes behind those before. Throws `request.not-found`, `client.file-not-written`. */
  async append(id: string, bytes: Uint8Array): Promise<void> {
    const file = this.#find(id);
    this.#touch(file);
    file.bytes += bytes.length;
    if (file.bytes > MOST_BYTES) throw new MavisError('client.file-not-written', { reason: 'EFBIG' });
    const before = file.work;
    file.work = inTurn(before, file.handle, bytes);
    await orNotWritten(file.work);
  }

  /** The file is whole and gets its name; or it goes. */
  async end(id: string, whole: boolean): Promise<void> {
    const file = this.#find(id);
    this.#open = undefined;
    clearTimeout(file.idle);
    if (!whole) return await drop(file);
    try {
      await orNotWritten(file.work);
      await orNotWritten(file.handle.sync());
      await file.handle.close();
      await orNotWritten(rename(file.temporary, file.path));
    } catch (error) {
      await drop(file);
      throw error;
    }
  }

  /** What is being written goes. */
  async stop(): Promise<void> {
    const file = this.#open;
    this.#open = undefined;
    clearTimeout(file?.idle);
    if (file !== undefined) await drop(file);
  }

  #find(id: string): OpenExport {
    if (this.#open?.id !== id) throw new MavisError('request.not-found');
    return this.#open;
  }

  #touch(file: OpenExport): void {
    clearTimeout(file.idle);
    file.idle = setTimeout(() => void this.stop(), IDLE_LIMIT_MS);
    file.idle.unref();
  }
}

async function inTurn(before: Promise<void>, handle: FileHandle, bytes: Uint8Array): Promise<void> {
  await before;
  await handle.appendFile(bytes);
}

async function drop({ work, handle, temporary }: OpenExport): Promise<void> {
  // A write that failed has told so to whom it concerns.
  await work.catch(() => undefined);
  await handle.close().catch(() => undefined);
  await rm(temporary, { force: true });
}

async function orNotWritten<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new MavisError('client.file-not-written', { reason: error instanceof Error && 'code' in error ? String(error.code) : '' }, { cause: error });
  }
}
