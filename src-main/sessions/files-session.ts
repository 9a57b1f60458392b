import type { Duplex } from 'node:stream';
import { asMavisError, type MavisError } from '../../shared/errors/mavis-error.ts';
import type { ReadyDragOut } from '../files/drag-outs.ts';
import { type DroppedFiles, FilesDesk, type FilesPort } from '../files/files-desk.ts';
import { SftpClient } from '../files/sftp-client.ts';
import { type KeptTransfer, TransferJournals } from '../files/transfer-journals.ts';

export interface FilesSessionParts {
  readonly monotonic: () => number;
  readonly onViolation: (what: string) => void;
  /** Has the system open a file of this computer in the user's program for it. */
  readonly openFile: (path: string) => void;
  /** What can be dragged out of the window has changed. */
  readonly onDragOuts: (ready: readonly ReadyDragOut[]) => void;
  /** What of transfers could not be kept for another start of the app. */
  readonly onUnkept: (error: unknown) => void;
}

/** SFTP's end in the session's process: it is spoken here, and the page asks for folders and transfers. Port, granted folder, journals and connection may come in any order. */
export class FilesSession {
  readonly #parts: FilesSessionParts;
  #client: SftpClient | undefined;
  #desk: FilesDesk | undefined;
  #path: string | undefined;
  #port: FilesPort | undefined;
  #localFolder: string | undefined;
  #journals: { readonly journals: TransferJournals; readonly kept: readonly KeptTransfer[]; readonly dragOutFolder: string; readonly editedFolder: string } | undefined;
  #over = false;

  constructor(parts: FilesSessionParts) {
    this.#parts = parts;
  }

  /** Speaks SFTP over a stream; resolves when the target has answered, which it does when the recording stands. Rejects with MavisError. */
  async open(stream: Duplex, signal: AbortSignal): Promise<void> {
    const client = new SftpClient(stream);
    this.#client = client;
    const stop = (): void => client.close(asMavisError(signal.reason));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    await client.open();
    this.#path = await client.realPath('.');
    this.#begin();
  }

  /** The folder of this computer that the user granted. */
  grant(localFolder: string): void {
    this.#localFolder = localFolder;
    if (this.#desk === undefined) this.#begin();
    else this.#desk.grant(localFolder);
  }

  /** Where unfinished transfers are kept, and where processes that are gone left theirs; and where files lie that are fetched to be dragged out, and that are edited. */
  async keepTransfers({ folder, left, dragOutFolder, editedFolder }: { readonly folder: string; readonly left: readonly string[]; readonly dragOutFolder: string; readonly editedFolder: string }): Promise<void> {
    const journals = new TransferJournals({ folder, onUnkept: this.#parts.onUnkept });
    this.#journals = { journals, kept: await journals.takeOver(left), dragOutFolder, editedFolder };
    this.#begin();
  }

  /** Brings what the user dropped on the window; what comes before the target has answered has no window to be dropped on. */
  async upload(dropped: DroppedFiles): Promise<void> {
    try {
      await this.#desk?.upload(dropped);
    } catch (error) {
      // The queue is full: the window shows ten thousand transfers, and these not.
      this.#parts.onViolation(asMavisError(error).code);
    }
  }

  attach(port: FilesPort): void {
    this.#port = port;
    this.#desk?.attach(port);
  }

  /** The system has no program for a file that it was to open. */
  notOpened(path: string): void {
    this.#desk?.notOpened(path);
  }

  /** The session is over: what is under way fails with the reason. */
  close(reason: MavisError): void {
    this.#over = true;
    this.#client?.close(reason);
    this.#desk?.close(reason);
  }

  #begin(): void {
    if (this.#client === undefined || this.#path === undefined || this.#localFolder === undefined || this.#journals === undefined || this.#over) return;
    this.#desk = new FilesDesk({ ...this.#parts, ...this.#journals, client: this.#client, path: this.#path, localFolder: this.#localFolder });
    if (this.#port !== undefined) this.#desk.attach(this.#port);
  }
}
