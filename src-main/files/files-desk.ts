import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { type ConflictQuestion, type ConflictRule, type FilesAnswer, type FilesCall, filesFromPage, type FilesToPage, type ListedFile, refusedCall, type TransferJob } from '../../shared/ipc/files-port.ts';
import { fileKind } from '../../shared/sftp/packet-fields.ts';
import { DragOuts, type ReadyDragOut } from './drag-outs.ts';
import { EditedFiles } from './edited-files.ts';
import { hashLocal, hashRemote } from './file-hash.ts';
import { remoteChild } from './file-transfer.ts';
import { LocalPlaces } from './local-places.ts';
import { countTree, removeTree } from './remote-tree.ts';
import { RequestWindow } from './request-window.ts';
import type { RemoteEntry, SftpClient } from './sftp-client.ts';
import type { KeptTransfer, TransferJournals } from './transfer-journals.ts';
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
  readonly journals: Pick<TransferJournals, 'begin'>;
  /** Transfers that a process before left unfinished. */
  readonly kept: readonly KeptTransfer[];
  /** Has the system open a file of this computer in the user's program for it. */
  readonly openFile: (path: string) => void;
  /** Where files lie that are fetched to be dragged out of the window. */
  readonly dragOutFolder: string;
  /** Where copies of files lie that are edited. */
  readonly editedFolder: string;
  /** What can be dragged out of the window has changed. */
  readonly onDragOuts: (ready: readonly ReadyDragOut[]) => void;
  readonly monotonic: () => number;
  /** What a page did against the rules of its port. */
  readonly onViolation: (what: string) => void;
  readonly lookEveryMs?: number;
}

/** What the user dropped on the window. */
export interface DroppedFiles {
  readonly paths: readonly string[];
  /** Of the target. */
  readonly folder: string;
  readonly conflict: ConflictRule;
  readonly verify: boolean;
}

/** Names that wait to be told together: a message each would cost more than the names. */
const ENTRIES_AT_ONCE = 2000;
/** Files that people edit are small; a large one takes the line from no transfer for long. */
const EDIT_PIECES_AT_ONCE = 16;
/** How often a file that is edited is looked at: a save is taken back within two of these. */
const LOOK_EVERY_MS = 1000;
/** Calls of a page under way: a person makes one, a page that went wrong no end of them. */
const MOST_CALLS = 200;

/** Answers what the page of an SFTP session asks, in the session's process: both sides' folders, and the transfers between them. */
export class FilesDesk {
  readonly #parts: FilesDeskParts;
  readonly #places: LocalPlaces;
  readonly #queue: TransferQueue;
  readonly #edited: EditedFiles;
  readonly #dragOuts: DragOuts;
  #calls: PortCalls = new Map();
  #port: FilesPort | undefined;

  constructor(parts: FilesDeskParts) {
    this.#parts = parts;
    this.#places = new LocalPlaces(parts.localFolder);
    this.#queue = new TransferQueue({ client: parts.client, journals: parts.journals, monotonic: parts.monotonic, tell: (jobs, question) => this.#tellJobs(jobs, question) });
    this.#dragOuts = new DragOuts({ queue: this.#queue, places: this.#places, folder: parts.dragOutFolder, tell: (dragOuts) => this.#post({ kind: 'drag-outs', dragOuts }), onReady: parts.onDragOuts });
    this.#queue.goOn(parts.kept);
    const means = { client: parts.client, window: new RequestWindow(EDIT_PIECES_AT_ONCE) };
    this.#edited = new EditedFiles({ means, folder: parts.editedFolder, openFile: parts.openFile, lookEveryMs: parts.lookEveryMs ?? LOOK_EVERY_MS, platform: process.platform }, (edits) => this.#post({ kind: 'edits', edits }));
  }

