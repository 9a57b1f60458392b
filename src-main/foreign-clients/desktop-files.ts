import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ForeignClientId } from '../../shared/ipc/stores.ts';
import { saveTextFile } from '../stored-files/text-file.ts';

/** Files that clients of RDP open, in a folder of their own among the app's files; each holds a one-time password and goes with its port. */
export class DesktopFiles {
  readonly #folder: string;

  constructor(userDataFolder: string) {
    this.#folder = join(userDataFolder, 'rdp');
  }

  /** Writes one, whole and for this account alone; gives its path. Rejects with `client.file-not-written`. */
  async write(id: ForeignClientId, text: string): Promise<string> {
    const path = this.#pathOf(id);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await saveTextFile(path, text);
    return path;
  }

  /** Takes one away; one that is not there is none. Rejects with the system's error. */
  async remove(id: ForeignClientId): Promise<void> {
    await rm(this.#pathOf(id), { force: true });
  }

  /** Takes away what an app that was killed has left. Rejects with the system's error. */
  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #pathOf(id: ForeignClientId): string {
    return join(this.#folder, `${id}.rdp`);
  }
}
