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
  readonly open: Map<number, FileHandle>;
}

/** Files that the user chose for a target's clipboard: pages name them by offer and place, and read pieces; main alone knows paths. One offer a session. */
export class ClipboardUploads {
  readonly #offers = new Map<string, Offer>();

  /** Offers files in place of what the session offered before; throws `files.*` where one is none or cannot be read. */
  async offer(sessionId: string, paths: readonly string[]): Promise<readonly OfferedFile[]> {
    if (paths.length > MOST_CLIPBOARD_FILES) throw new MavisError('request.invalid', { field: 'files' });
    await this.drop(sessionId);
    const files: OfferedFile[] = [];
    for (const path of paths) {
      const { file, stands } = await openSource(path);
      await file.close();
      files.push({ name: basename(path), sizeBytes: stands.size, modifiedAtMs: Math.floor(stands.mtimeMs) });
    }
    this.#offers.set(sessionId, { paths, sizes: files.map(({ sizeBytes }) => sizeBytes), open: new Map() });
    return files;
  }

  /** A piece of a file, shorter only at its end. Throws `request.not-found`, `files.changed`, `files.*`. */
  async read(sessionId: string, place: number, at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const offer = this.#offers.get(sessionId);
    const path = offer?.paths[place];
    if (offer === undefined || path === undefined) throw new MavisError('request.not-found');
    const file = offer.open.get(place) ?? (await this.#openOf(offer, place, path));
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
    const offer = this.#offers.get(sessionId);
    this.#offers.delete(sessionId);
    for (const file of offer?.open.values() ?? []) await file.close().catch(() => undefined);
  }

  async #openOf(offer: Offer, place: number, path: string): Promise<FileHandle> {
    const [oldest] = offer.open;
    if (offer.open.size >= MOST_OPEN && oldest !== undefined) {
      offer.open.delete(oldest[0]);
      await oldest[1].close().catch(() => undefined);
    }
    const { file } = await openSource(path);
    offer.open.set(place, file);
    return file;
  }
}
