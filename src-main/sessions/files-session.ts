import type { Duplex } from 'node:stream';
import { asMavisError, type MavisError } from '../../shared/errors/mavis-error.ts';
import { FilesDesk, type FilesPort } from '../files/files-desk.ts';
import { SftpClient } from '../files/sftp-client.ts';

export interface FilesSessionParts {
  readonly monotonic: () => number;
  readonly onViolation: (what: string) => void;
}

/** SFTP's end in the session's process: it is spoken here, and the page asks for folders and transfers. Port, granted folder and connection may come in any order. */
export class FilesSession {
  readonly #parts: FilesSessionParts;
  #client: SftpClient | undefined;
  #desk: FilesDesk | undefined;
  #path: string | undefined;
  #port: FilesPort | undefined;
  #localFolder: string | undefined;

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

  attach(port: FilesPort): void {
    this.#port = port;
    this.#desk?.attach(port);
  }

  /** The session is over: what is under way fails with the reason. */
  close(reason: MavisError): void {
    this.#client?.close(reason);
    this.#desk?.close(reason);
  }

  #begin(): void {
    if (this.#client === undefined || this.#path === undefined || this.#localFolder === undefined) return;
    this.#desk = new FilesDesk({ ...this.#parts, client: this.#client, path: this.#path, localFolder: this.#localFolder });
    if (this.#port !== undefined) this.#desk.attach(this.#port);
  }
}
