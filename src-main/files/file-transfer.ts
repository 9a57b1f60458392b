import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { FileAttributes } from '../../shared/sftp/packet-fields.ts';
import { openFlag } from '../../shared/sftp/sftp-constants.ts';
import { requireSame } from './file-hash.ts';
import { errorCode, localError } from './local-errors.ts';
import { openSource } from './local-source.ts';
import { partialName } from './partial-name.ts';
import { isMissing } from './remote-errors.ts';
import type { Gate, RequestWindow } from './request-window.ts';
import type { PreparedPiece, RemoteHandle, SftpClient } from './sftp-client.ts';

/** A piece may be written before the one in front of it: what lies so far behind a part's end is sure to be whole, or is fetched again. */
const REACH_BYTES = 16 * 1024 * 1024;
/** Files that the system makes up say that they are empty; so much of one is taken, and no endless one more (A5). */
const MOST_UNSIZED_BYTES = 16 * 1024 * 1024;
/** Pieces of one file under way at once. The window of the whole connection bounds all of them together. */
const MOST_PIECES = 64;

/** What all transfers of a session share. */
export interface TransferMeans {
  readonly client: SftpClient;
  /** Pieces under way, of all files together. */
  readonly window: RequestWindow;
}

/** How one file is followed and steered. */
export interface TransferControl {
  readonly signal: AbortSignal;
  readonly gate: Gate;
  /** Whether both sides are read again and compared before the file gets its name. */
  readonly verify: boolean;
  /** Called with bytes that came to stay; `from` once, with what a part held already. */
  readonly progress: (bytes: number) => void;
  /** The target did not take a file's times or permissions; the file itself is whole. */
  readonly attributesRefused?: () => void;
}

export interface FileFacts {
  readonly size: number;
  readonly mode: number | undefined;
  readonly modifiedAtSeconds: number;
}

/** What a listing says of a file of the target, as a transfer needs it. A size that no file has is refused (A5). */
export function factsOf({ size = 0, mode, times }: FileAttributes): FileFacts {
  if (!Number.isSafeInteger(size)) throw new MavisError('target.protocol-error');
  return { size, mode, modifiedAtSeconds: times?.modifiedAtSeconds ?? 0 };
}

/**
 * Brings a file of the target here. It is written under another name and takes its own when it is whole; a link planted there
 * meanwhile is not followed (A3). Goes on with a part of the same file. Rejects with MavisError; the part stays then.
 */
export async function downloadFile({ client, window }: TransferMeans, remotePath: string, folder: string, name: string, facts: FileFacts, control: TransferControl): Promise<void> {
  const part = join(folder, partialName(name, facts));
  const { file, from, isNew } = await openPart(part);
  try {
    control.progress(from);
    const handle = await client.openFile(remotePath, openFlag.read);
    try {
      const end = await fetchPieces({ client, window }, handle, file, from, facts.size, control);
      if (facts.size > 0 && end !== facts.size) throw new MavisError('files.changed');
      // What is written never lies behind the end; what a part held before may.
      if (!isNew) await file.truncate(end);
    } finally {
      await client.closeHandle(handle).catch(() => undefined);
    }
    // Never the bits by which a program would run as another user.
    if (facts.mode !== undefined && process.platform !== 'win32') await file.chmod((facts.mode & 0o777) | 0o600);
    await file.utimes(facts.modifiedAtSeconds, facts.modifiedAtSeconds);
  } catch (error) {
    if (wasCancelled(control.signal)) await unlink(part).catch(() => undefined);
    throw control.signal.aborted ? control.signal.reason : localError(error);
  } finally {
    await file.close();
  }
  if (control.verify) await requireSame(client, remotePath, part, control.signal).catch(async (error: unknown) => {
    // A part that is not the same does not become so by what is added to it.
    if (isDifferent(error) || wasCancelled(control.signal)) await unlink(part).catch(() => undefined);
    throw error;
  });
  await rename(part, join(folder, name)).catch((error: unknown) => {
    throw localError(error);
  });
}

async function openPart(path: string): Promise<{ file: FileHandle; from: number; isNew: boolean }> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;
  try {
    try {
      return { file: await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), from: 0, isNew: true };
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const stands = await lstat(path);
    if (!stands.isFile()) throw new MavisError('files.exists');
    return { file: await open(path, O_WRONLY | O_NOFOLLOW), from: Math.max(0, stands.size - REACH_BYTES), isNew: false };
  } catch (error) {
    throw localError(error);
  }
}

