import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { MOST_CLIPBOARD_FILES } from '../../shared/ipc/clipboard-files.ts';
import { localError } from './local-errors.ts';
import { openSource } from './local-source.ts';

/** Files of one offer that are open at once: a target reads one after the other, and seldom a few side by side. */
const MOST_OPEN = 8;

/** A file of this computer, as a page may know of it. */
export interface OfferedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

interface Offer {
  readonly paths: readonly string[];
  readonly sizes: readonly number[];
  /** Those that are being opened among them: two reads side by side open one once, and an offer that goes closes it. */
  readonly open: Map<number, Promise<FileHandle>>;
}

/** Files that the user chose for a target's clipboard: pages name them by offer and place, and read pieces; main alone knows paths. One offer a session. */
export class ClipboardUploads {
  readonly #offers = new Map<string, Offer>();
  /** The offer of each session that was asked for last: one that takes longer to look at does not come over it, nor after its window has gone. */
  readonly #newest = new Map<string, symbol>();

  /** Offers files in place of what the session offered before; throws `files.*` where one is none or cannot be read, and `request.not-found` where another was offered meanwhile or the session's window has gone. */
  async offer(sessionId: string, paths: readonly string[]): Promise<readonly OfferedFile[]> {
    if (paths.length > MOST_CLIPBOARD_FILES) throw new MavisError('request.invalid', { field: 'files' });
    const mine = Symbol(sessionId);
    this.#newest.set(sessionId, mine);
    await this.#forget(sessionId);
    const files: OfferedFile[] = [];
    for (const path of paths) {
      const { file, stands } = await openSource(path);
      await file.close();
      files.push({ name: basename(path), sizeBytes: stands.size, modifiedAtMs: Math.floor(stands.mtimeMs) });
    }
    if (this.#newest.get(sessionId) !== mine) throw new MavisError('request.not-found');
    this.#offers.set(sessionId, { paths, sizes: files.map(({ sizeBytes }) => sizeBytes), open: new Map() });
    return files;
  }

  /** A piece of a file, shorter only at its end. Throws `request.not-found`, `files.changed`, `files.*`. */
  async read(sessionId: string, place: number, at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const offer = this.#offers.get(sessionId);
    const path = offer?.paths[place];
    if (offer === undefined || path === undefined) throw new MavisError('request.not-found');
    const file = await (offer.open.get(place) ?? this.#openOf(offer, place, path));
    try {
      const piece = new Uint8Array(bytes);
      let read = 0;
      for (let more = 1; more > 0 && read < bytes; read += more) ({ bytesRead: more } = await file.read(piece, read, bytes - read, at + read));
      if ((await file.stat()).size !== offer.sizes[place]) throw new MavisError('files.changed');
      return piece.subarray(0, read);
    } catch (error) {
      throw localError(error);
    }
  }

  /** Nothing more is read of what a session offered. */
  async drop(sessionId: string): Promise<void> {
    this.#newest.delete(sessionId);
    await this.#forget(sessionId);
  }

  async #forget(sessionId: string): Promise<void> {
    const offer = this.#offers.get(sessionId);
    this.#offers.delete(sessionId);
    for (const opened of offer?.open.values() ?? []) await closed(opened);
  }

  async #openOf(offer: Offer, place: number, path: string): Promise<FileHandle> {
    const [oldest] = offer.open;
    const opened = openSource(path).then(({ file }) => file);
    offer.open.set(place, opened);
    const over = offer.open.size > MOST_OPEN ? oldest : undefined;
    if (over !== undefined) offer.open.delete(over[0]);
    try {
      const [file] = await Promise.all([opened, over && closed(over[1])]);
      return file;
    } catch (error) {
      offer.open.delete(place);
      throw error;
    }
  }
}

/** Closes a file, if it could be opened. */
async function closed(opened: Promise<FileHandle>): Promise<void> {
  await opened.then((file) => file.close()).catch(() => undefined);
}
