import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { CLOSING_ROOM_BYTES } from '../../shared/recording/container.ts';
import type { ResumePoint } from '../../shared/recording/container-writer.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { freeMemory } from '../../shared/proxy-stream/free-memory.ts';
import { limited } from '../clock/limited.ts';

/** Synced at least every second (S15); a little sooner, so that the sync itself fits in. */
const SYNC_EVERY_MS = 900;
/** A disk that takes longer than this for one write or sync has failed: the session ends rather than run unrecorded. */
const DISK_LIMIT_MS = 20_000;
/** More than this waiting for the disk stops the reading of the target: bounds memory, and is 20 ms of an ordinary disk. */
const CONGESTED_BYTES = 4 * 1024 * 1024;

/** The records of one write, and where the container stands behind them. */
interface Pending {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly after: ResumePoint;
}

/**
 * One recording's file: appends records in order, syncs them, and reports once where that fails. Opened so that no file that
 * is there is opened and no link followed (B6). 64 KiB of closing room are taken from the disk beforehand.
 */
export class RecordingFile {
  readonly #base: string;
  readonly #clock: Clock;
  readonly #failed: (error: MavisError) => void;
  #handle: FileHandle | undefined;
  #reserve: FileHandle | undefined;
  #name: string;
  #queue: Pending[] = [];
  #queuedBytes = 0;
  #stored: ResumePoint;
  #synced = 0;
  #position = 0;
  #work: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #syncTimer: Timer | undefined;
  #failure: MavisError | undefined;
  #waiting: { bytes: number; settle: (error?: MavisError) => void }[] = [];
  #uncongested: (() => void)[] = [];
  readonly #made: string[] = [];

  private constructor(base: string, clock: Clock, stored: ResumePoint, failed: (error: MavisError) => void) {
    this.#base = base;
    this.#name = `${base}.provisional`;
    this.#clock = clock;
    this.#stored = stored;
    this.#failed = failed;
  }

