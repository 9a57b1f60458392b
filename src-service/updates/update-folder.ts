import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { addressGroup } from '../../shared/refused-peers/address-group.ts';

/** So many files are sent at once: a department that updates in one morning fits, and a flood leaves sockets and disk to everybody else. */
const MOST_AT_ONCE = 64;
/** And to one address, or one IPv6 network, so many. */
const MOST_TO_ONE = 16;
/** Who has not read a package by then (100 MB at 30 kB/s) holds a place for nothing. */
const LONGEST_MS = 3_600_000;
/** When to ask again where all places are taken. */
const RETRY_SECONDS = 60;

/** The folder whose files the service gives out to clients that update themselves. Nothing is written to it. */
export class UpdateFolder {
  readonly #folder: string;
  /** The peers that files are being sent to, one entry a file. */
  readonly #sending: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * A file's bytes; the name is one of `feedFileName`, which no path can be. Throws `request.not-found` where there is no such file of its
   * own (links are none), and `request.too-many` where as many are being sent, to all or to this address, as may be. The stream ends with the signal.
   */
  async read(name: string, address: string, signal: AbortSignal): Promise<Readable> {
    const peer = addressGroup(address);
    if (this.#sending.length >= MOST_AT_ONCE || this.#sending.filter((one) => one === peer).length >= MOST_TO_ONE) throw new MavisError('request.too-many', { seconds: RETRY_SECONDS });
    this.#sending.push(peer);
    const done = (): void => void this.#sending.splice(this.#sending.indexOf(peer), 1);
    let file: FileHandle | undefined;
    try {
      file = await open(join(this.#folder, name), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
      if (!(await file.stat()).isFile()) throw new MavisError('request.not-found');
    } catch (error) {
      done();
      await file?.close();
      throw isAbsent(error) ? new MavisError('request.not-found') : error;
    }
    const bytes = file.createReadStream();
    const end = (): void => void bytes.destroy();
    const timer = setTimeout(end, LONGEST_MS);
    signal.addEventListener('abort', end, { once: true });
    bytes.once('close', () => {
      done();
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    });
    if (signal.aborted) end();
    return bytes;
  }
}

/** Not there, or a link. */
function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ELOOP' || error.code === 'ENOTDIR');
}