/** Fetches pieces side by side from an offset to the file's end, and gives where that is. */
async function fetchPieces({ client, window }: TransferMeans, handle: RemoteHandle, file: FileHandle, from: number, size: number, { signal, gate, progress }: TransferControl): Promise<number> {
  const most = size > 0 ? size : MOST_UNSIZED_BYTES;
  const length = client.sizes.read;
  let end = Number.POSITIVE_INFINITY;
  const fetchOne = async (start: number, wanted: number): Promise<void> => {
    for (let at = start; at < start + wanted && at < end; ) {
      const bytes = await client.readPiece(handle, at, start + wanted - at);
      signal.throwIfAborted();
      if (bytes === undefined || bytes.length === 0) {
        end = Math.min(end, at);
        return;
      }
      if (bytes.length > wanted || at + bytes.length > most) throw new MavisError('files.changed');
      await writeWhole(file, bytes, at);
      at += bytes.length;
      progress(bytes.length);
    }
  };
  // The last piece looks for the end behind the file: without it nobody knows that the file was taken whole.
  const next = (at: number): number => (at < most ? Math.min(at + length, most) : at + 1);
  await sideBySide({ window, signal, gate, from: Math.min(from, most), more: (at) => at < end && at <= most, next, work: (at) => fetchOne(at, next(at) - at), most: size > 0 ? MOST_PIECES : 1 });
  return end === Number.POSITIVE_INFINITY ? most : end;
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/**
 * Brings a local file to the target, under another name until it is whole. Goes on with a part of the same file.
 * @param replace whether a file of that name gives way
 * @param mode the permissions that it gets, the local file's where they are left out
 */
export async function uploadFile({ client, window }: TransferMeans, localPath: string, remoteFolder: string, name: string, { replace, mayHavePart, mode }: { readonly replace: boolean; readonly mayHavePart: boolean; readonly mode?: number | undefined }, control: TransferControl): Promise<void> {
  const { file, stands } = await openSource(localPath);
  let target: RemoteHandle | undefined;
  let part: string | undefined;
  try {
    const facts = { size: stands.size, modifiedAtSeconds: Math.floor(stands.mtimeMs / 1000) };
    const permissions = mode ?? stands.mode & 0o777;
    part = remoteChild(remoteFolder, partialName(name, facts));
    const from = mayHavePart ? await partAt(client, part, facts.size) : 0;
    target = await client.openFile(part, openFlag.write | openFlag.create | (from > 0 ? 0 : openFlag.truncate), permissions);
    control.progress(from);
    const handle = target;
    const unchanged = async (): Promise<void> => {
      const after = await file.stat();
      if (after.size !== stands.size || after.mtimeMs !== stands.mtimeMs) throw new MavisError('files.changed');
    };
    // In one go: a server takes what concerns one file in order. One that keeps modes or times of its own has the file whole all the same.
    const finish = async (): Promise<void> => {
      target = undefined;
      const kept = client.changeOpen(handle, { mode: permissions, times: { accessedAtSeconds: Math.floor(stands.atimeMs / 1000), modifiedAtSeconds: facts.modifiedAtSeconds } }).catch(() => control.attributesRefused?.());
      await Promise.all([kept, client.closeHandle(handle)]);
    };
    if (from === 0 && facts.size > 0 && facts.size <= client.sizes.write) await sendWhole({ client, window }, file, handle, facts.size, control, { unchanged, finish });
    else {
      await sendPieces({ client, window }, file, handle, from, facts.size, control);
      await unchanged();
      await finish();
    }
    if (control.verify) await requireSame(client, part, localPath, control.signal);
    await client.rename(part, remoteChild(remoteFolder, name), replace);
  } catch (error) {
    if (part !== undefined && (isDifferent(error) || wasCancelled(control.signal))) await client.remove(part).catch(() => undefined);
    throw await uploadError(client, remoteFolder, control.signal.aborted ? control.signal.reason : localError(error));
  } finally {
    if (target !== undefined) await client.closeHandle(target).catch(() => undefined);
    await file.close();
  }
}

/** Whether the user gave a transfer up: then its part goes. One that a lost session ended can go on another time. */
function wasCancelled({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof MavisError && reason.code === 'connect.cancelled';
}

function isDifferent(error: unknown): boolean {
  return error instanceof MavisError && error.code === 'files.hash-differs';
}

/** A path in a folder of the target. */
export function remoteChild(folder: string, name: string): string {
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

async function partAt(client: SftpClient, part: string, size: number): Promise<number> {
  try {
    const { size: there = 0 } = await client.attributes(part);
    return there <= size ? Math.max(0, there - REACH_BYTES) : 0;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

/** Sends a file of one piece, and its end with it: a round trip less, which is a third of what a small file takes. */
async function sendWhole({ client, window }: TransferMeans, file: FileHandle, handle: RemoteHandle, size: number, { signal, gate, progress }: TransferControl, { unchanged, finish }: { readonly unchanged: () => Promise<void>; readonly finish: () => Promise<void> }): Promise<void> {
  const work = async (): Promise<void> => {
    const piece = await readPiece(client, file, handle, 0, size);
    await unchanged();
    await Promise.all([writePiece(client, handle, 0, piece, size), finish()]);
    progress(size);
  };
  await sideBySide({ window, signal, gate, from: 0, more: (at) => at < size, next: (at) => at + size, work, most: 1 });
}

async function sendPieces({ client, window }: TransferMeans, file: FileHandle, handle: RemoteHandle, from: number, size: number, { signal, gate, progress }: TransferControl): Promise<void> {
  const length = client.sizes.write;
  const sendOne = async (at: number): Promise<void> => {
    const wanted = Math.min(length, size - at);
    await writePiece(client, handle, at, await readPiece(client, file, handle, at, wanted), wanted);
    progress(wanted);
  };
  await sideBySide({ window, signal, gate, from, more: (at) => at < size, next: (at) => at + length, work: sendOne, most: MOST_PIECES });
}

/** Writes a piece. A target that opened the file and fails in it, without a word for why, takes no more: most often a quota. */
async function writePiece(client: SftpClient, handle: RemoteHandle, at: number, piece: PreparedPiece, length: number): Promise<void> {
  await client.writePiece(handle, at, piece, length).catch((error: unknown) => {
    throw error instanceof MavisError && error.code === 'files.target-failed' ? new MavisError('files.not-taken', error.args, { cause: error }) : error;
  });
}

/** A piece of a local file as the packet that writes it. Throws `files.changed` where the file ends before. */
async function readPiece(client: SftpClient, file: FileHandle, handle: RemoteHandle, at: number, wanted: number): Promise<PreparedPiece> {
  const piece = client.preparePiece(handle, wanted);
  let read = 0;
  while (read < wanted) {
    const { bytesRead } = await file.read(piece.data, read, wanted - read, at + read);
    if (bytesRead === 0) throw new MavisError('files.changed');
    read += bytesRead;
  }
  return piece;
}

interface SideBySide {
  readonly window: RequestWindow;
  readonly signal: AbortSignal;
  readonly gate: Gate;
  readonly from: number;
  /** Where the next piece begins. */
  readonly next: (at: number) => number;
  readonly most: number;
  readonly more: (at: number) => boolean;
  readonly work: (at: number) => Promise<void>;
}

/** Works on pieces one behind the other, several at once; the first failure ends it when what is under way is back. */
async function sideBySide({ window, signal, gate, from, next, most, more, work }: SideBySide): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (let at = from; more(at) && failures.length === 0; at = next(at)) {
    if (gate.closed) await gate.pass(signal);
    if (signal.aborted) break;
    const place = window.enter(signal);
    if (place !== undefined) await place;
    const one: Promise<void> = work(at)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => {
        window.leave();
        running.delete(one);
      });
    running.add(one);
    if (running.size >= most) await Promise.race(running);
  }
  await Promise.all(running);
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}

/** Version 3 has no word for a full disk: where the target failed and has no room left, that was it. */
async function uploadError(client: SftpClient, folder: string, error: unknown): Promise<unknown> {
  if (!(error instanceof MavisError) || (error.code !== 'files.target-failed' && error.code !== 'files.not-taken')) return error;
  const free = await client.freeBytes(folder).catch(() => undefined);
  return free !== undefined && free < NO_ROOM_BYTES ? new MavisError('files.no-space', {}, { cause: error }) : error;
}

/** Less than a piece: what a full disk still shows as free. */
const NO_ROOM_BYTES = 128 * 1024;