  /** Makes `<base>.provisional` with its preamble and the closing room; rejects with `session.recording-failed`. `failed` is called at most once, for a failure after that. */
  static async create(base: string, preamble: Uint8Array, start: ResumePoint, clock: Clock, failed: (error: MavisError) => void): Promise<RecordingFile> {
    const file = new RecordingFile(base, clock, start, failed);
    // Both are waited for, so that whichever came about is closed again where the other did not.
    const opened = await Promise.allSettled([file.#openMain(preamble), file.#openReserve()]);
    const refused = opened.find((one) => one.status === 'rejected');
    if (refused === undefined) return file;
    await file.discard();
    throw recordingFailed(refused.reason);
  }

  /** Where the container stands behind all that was stored. */
  get stored(): ResumePoint {
    return this.#stored;
  }

  get failure(): MavisError | undefined {
    return this.#failure;
  }

  /** Too much waits for the disk: read no more from the target until `uncongested`. */
  get congested(): boolean {
    return this.#queuedBytes > CONGESTED_BYTES;
  }

  uncongested(): Promise<void> {
    return this.congested ? new Promise((resolve) => this.#uncongested.push(resolve)) : Promise.resolve();
  }

  /** Stores records; `after` is where the container stands behind them. Does nothing once the file has failed. */
  append(parts: readonly Uint8Array[], after: ResumePoint): void {
    if (this.#failure !== undefined) return;
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    this.#queue.push({ parts, bytes, after });
    this.#queuedBytes += bytes;
    this.#work ??= this.#writeAll();
  }

  /** Resolves when all that was appended so far is on the disk; rejects with `session.recording-failed`. */
  durable(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const bytes = this.#position + this.#queuedBytes;
    if (this.#synced >= bytes) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, settle: (error) => (error === undefined ? resolve() : reject(error)) });
      this.#syncForWaiting();
    });
  }

  /** The recording stands: its file is named `.live`, and a crash from now on leaves a recovered recording. */
  async stand(): Promise<void> {
    await this.#rename('live');
  }

  /** Stores the closing records, gives the room back, and names the file `.sealed`. Where the disk takes no more, the records go into the closing room. */
  async close(closing: (stored: ResumePoint) => readonly Uint8Array[]): Promise<void> {
    await this.#settled();
    const records = Buffer.concat(closing(this.#stored));
    const handle = this.#handle;
    if (handle === undefined) throw recordingFailed(new Error('closed'));
    const inRoom = this.#failure !== undefined || !(await this.#storeClosing(handle, records));
    if (inRoom) await this.#closeInRoom(handle, records);
    await handle.close();
    this.#handle = undefined;
    await this.#reserve?.close();
    this.#reserve = undefined;
    if (inRoom) await rename(`${this.#base}.reserve`, `${this.#base}.tail`);
    await this.#rename('sealed');
    if (!inRoom) await unlink(`${this.#base}.reserve`);
    for (const one of this.#waiting.splice(0)) one.settle(this.#failure);
  }

  /** Deletes the file: nothing was connected. */
  async discard(): Promise<void> {
    this.#failure ??= recordingFailed(new Error('discarded'));
    await this.#settled();
    await Promise.allSettled([this.#handle?.close(), this.#reserve?.close()]);
    this.#handle = undefined;
    this.#reserve = undefined;
    // Only what this recording made: where the name was taken, what has it stays.
    await Promise.allSettled(this.#made.map((path) => unlink(path)));
  }

  async #settled(): Promise<void> {
    while (this.#work !== undefined || this.#syncing !== undefined) await (this.#work ?? this.#syncing);
    this.#syncTimer?.cancel();
    this.#syncTimer = undefined;
  }

  async #openMain(preamble: Uint8Array): Promise<void> {
    this.#handle = await open(this.#name, CREATE_ONLY, 0o600);
    this.#made.push(this.#name);
    await writeWhole(this.#handle, preamble, 0);
    this.#position = preamble.length;
  }

  async #openReserve(): Promise<void> {
    this.#reserve = await open(`${this.#base}.reserve`, CREATE_ONLY, 0o600);
    this.#made.push(`${this.#base}.reserve`);
    await writeWhole(this.#reserve, Buffer.alloc(CLOSING_ROOM_BYTES), 0);
  }

  async #rename(kind: 'live' | 'sealed'): Promise<void> {
    const name = `${this.#base}.${kind}`;
    await rename(this.#name, name);
    this.#name = name;
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#queue.length > 0 && this.#failure === undefined) await this.#writeBatch(this.#queue.splice(0, 64));
    } catch (cause) {
      this.#fail(recordingFailed(cause));
    } finally {
      this.#work = undefined;
    }
  }

  async #writeBatch(batch: readonly Pending[]): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) throw new Error('closed');
    const { written, error } = await this.#limited(writeParts(handle, batch.flatMap((one) => one.parts), this.#position));
    this.#noteStored(batch, written);
    if (error !== undefined) throw error;
    for (const { parts } of batch) for (const part of parts) freeMemory(part);
    this.#syncForWaiting();
    this.#syncTimer ??= this.#clock.setTimer(() => {
      this.#syncTimer = undefined;
      this.#startSync();
    }, SYNC_EVERY_MS);
    if (!this.congested) for (const go of this.#uncongested.splice(0)) go();
  }

  /** Counts the whole records among what was written: those are kept, whatever became of the rest. */
  #noteStored(batch: readonly Pending[], written: number): void {
    let end = 0;
    for (const one of batch) {
      end += one.bytes;
      if (end > written) return;
      this.#position += one.bytes;
      this.#stored = one.after;
      // A sync that failed meanwhile has emptied the queue.
      if (this.#failure === undefined) this.#queuedBytes -= one.bytes;
    }
  }

  /** Syncs where that settles somebody. */
  #syncForWaiting(): void {
    if (this.#waiting.some(({ bytes }) => bytes <= this.#position)) this.#startSync();
  }

  /** Beside the writing, which a sync of what a second brought would hold up for a tenth of it; what comes meanwhile is the next one's. */
  #startSync(): void {
    const handle = this.#handle;
    if (handle === undefined || this.#syncing !== undefined || this.#failure !== undefined || this.#synced === this.#position) return;
    this.#syncing = this.#sync(handle);
  }

  async #sync(handle: FileHandle): Promise<void> {
    const position = this.#position;
    try {
      await this.#limited(handle.datasync());
      this.#synced = position;
      const done = this.#waiting.filter((one) => one.bytes <= position);
      this.#waiting = this.#waiting.filter((one) => one.bytes > position);
      for (const one of done) one.settle();
    } catch (cause) {
      this.#fail(recordingFailed(cause));
    } finally {
      this.#syncing = undefined;
    }
    // What was written meanwhile and has no timer ahead had its second while this sync ran: there may be no other write to bring the next.
    if (this.#syncTimer === undefined) this.#startSync();
    this.#syncForWaiting();
  }

  #limited<T>(work: Promise<T>): Promise<T> {
    return limited(work, this.#clock, DISK_LIMIT_MS, () => new Error('the disk did not answer'));
  }

  #fail(error: MavisError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const one of this.#waiting.splice(0)) one.settle(error);
    for (const go of this.#uncongested.splice(0)) go();
    this.#failed(error);
  }

  async #storeClosing(handle: FileHandle, records: Uint8Array): Promise<boolean> {
    try {
      await this.#limited(writeWhole(handle, records, this.#position));
      await this.#limited(handle.datasync());
      this.#position += records.length;
      this.#synced = this.#position;
      return true;
    } catch (cause) {
      this.#failure ??= recordingFailed(cause);
      return false;
    }
  }

  async #closeInRoom(handle: FileHandle, records: Uint8Array): Promise<void> {
    // What was written beyond the last whole record is cut off; the seal continues there, in the room that was taken before.
    await handle.truncate(this.#stored.bytes);
    const reserve = this.#reserve;
    if (reserve === undefined || records.length > CLOSING_ROOM_BYTES) throw recordingFailed(new Error('no closing room'));
    await writeWhole(reserve, records, 0);
    await reserve.truncate(records.length);
    await reserve.datasync();
  }
}

/** Never an existing file, never through a link (B6). */
const CREATE_ONLY = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** `session.recording-failed` around what the disk said. */
export function recordingFailed(cause: unknown): MavisError {
  return cause instanceof MavisError ? cause : new MavisError('session.recording-failed', {}, { cause });
}

async function writeWhole(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  const { error } = await writeParts(handle, [bytes], position);
  if (error !== undefined) throw error;
}

/** Writes the parts one after the other; says how many bytes came to the file, and why not all of them did. */
async function writeParts(handle: FileHandle, parts: readonly Uint8Array[], position: number): Promise<{ written: number; error: unknown }> {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  let written = 0;
  try {
    ({ bytesWritten: written } = await handle.writev([...parts], position));
    // A full disk takes a part: the next write says why it takes no more.
    while (written < bytes) {
      const rest = Buffer.concat(parts).subarray(written);
      const { bytesWritten } = await handle.write(rest, 0, rest.length, position + written);
      if (bytesWritten === 0) return { written, error: new Error('the disk takes no more') };
      written += bytesWritten;
    }
    return { written, error: undefined };
  } catch (error) {
    return { written, error };
  }
}
