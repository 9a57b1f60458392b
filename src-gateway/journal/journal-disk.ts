import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** A segment's file that is being appended to. */
export interface JournalFile {
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when everything appended so far would survive a power cut. */
  sync(): Promise<void>;
  truncate(lengthBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** The little of a file system that the journal needs; tests make it fail at the Nth call. */
export interface JournalDisk {
  /** Names of the segments, sorted. */
  list(): Promise<string[]>;
  read(name: string): Promise<Buffer>;
  create(name: string): Promise<JournalFile>;
  openAppend(name: string): Promise<JournalFile>;
  remove(name: string): Promise<void>;
  /** Takes room on the disk that `freeReserve` gives back, so that the last entries still fit when it is full. */
  takeReserve(bytes: number): Promise<void>;
  freeReserve(): Promise<void>;
}

const SEGMENT_NAME = /^segment-\d{16}\.jsonl$/;
const RESERVE_NAME = 'reserve';

/** The journal's folder on a real disk: mode 0700, files 0600, never followed through a symbolic link. */
export async function openJournalDisk(folder: string): Promise<JournalDisk> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    async list() {
      const names = await readdir(folder);
      return names.filter((name) => SEGMENT_NAME.test(name)).toSorted();
    },
    read: (name) => readFile(join(folder, name)),
    async create(name) {
      const handle = await open(join(folder, name), 'ax', 0o600);
      try {
        await syncFolder(folder);
      } catch (error) {
        await handle.close();
        throw error;
      }
      return journalFile(handle);
    },
    async openAppend(name) {
      return journalFile(await open(join(folder, name), constants.O_WRONLY | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0), 0o600));
    },
    async remove(name) {
      await rm(join(folder, name), { force: true });
      await syncFolder(folder);
    },
    async takeReserve(bytes) {
      const handle = await open(join(folder, RESERVE_NAME), 'w', 0o600);
      try {
        await handle.writeFile(Buffer.alloc(bytes));
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    freeReserve: () => rm(join(folder, RESERVE_NAME), { force: true }),
  };
}

function journalFile(handle: FileHandle): JournalFile {
  return {
    async append(bytes) {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, written, bytes.length - written);
        written += bytesWritten;
      }
    },
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

/** A new name in a folder is only safe when the folder is; Windows neither allows nor needs it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
