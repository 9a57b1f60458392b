import { asMavisError, type MavisError } from '../../shared/errors/mavis-error.ts';
import { type FilesAnswer, type FilesCall, filesFromPage, type FilesToPage, type ListedFile } from '../../shared/ipc/files-port.ts';
import { fileKind } from '../../shared/sftp/packet-fields.ts';
import { remoteChild } from './file-transfer.ts';
import { LocalPlaces } from './local-places.ts';
import { countTree, removeTree } from './remote-tree.ts';
import type { RemoteEntry, SftpClient } from './sftp-client.ts';
import { TransferQueue } from './transfer-queue.ts';

/** The end of the port that a session's process holds: Electron's MessagePortMain, narrowed. */
export interface FilesPort {
  postMessage(message: FilesToPage): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  start(): void;
  close(): void;
}

export interface FilesDeskParts {
  readonly client: SftpClient;
  /** Where the session begins on the target. */
  readonly path: string;
  /** The folder of this computer that the page may see and use. */
  readonly localFolder: string;
  readonly monotonic: () => number;
  /** What a page did against the rules of its port. */
  readonly onViolation: (what: string) => void;
}

/** Names that wait to be told together: a message each would cost more than the names. */
const ENTRIES_AT_ONCE = 2000;
/** Calls of a page under way: a person makes one, a page that went wrong no end of them. */
const MOST_CALLS = 200;

/** Answers what the page of an SFTP session asks, in the session's process: both sides' folders, and the transfers between them. */
export class FilesDesk {
  readonly #parts: FilesDeskParts;
  readonly #places: LocalPlaces;
  readonly #queue: TransferQueue;
  #port: FilesPort | undefined;
  #calls = 0;

  constructor(parts: FilesDeskParts) {
    this.#parts = parts;
    this.#places = new LocalPlaces(parts.localFolder);
    this.#queue = new TransferQueue({ client: parts.client, monotonic: parts.monotonic, tell: (jobs, question) => this.#post({ kind: 'jobs', jobs, question }) });
  }

  /** Takes the port of a page; one before it is closed. Transfers go on whatever pages come and go. */
  attach(port: FilesPort): void {
    this.#port?.close();
    this.#port = port;
    port.on('message', ({ data }) => {
      if (port === this.#port) this.#take(data);
    });
    port.start();
    this.#post({ kind: 'ready', path: this.#parts.path, localName: this.#places.name });
    this.#queue.tellNow();
  }

  /** The user chose another folder of this computer in the system's dialog. */
  grant(localFolder: string): void {
    this.#places.grant(localFolder);
    this.#post({ kind: 'ready', path: this.#parts.path, localName: this.#places.name });
  }

  /** The session is over: what waits or runs fails with the reason. */
  close(reason: MavisError): void {
    this.#queue.close(reason);
  }

  #take(data: unknown): void {
    const parsed = filesFromPage.safeParse(data);
    if (!parsed.success || this.#calls >= MOST_CALLS) {
      this.#parts.onViolation('message');
      return;
    }
    const { id, call } = parsed.data;
    this.#calls += 1;
    this.#answer(id, call)
      .then(
        (value) => this.#post({ kind: 'answer', id, ok: true, value }),
        (error: unknown) => {
          const { code, args } = asMavisError(error);
          this.#post({ kind: 'answer', id, ok: false, code, args: { ...args } });
        },
      )
      .finally(() => {
        this.#calls -= 1;
      });
  }

  async #answer(id: number, call: FilesCall): Promise<FilesAnswer> {
    const { client } = this.#parts;
    switch (call.do) {
      case 'list-local':
        await this.#gathered(id, (add) => this.#places.list(call.place, add));
        return {};
      case 'make-local-folder':
        await this.#places.makeFolder(call.place, call.name);
        return {};
      case 'list': {
        const path = await client.realPath(call.path);
        await this.#gathered(id, (add) => client.list(path, (entries) => add(entries.map(listed))));
        return { path };
      }
      case 'make-folder':
        await client.makeFolder(remoteChild(call.folder, call.name));
        return {};
      case 'rename':
        await client.rename(remoteChild(call.folder, call.from), remoteChild(call.folder, call.to), false);
        return {};
      case 'count':
        return await countTree(client, call.folder, call.names);
      case 'remove':
        return await removeTree(client, call.folder, call.names);
      case 'set-mode':
        await client.change(remoteChild(call.folder, call.name), { mode: call.mode });
        return {};
      case 'download': {
        const folder = await this.#places.resolve(call.place);
        for (const name of call.names) this.#queue.download(call.folder, name, folder, call.conflict);
        return {};
      }
      case 'upload': {
        const folder = await this.#places.resolve(call.place);
        for (const name of call.names) this.#queue.upload(folder, name, call.folder, call.conflict);
        return {};
      }
      case 'steer':
        this.#queue.steer(call.jobId, call.how);
        return {};
      case 'decide':
        this.#queue.decide(call.questionId, { choice: call.choice, forAll: call.forAll });
        return {};
    }
    return call satisfies never;
  }

  /** Sends names as they come, some at a time. */
  async #gathered(id: number, list: (add: (entries: ListedFile[]) => void) => Promise<void>): Promise<void> {
    let waiting: ListedFile[] = [];
    const send = (): void => {
      if (waiting.length > 0) this.#post({ kind: 'entries', id, entries: waiting });
      waiting = [];
    };
    await list((entries) => {
      for (const entry of entries) waiting.push(entry);
      if (waiting.length >= ENTRIES_AT_ONCE) send();
    });
    send();
  }

  #post(message: FilesToPage): void {
    this.#port?.postMessage(message);
  }
}

const PERMISSIONS = 0o7777;

function listed({ name, longName, attributes: { size = 0, mode, times } }: RemoteEntry): ListedFile {
  return {
    name,
    kind: kindOf(mode),
    size: Number.isSafeInteger(size) ? size : 0,
    modifiedAtSeconds: times?.modifiedAtSeconds ?? 0,
    mode: mode === undefined ? null : mode & PERMISSIONS,
    owner: ownerOf(longName),
  };
}

function kindOf(mode: number | undefined): ListedFile['kind'] {
  const kind = (mode ?? 0) & fileKind.mask;
  if (kind === fileKind.folder) return 'folder';
  if (kind === fileKind.link) return 'link';
  return kind === fileKind.file || kind === 0 ? 'file' : 'other';
}

/** The owner's name as `ls -l` shows it in its third column; version 3 has no other place for it. */
function ownerOf(longName: string): string {
  return (/^\S+\s+\S+\s+(\S{1,64})\s/.exec(longName)?.[1] ?? '').slice(0, 64);
}
