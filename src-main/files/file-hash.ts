import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { openFlag } from '../../shared/sftp/sftp-constants.ts';
import { localError } from './local-errors.ts';
import type { RemoteHandle, SftpClient } from './sftp-client.ts';

/** Reads under way at once: with 128 KiB each 4 MiB, which keep a line of 50 ms at 80 MB/s full. */
const READS_AT_ONCE = 32;
/** Large reads of a local file are few round trips to the system's pool. */
const LOCAL_PIECE_BYTES = 1024 * 1024;
/** No file is larger; a server that never ends one gets no answer read for ever (A5). */
const MOST_BYTES = 2 ** 50;

/** SHA-256 of a file of this computer, in hexadecimal digits. A link in its place is not followed. Rejects with MavisError, or the signal's reason. */
export async function hashLocal(path: string, signal: AbortSignal): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      const hash = createHash('sha256');
      const piece = Buffer.allocUnsafeSlow(LOCAL_PIECE_BYTES);
      for (;;) {
        signal.throwIfAborted();
        const { bytesRead } = await file.read(piece, 0, piece.length, null);
        if (bytesRead === 0) return hash.digest('hex');
        hash.update(piece.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : localError(error);
  }
}

/** SHA-256 of a file of the target, in hexadecimal digits: it is read from beginning to end, as a download does. Rejects with MavisError, or the signal's reason. */
export async function hashRemote(client: SftpClient, path: string, signal: AbortSignal): Promise<string> {
  const handle = await client.openFile(path, openFlag.read);
  try {
    const hash = createHash('sha256');
    for await (const piece of piecesOf(client, handle, signal)) hash.update(piece);
    return hash.digest('hex');
  } finally {
    // What was read is known, whatever the target says of its end.
    await client.closeHandle(handle).catch(() => undefined);
  }
}

/** Reads a file on both sides from beginning to end, and rejects with `files.hash-differs` where they are not the same. */
export async function requireSame(client: SftpClient, remotePath: string, localPath: string, signal: AbortSignal): Promise<void> {
  const [there, here] = await Promise.all([hashRemote(client, remotePath, signal), hashLocal(localPath, signal)]);
  if (there !== here) throw new MavisError('files.hash-differs');
}

/** The bytes of an open file in order; reads go ahead of what is taken, the further the more came: a small file is one read. */
async function* piecesOf(client: SftpClient, handle: RemoteHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const length = client.sizes.read;
  const ahead: Promise<Uint8Array[]>[] = [];
  try {
    for (let asked = 0, at = 0, most = 1; at < MOST_BYTES; at += length, most = Math.min(2 * most, READS_AT_ONCE)) {
      for (; ahead.length < most; asked += length) {
        const piece = readWhole(client, handle, asked, length);
        // Whoever stops before it comes does not wait for it.
        piece.catch(() => undefined);
        ahead.push(piece);
      }
      const pieces = (await ahead.shift()) ?? [];
      signal.throwIfAborted();
      yield* pieces;
      if (pieces.reduce((sum, { length: bytes }) => sum + bytes, 0) < length) return;
    }
    throw new MavisError('target.protocol-error');
  } finally {
    await Promise.allSettled(ahead);
  }
}

/** So many bytes from an offset, in as many answers as the target needs; fewer only at the file's end. */
async function readWhole(client: SftpClient, handle: RemoteHandle, from: number, length: number): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (let at = from; at < from + length; ) {
    const piece = await client.readPiece(handle, at, from + length - at);
    if (piece === undefined || piece.length === 0) break;
    if (piece.length > from + length - at) throw new MavisError('target.protocol-error');
    pieces.push(piece);
    at += piece.length;
  }
  return pieces;
}
