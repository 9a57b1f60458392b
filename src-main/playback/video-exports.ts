import { MavisError } from '../../shared/errors/mavis-error.ts';
import { WholeFile } from '../stored-files/whole-file.ts';

/** A page that was closed or has crashed brings nothing more: what it began goes after so long. */
const IDLE_LIMIT_MS = 120_000;
/** A day at the most that a page makes; what is more is not a film of a recording. */
const MOST_BYTES = 32 * 1024 ** 3;

interface OpenExport {
  readonly id: string;
  readonly file: WholeFile;
  bytes: number;
  idle: NodeJS.Timeout;
}

/** Films that a page makes of what it plays, written piece by piece under a path that the user chose; a file appears whole or not at all. One at a time. */
export class VideoExports {
  #open: OpenExport | undefined;
  /** The file that is just being made. */
  #beginning: Promise<WholeFile> | undefined;
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Begins a file. Throws `request.conflict` while another is being begun or written, `client.file-not-written`. */
  async begin(path: string): Promise<string> {
    if (this.#open !== undefined || this.#beginning !== undefined) throw new MavisError('request.conflict', { what: 'video-exports' });
    const beginning = WholeFile.create(path);
    this.#beginning = beginning;
    try {
      const file = await beginning;
      if (this.#beginning === beginning) {
        const id = this.#newId();
        this.#open = { id, file, bytes: 0, idle: setTimeout(() => undefined, 0) };
        this.#touch(this.#open);
        return id;
      }
      // It was stopped meanwhile.
      await file.drop();
      throw new MavisError('request.not-found');
    } finally {
      if (this.#beginning === beginning) this.#beginning = undefined;
    }
  }

  /** Adds bytes behind those before. Throws `request.not-found`, `client.file-not-written`. */
  async append(id: string, bytes: Uint8Array): Promise<void> {
    const open = this.#find(id);
    this.#touch(open);
    open.bytes += bytes.length;
    if (open.bytes > MOST_BYTES) throw new MavisError('client.file-not-written', { reason: 'EFBIG' });
    await open.file.append(bytes);
  }

  /** The file is whole and gets its name; or it goes. */
  async end(id: string, whole: boolean): Promise<void> {
    const { file, idle } = this.#find(id);
    this.#open = undefined;
    clearTimeout(idle);
    await (whole ? file.keep() : file.drop());
  }

  /** What is being written goes. */
  async stop(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#beginning = undefined;
    clearTimeout(open?.idle);
    await open?.file.drop();
  }

  #find(id: string): OpenExport {
    if (this.#open?.id !== id) throw new MavisError('request.not-found');
    return this.#open;
  }

  #touch(open: OpenExport): void {
    clearTimeout(open.idle);
    open.idle = setTimeout(() => void this.stop(), IDLE_LIMIT_MS);
    open.idle.unref();
  }
}
