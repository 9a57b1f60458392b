import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { addressGroup } from '../../shared/refused-peers/address-group.ts';
import { isManifestFileName, MOST_ENVELOPE_BYTES } from '../../shared/updates/update-manifest.ts';

/** So many packages are sent at once: a department that updates in one morning fits, and a flood leaves sockets and disk to everybody else. */
const MOST_AT_ONCE = 64;
/** And to one address, or one IPv6 network, so many. */
const MOST_TO_ONE = 16;
/** Who has not read a package by then (100 MB at 30 kB/s) holds a place for nothing. */
const LONGEST_MS = 3_600_000;
/** A reader is looked at so often, and must have taken so much since: a third of the rate that the hour asks for, as a bad line has its pauses. Who takes less keeps others from the feed. */
const LOOK_EVERY_MS = 30_000;
export const LEAST_BYTES_A_LOOK = 256 * 1024;
/** When to ask again where all places are taken. */
const RETRY_SECONDS = 60;

/** Calls back again and again; gives the function that ends it. */
type Every = (milliseconds: number, run: () => void) => () => void;

/** The folder whose files the service gives out to clients that update themselves. Nothing is written to it. */
export class UpdateFolder {
  readonly #folder: string;
  /** The peers that files are being sent to, one entry a file. */
  readonly #sending: string[] = [];
  readonly #every: Every;

  constructor(folder: string, every: Every = everyInterval) {
    this.#folder = folder;
    this.#every = every;
  }

  /**
   * A file's bytes; the name is one of `feedFileName`, which no path can be. Throws `request.not-found` where there is no such file of its
   * own (links are none), and `request.too-many` where as many packages are being sent, to all or to this address, as may be. The stream
   * ends with the signal, after an hour, and where its reader takes too little. A manifest is given whole: it is small, and whoever holds all
   * the places keeps nobody from it; one that is larger than any of ours is none.
   */
  async read(name: string, address: string, signal: AbortSignal): Promise<Readable | Uint8Array> {
    return isManifestFileName(name) ? this.#manifest(name) : this.#package(name, address, signal);
  }

  async #manifest(name: string): Promise<Uint8Array> {
    const file = await this.#open(name);
    try {
      if ((await file.stat()).size > MOST_ENVELOPE_BYTES) throw new MavisError('request.not-found');
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  async #package(name: string, address: string, signal: AbortSignal): Promise<Readable> {
    const peer = addressGroup(address);
    if (this.#sending.length >= MOST_AT_ONCE || this.#sending.filter((one) => one === peer).length >= MOST_TO_ONE) throw new MavisError('request.too-many', { seconds: RETRY_SECONDS });
    this.#sending.push(peer);
    const release = (): void => void this.#sending.splice(this.#sending.indexOf(peer), 1);
    const file = await this.#open(name).catch((error: unknown) => {
      release();
      throw error;
    });
    const bytes = file.createReadStream();
    const end = (): void => void bytes.destroy();
    const timer = setTimeout(end, LONGEST_MS);
    let before = 0;
    const forget = this.#every(LOOK_EVERY_MS, () => {
      if (bytes.bytesRead - before < LEAST_BYTES_A_LOOK) end();
      before = bytes.bytesRead;
    });
    signal.addEventListener('abort', end, { once: true });
    bytes.once('close', () => {
      release();
      clearTimeout(timer);
      forget();
      signal.removeEventListener('abort', end);
    });
    if (signal.aborted) end();
    return bytes;
  }

  /** A file of the folder's own. */
  async #open(name: string): Promise<FileHandle> {
    let file: FileHandle | undefined;
    try {
      file = await open(join(this.#folder, name), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
      if (!(await file.stat()).isFile()) throw new MavisError('request.not-found');
      return file;
    } catch (error) {
      await file?.close();
      throw isAbsent(error) ? new MavisError('request.not-found') : error;
    }
  }
}

function everyInterval(milliseconds: number, run: () => void): () => void {
  const timer = setInterval(run, milliseconds);
  return () => clearInterval(timer);
}

/** Not there, or a link. */
function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ELOOP' || error.code === 'ENOTDIR');
}
