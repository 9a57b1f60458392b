import { Extension } from 'ironrdp-wasm';
import type { ChosenFile, ReadPiece, TargetFile } from '../desktop-engine.ts';

/** A target answers a piece at once, or has gone; IronRDP's own limit is longer. */
const ANSWER_LIMIT_MS = 30_000;
/** What a target's list may hold; the gateway lets no more through. */
const MOST_FILES = 1000;
/** A piece that a target may ask for at once. */
const MOST_PIECE_BYTES = 16 * 1024 * 1024;
/** MS-RDPECLIP 2.2.5.3. */
const asks = { size: 1, piece: 2 } as const;

interface Waiting {
  readonly resolve: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** The files of a clipboard as IronRDP speaks of them: callbacks and calls by name, whose arguments are read here like any peer's. */
export class IronFiles {
  readonly #invoke: (name: string, value: unknown) => void;
  readonly #onFiles: (files: readonly TargetFile[]) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lock: unknown;
  /** How many files the target's list holds: an engine that is asked for one that is in no list ends its session. */
  #listed = 0;
  #offered: { readonly files: readonly ChosenFile[]; readonly read: ReadPiece } | undefined;
  #stream = 0;

  /** @param invoke calls the engine's session by an extension's name; @param onFiles the target's clipboard holds these now */
  constructor(invoke: (name: string, value: unknown) => void, onFiles: (files: readonly TargetFile[]) => void) {
    this.#invoke = invoke;
    this.#onFiles = onFiles;
  }

  /** What the engine's builder must be given. */
  extensions(): Extension[] {
    return [
      new Extension('files_available_callback', (files: unknown, lock: unknown) => this.takeList(files, lock)),
      new Extension('file_contents_response_callback', (answer: unknown) => this.takeAnswer(answer)),
      new Extension('file_contents_request_callback', (question: unknown) => void this.answer(question)),
    ];
  }

  /** The target's clipboard holds files, or none any more. */
  takeList(files: unknown, lock: unknown): void {
    this.#lock = lock;
    const listed = Array.isArray(files) ? files.slice(0, MOST_FILES).map(targetFile) : [];
    this.#listed = listed.length;
    this.#onFiles(listed);
  }

  /** A piece of a file of the target's list. Rejects where the target says no, or nothing. */
  read(place: number, at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    if (place >= this.#listed) return Promise.reject(new Error('the target holds something else'));
    this.#stream = (this.#stream % 0x7fff_ffff) + 1;
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(stream)?.reject(new Error('no answer')), ANSWER_LIMIT_MS);
      this.#waiting.set(stream, { resolve, reject, timer });
      try {
        this.#invoke('request_file_contents', { stream_id: stream, file_index: place, flags: asks.piece, position: at, size: bytes, ...(typeof this.#lock === 'number' ? { clip_data_id: this.#lock } : {}) });
      } catch (error) {
        this.#settle(stream)?.reject(error instanceof Error ? error : new Error('refused'));
      }
    });
  }

  takeAnswer(answer: unknown): void {
    const stream = fieldOf(answer, 'streamId');
    const waiting = typeof stream === 'number' ? this.#settle(stream) : undefined;
    const data = fieldOf(answer, 'data');
    if (fieldOf(answer, 'isError') !== false || !(data instanceof Uint8Array)) waiting?.reject(new Error('the target says no'));
    else waiting?.resolve(new Uint8Array(data));
  }

  /** Puts files of this computer into the target's clipboard; the target reads them when somebody pastes them. */
  offer(files: readonly ChosenFile[], read: ReadPiece): void {
    this.#offered = { files, read };
    this.#invoke('initiate_file_copy', files.map(({ name, sizeBytes, modifiedAtMs }) => ({ name, size: sizeBytes, lastModified: modifiedAtMs })));
  }

  async answer(question: unknown): Promise<void> {
    const [stream, place, flags, at, size] = ['streamId', 'index', 'flags', 'position', 'size'].map((name) => Number(fieldOf(question, name)));
    if (stream === undefined || place === undefined || flags === undefined || at === undefined || size === undefined) return;
    const file = this.#offered?.files[place];
    try {
      if (this.#offered === undefined || file === undefined) throw new Error('no such file');
      if (flags === asks.size) this.#submit(stream, encodeSize(file.sizeBytes));
      else if (flags !== asks.piece || !Number.isSafeInteger(at) || at < 0 || !(size <= MOST_PIECE_BYTES)) throw new Error('no such piece');
      else this.#submit(stream, await this.#offered.read(place, at, size));
    } catch {
      // The target hears that there is none; the user sees what failed where his file was read.
      this.#submit(stream, undefined);
    }
  }

  /** The engine is over: whoever waits hears so. */
  close(): void {
    for (const stream of this.#waiting.keys()) this.#settle(stream)?.reject(new Error('the connection ended'));
    this.#offered = undefined;
  }

  #settle(stream: number): Waiting | undefined {
    const waiting = this.#waiting.get(stream);
    this.#waiting.delete(stream);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #submit(stream: number, data: Uint8Array | undefined): void {
    this.#invoke('submit_file_contents', { stream_id: stream, is_error: data === undefined, data: data ?? new Uint8Array(0) });
  }
}

function targetFile(file: unknown): TargetFile {
  const [name, path, size] = ['name', 'path', 'size'].map((field) => fieldOf(file, field));
  const folder = typeof path === 'string' && path !== '' ? `${path}\\` : '';
  return { path: `${folder}${typeof name === 'string' ? name : ''}`.slice(0, 260), folder: fieldOf(file, 'isDirectory') === true, sizeBytes: Number.isSafeInteger(size) ? Number(size) : 0 };
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
}

function encodeSize(size: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size), true);
  return bytes;
}