  /** Takes the port of a page; one before it is closed. Transfers go on whatever pages come and go. */
  attach(port: FilesPort): void {
    this.#port?.close();
    // Nobody waits any more for what the page before wanted to know; what it wanted done goes on. The new one numbers its calls anew.
    for (const { stop, doing } of this.#calls.values()) if (doing !== 'remove') stop.abort(new MavisError('connect.cancelled'));
    this.#calls = new Map();
    this.#port = port;
    port.on('message', ({ data }) => {
      if (port === this.#port) this.#take(data, port);
    });
    port.start();
    this.#post({ kind: 'ready', path: this.#parts.path, localName: this.#places.name });
    this.#queue.tellNow();
    this.#edited.tellNow();
    this.#dragOuts.tellNow();
  }

  /** The user chose another folder of this computer in the system's dialog. */
  grant(localFolder: string): void {
    this.#places.grant(localFolder);
    this.#post({ kind: 'ready', path: this.#parts.path, localName: this.#places.name });
  }

  /** Brings files and folders of this computer, wherever the user took them from, to a folder of the target. What is not there is told as a transfer that failed. Rejects with `request.too-many` where the queue is full. */
  async upload({ paths, folder, conflict, verify }: DroppedFiles): Promise<void> {
    for (const path of paths) {
      // One that is gone meanwhile fails as a transfer, and is told there.
      const localFolder = await realpath(dirname(path)).catch(() => dirname(path));
      this.#queue.add({ direction: 'upload', name: basename(path), localFolder, remoteFolder: folder, conflict, verify });
    }
  }

  /** The session is over: what waits or runs fails with the reason. */
  close(reason: MavisError): void {
    this.#dragOuts.leave();
    this.#queue.close(reason);
    void this.#edited.leave(reason);
  }

  /** The system has no program for a file that it was to open. */
  notOpened(path: string): void {
    this.#edited.notOpened(path);
  }

  #take(data: unknown, port: FilesPort): void {
    const parsed = filesFromPage.safeParse(data);
    if (!parsed.success) {
      this.#refuse(data, new MavisError('request.invalid', { field: 'call' }));
      return;
    }
    const message = parsed.data;
    if (message.kind === 'stop') {
      this.#calls.get(message.id)?.stop.abort(new MavisError('connect.cancelled'));
      return;
    }
    const { id, call } = message;
    // Two calls of one number could not be told apart, nor counted.
    if (this.#calls.has(id) || this.#calls.size >= MOST_CALLS) {
      this.#refuse(data, new MavisError('request.too-many', { seconds: 60 }));
      return;
    }
    const stop = new AbortController();
    const calls = this.#calls;
    calls.set(id, { stop, doing: call.do });
    const post = (told: FilesToPage): void => {
      if (port === this.#port) port.postMessage(told);
    };
    this.#answer(id, call, stop.signal, post)
      .then(
        (value) => post({ kind: 'answer', id, ok: true, value }),
        (error: unknown) => post(errorAnswer(id, error)),
      )
      .finally(() => calls.delete(id));
  }

  /** Notes a message that is against the rules, and answers where it is a call that somebody waits for. */
  #refuse(data: unknown, why: MavisError): void {
    this.#parts.onViolation('message');
    const call = refusedCall.safeParse(data);
    // The answer of another call with its number is still to come.
    if (call.success && !this.#calls.has(call.data.id)) this.#post(errorAnswer(call.data.id, why));
  }

  async #answer(id: number, call: FilesCall, signal: AbortSignal, post: (message: FilesToPage) => void): Promise<FilesAnswer> {
    const { client } = this.#parts;
    const places = this.#places;
    switch (call.do) {
      case 'list-local':
        await gathered(id, post, (add) => places.list(call.place, add));
        return {};
      case 'make-local-folder':
        return places.makeFolder(call.place, call.name).then(nothing);
      case 'rename-local':
        return places.rename(call.place, call.from, call.to).then(nothing);
      case 'count-local':
        return { ...(await places.count(call.place, call.names, signal)) };
      case 'hash-local':
        return { sha256: await hashLocal(join(await places.resolve(call.place), call.name), signal) };
      case 'list': {
        const path = await client.realPath(call.path);
        await gathered(id, post, (add) => client.list(path, (entries) => add(entries.map(listed)), signal));
        return { path };
      }
      case 'make-folder':
        return client.makeFolder(remoteChild(call.folder, call.name)).then(nothing);
      case 'rename':
        return client.rename(remoteChild(call.folder, call.from), remoteChild(call.folder, call.to), false).then(nothing);
      case 'count':
        return { ...(await countTree(client, call.folder, call.names, signal)) };
      case 'remove':
        return { ...(await removeTree(client, call.folder, call.names, signal)) };
      case 'set-mode':
        return client.change(remoteChild(call.folder, call.name), { mode: call.mode }).then(nothing);
      case 'read-link':
        return { target: await client.readLink(remoteChild(call.folder, call.name)) };
      case 'make-link':
        return client.makeLink(remoteChild(call.folder, call.name), call.target).then(nothing);
      case 'hash':
        return { sha256: await hashRemote(client, remoteChild(call.folder, call.name), signal) };
      case 'download': {
        const folder = await places.resolve(call.place);
        for (const name of call.names) this.#queue.add({ direction: 'download', name, localFolder: folder, remoteFolder: call.folder, conflict: call.conflict, verify: call.verify });
        return {};
      }
      case 'upload': {
        const folder = await places.resolve(call.place);
        for (const name of call.names) this.#queue.add({ direction: 'upload', name, localFolder: folder, remoteFolder: call.folder, conflict: call.conflict, verify: call.verify });
        return {};
      }
      case 'edit':
        return this.#edited.open(call.folder, call.name).then(nothing);
      case 'edit-step':
        return this.#edited.take(call.editId, call.step).then(nothing);
      case 'drag-out':
        return this.#dragOuts.fetch(call.folder, call.names).then(nothing);
      case 'drag-out-local':
        return this.#dragOuts.take(call.place, call.names).then(nothing);
      case 'drop-drag-out':
        return this.#dragOuts.drop(call.dragOutId).then(nothing);
      case 'steer':
        this.#queue.steer(call.jobId, call.how);
        return {};
      case 'decide':
        this.#queue.decide(call.questionId, { choice: call.choice, forAll: call.forAll });
        return {};
    }
    return call satisfies never;
  }

  #tellJobs(jobs: TransferJob[], question: ConflictQuestion | null): void {
    this.#post({ kind: 'jobs', jobs, question });
    this.#dragOuts.look(jobs);
  }

  #post(message: FilesToPage): void {
    this.#port?.postMessage(message);
  }
}

/** Calls under way of one port, by their numbers. */
type PortCalls = Map<number, { readonly stop: AbortController; readonly doing: FilesCall['do'] }>;

function errorAnswer(id: number, error: unknown): FilesToPage {
  const { code, args } = asMavisError(error);
  return { kind: 'answer', id, ok: false, code, args: { ...args } };
}

/** Sends names as they come, some at a time. */
async function gathered(id: number, post: (message: FilesToPage) => void, list: (add: (entries: ListedFile[]) => void) => Promise<void>): Promise<void> {
  let waiting: ListedFile[] = [];
  const send = (): void => {
    if (waiting.length > 0) post({ kind: 'entries', id, entries: waiting });
    waiting = [];
  };
  await list((entries) => {
    for (const entry of entries) waiting.push(entry);
    if (waiting.length >= ENTRIES_AT_ONCE) send();
  });
  send();
}

/** The answer to what has none. */
const nothing = (): FilesAnswer => ({});

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
