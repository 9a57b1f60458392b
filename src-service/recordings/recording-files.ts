import { constants, type ReadStream } from 'node:fs';
import { access, chmod, link, mkdir, open, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { recordingId as recordingIdSchema, type RecordingId } from '../../shared/ids.ts';

/** Bytes read at once: a quarter of a block's greatest size would cost calls, more than a block would cost memory. */
const READ_BYTES = 256 * 1024;

/**
 * The folder of recordings: `YYYY/MM/<id>.mavisrec`, folders 0700, files 0400. Names are made of UUIDs alone (B6); a file is
 * written once, under another name until it is whole, and never overwritten; links are not followed.
 */
export class RecordingFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where a recording lies, relative to the folder: by the month (UTC) in which it began. */
  pathOf(recordingId: RecordingId, startedAt: Date): string {
    const month = startedAt.toISOString();
    return join(month.slice(0, 4), month.slice(5, 7), `${recordingIdSchema.parse(recordingId)}.mavisrec`);
  }

  /** Opens what was pulled so far, or begins it; gives how many bytes are there. The caller closes it. */
  async openPart(path: string): Promise<{ readonly file: FileHandle; readonly bytes: number }> {
    const part = this.#absolute(`${path}.part`);
    await mkdir(dirname(part), { recursive: true, mode: 0o700 });
    const file = await openNew(part) ?? (await open(part, constants.O_RDWR | constants.O_NOFOLLOW));
    const { size } = await file.stat();
    return { file, bytes: size };
  }

  /** Streams what was pulled. */
  readPart(path: string): Promise<ReadStream> {
    return this.#stream(`${path}.part`);
  }

  /** Forgets what was pulled: it is not what the gateway has. */
  async dropPart(path: string): Promise<void> {
    await unlink(this.#absolute(`${path}.part`));
  }

  /** Makes a whole part the recording. Where the recording stands already (a crash came between), that one stays. */
  async finishPart(path: string): Promise<void> {
    const part = this.#absolute(`${path}.part`);
    await chmod(part, 0o400);
    try {
      await link(part, this.#absolute(path));
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    await unlink(part);
    await syncFolder(dirname(part));
  }

  /** Whether the recording stands whole. */
  async exists(path: string): Promise<boolean> {
    try {
      return (await stat(this.#absolute(path))).isFile();
    } catch (error) {
      if (isCode(error, 'ENOENT')) return false;
      throw error;
    }
  }

  /** Streams a recording. */
  read(path: string): Promise<ReadStream> {
    return this.#stream(path);
  }

  /** Bytes that are free on the disk of the recordings. */
  async freeBytes(): Promise<number> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  /** Whether recordings can be stored now. */
  async writable(): Promise<boolean> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await access(this.#folder, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }

  /** The stream closes the file at its end, or when it is destroyed. */
  async #stream(path: string): Promise<ReadStream> {
    const file = await open(this.#absolute(path), constants.O_RDONLY | constants.O_NOFOLLOW);
    return file.createReadStream({ highWaterMark: READ_BYTES });
  }

  /** Paths come from `pathOf`, directly or by the store; one of another form is refused. */
  #absolute(path: string): string {
    if (!/^\d{4}[\\/]\d{2}[\\/][0-9a-f-]{36}\.mavisrec(\.part)?$/i.test(path)) throw new RangeError('path of a recording');
    return join(this.#folder, path);
  }
}

async function openNew(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return undefined;
    throw error;
  }
}

/** A new name survives a power cut only when its folder is on disk too; Windows has no such call and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
