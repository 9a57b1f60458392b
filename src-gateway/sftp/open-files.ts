import type { FileOperation } from '../../shared/recording/file-operation.ts';
import { TransferredBytes } from './transferred-bytes.ts';

/** Handles at once: a client has a few files under way, and OpenSSH's server gives out no more than the system's limit of open files. */
export const MOST_OPEN = 256;

/** An open file or folder of the client's, and what has crossed of it. */
export class OpenFile {
  readonly path: string;
  readonly way: 'download' | 'upload' | 'both' | 'list';
  readonly #read = new TransferredBytes();
  readonly #written = new TransferredBytes();
  #entries = 0;
  #status: number | undefined;
  #end = Number.POSITIVE_INFINITY;

  /** @param fromEmpty whether the file holds nothing but what is written now, each piece where the client says */
  constructor(path: string, way: OpenFile['way'], fromEmpty: boolean) {
    this.path = path;
    this.way = way;
    if (!fromEmpty) this.#written.giveUpHash();
  }

  /** The target says that the file ends here or before. */
  endsAt(offset: number): void {
    this.#end = Math.min(this.#end, offset);
  }

  read(offset: number, bytes: Uint8Array): void {
    this.#read.take(offset, bytes);
  }

  written(offset: number, bytes: Uint8Array): void {
    this.#written.take(offset, bytes);
  }

  listed(entries: number): void {
    this.#entries += entries;
  }

  /** The client cut or stretched the file: what was written is not what it holds. */
  sizeChanged(): void {
    this.#written.giveUpHash();
  }

  /** The target refused a piece. */
  failed(status: number): void {
    this.#status ??= status;
    this.#written.giveUpHash();
  }

  /** The entry of the log when it is closed, or where it was `cut-off`; called once. */
  end(how: 'closed' | 'cut-off'): FileOperation {
    const outcome = how === 'cut-off' ? how : this.#status === undefined ? 'ok' : 'failed';
    const status = this.#status === undefined ? {} : { status: this.#status };
    if (this.way === 'list') return { operation: 'list', path: this.path, outcome, entries: this.#entries, ...status };
    this.#read.endsAt(this.#end);
    if (this.way !== 'both') return { operation: 'transfer', path: this.path, way: this.way, outcome, ...status, ...(this.way === 'download' ? this.#read : this.#written).summary() };
    const [read, written] = [this.#read.summary(), this.#written.summary()];
    // Of a file that was read and written no one hash says what crossed.
    return { operation: 'transfer', path: this.path, way: 'both', outcome, ...status, bytes: read.bytes + written.bytes, sha256: null };
  }
}
