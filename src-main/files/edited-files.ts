import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { EditedFile, EditStep } from '../../shared/ipc/files-port.ts';
import { EditedCopy, type EditParts } from './edited-file.ts';
import { remoteChild } from './file-transfer.ts';

/** A person has a few files open; each is looked at every second. */
const MOST_EDITED = 50;

/** The files of a session that are open in the user's own programs. */
export class EditedFiles {
  readonly #parts: Omit<EditParts, 'changed'>;
  readonly #tell: (edits: readonly EditedFile[]) => void;
  readonly #copies = new Map<number, EditedCopy>();
  #numbers = 0;
  #over = false;

  constructor(parts: Omit<EditParts, 'changed'>, tell: (edits: readonly EditedFile[]) => void) {
    this.#parts = parts;
    this.#tell = tell;
  }

  /** Brings a file and has it opened; one that is open is opened again. Rejects with MavisError. */
  async open(folder: string, name: string): Promise<void> {
    const path = await this.#parts.means.client.realPath(remoteChild(folder, name));
    const known = [...this.#copies.values()].find((copy) => copy.isOf(path));
    if (known !== undefined) {
      await known.take('open');
      return;
    }
    if (this.#copies.size >= MOST_EDITED) throw new MavisError('request.too-many', { seconds: 60 });
    const copy = new EditedCopy((this.#numbers += 1), path, name, { ...this.#parts, changed: () => this.tellNow() });
    this.#copies.set(copy.id, copy);
    this.tellNow();
    try {
      await copy.open();
    } catch (error) {
      this.#drop(copy);
      throw error;
    }
  }

  /** Throws `request.not-found`, and what a step throws. */
  async take(id: number, step: EditStep): Promise<void> {
    const copy = this.#copies.get(id);
    if (copy === undefined) throw new MavisError('request.not-found');
    if (this.#over) {
      this.#drop(copy);
      return;
    }
    await copy.take(step);
    if (step === 'discard' || (step === 'close' && copy.shown.status === 'open')) this.#drop(copy);
  }

  notOpened(path: string): void {
    for (const copy of this.#copies.values()) copy.notOpened(path);
  }

  tellNow(): void {
    this.#tell([...this.#copies.values()].map(({ shown }) => shown));
  }

  /** The session is over. Never rejects. */
  async leave(reason: MavisError): Promise<void> {
    this.#over = true;
    await Promise.allSettled([...this.#copies.values()].map((copy) => copy.leave(reason)));
  }

  #drop(copy: EditedCopy): void {
    this.#copies.delete(copy.id);
    this.tellNow();
  }
}
