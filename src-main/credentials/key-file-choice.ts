import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** As the service takes a private key (`shared/api/credentials.ts`); a larger file is another one that was chosen by mistake. */
const MOST_BYTES = 32_768;
/** What files of private keys begin with: PEM and OpenSSH (RFC 7468), and PuTTY's. Nothing else that a user has goes to the service by a slip. */
const KEY_FILE = /^(?:-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|PuTTY-User-Key-File-\d+: )/m;

/** The file of a private key that the user chose for a credential he is about to save: the page learns its name and an id, never its path or what it holds. */
export class KeyFileChoice {
  readonly #ask: () => Promise<string | undefined>;
  #chosen: { readonly id: string; readonly path: string } | undefined;

  /** `ask` shows the system's dialog; undefined where the user chose none. */
  constructor(ask: () => Promise<string | undefined>) {
    this.#ask = ask;
  }

  /** Asks the user for a file; null where he chose none, and what he chose before holds. Throws `client.key-file-unreadable` for one that is no private key. */
  async choose(): Promise<{ readonly id: string; readonly name: string } | null> {
    const path = await this.#ask();
    if (path === undefined) return null;
    await readKey(path);
    this.#chosen = { id: randomUUID(), path };
    return { id: this.#chosen.id, name: basename(path) };
  }

  /** The key in the file that was chosen last, read now: none is kept in memory meanwhile. Throws `client.key-file-unreadable`. */
  async read(id: string): Promise<string> {
    if (this.#chosen?.id !== id) throw new MavisError('client.key-file-unreadable');
    return readKey(this.#chosen.path);
  }

  /** The credential is saved: the file is not read again. */
  forget(): void {
    this.#chosen = undefined;
  }
}

async function readKey(path: string): Promise<string> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new RangeError('too large');
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new MavisError('client.key-file-unreadable', {}, { cause: error });
  }
  if (!KEY_FILE.test(text)) throw new MavisError('client.key-file-unreadable');
  return text;
}
