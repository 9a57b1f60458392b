import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { EditedFile, EditStep } from '../../shared/ipc/files-port.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { type FileAttributes, isFile } from '../../shared/sftp/packet-fields.ts';
import { forgetCopy, isSame, type LocalState, noteSame, stateOf } from './edited-folders.ts';
import { downloadFile, factsOf, remoteChild, type TransferControl, type TransferMeans, uploadFile } from './file-transfer.ts';
import { errorCode, localError } from './local-errors.ts';
import { isMissing } from './remote-errors.ts';
import { Gate } from './request-window.ts';
import { isRunnableName } from './runnable-name.ts';
import { safeLocalName, withNumber } from '../../shared/files/safe-local-name.ts';

export interface EditParts {
  readonly means: TransferMeans;
  /** Where the copies of a session lie, each in a folder of its own; main has chosen it, and clears it when the session is over. */
  readonly folder: string;
  /** Has the system open a file of this computer in the user's program for it. */
  readonly openFile: (path: string) => void;
  readonly changed: () => void;
  /** Between two looks at the file: a save is seen after two of them, when it stands still. */
  readonly lookEveryMs: number;
  readonly platform: NodeJS.Platform;
}

/** Where a file of the target stands, links resolved. */
interface RemotePlace {
  readonly folder: string;
  readonly name: string;
}

/** Whether a copy is taken back: only where the file of the target is as it was, in its place whatever it is, or under another name beside it. */
type How = 'where-unchanged' | 'in-any-case' | 'beside';

/** A file of the target that is open in the user's own program: brought to a folder of its own, and taken back whenever it is saved. */
export class EditedCopy {
  readonly id: number;
  readonly #parts: EditParts;
  readonly #stop = new AbortController();
  readonly #asked: string;
  readonly #name: string;
  #place: RemotePlace;
  #folder: string | undefined;
  #path = '';
  /** As the target's file was when it was brought, or last taken back. */
  #there: FileAttributes = {};
  /** As the copy was when it was brought, or last taken back. */
  #here: LocalState | undefined;
  /** As it was when taking it back failed: only another save tries again by itself. */
  #tried: LocalState | undefined;
  #status: EditedFile['status'] = 'opening';
  #failure: EditedFile['failure'] = null;
  #uploads = 0;
  #work: Promise<void> = Promise.resolve();
  /** What is taken back goes one after the other, whoever wants it. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param path where the file stands on the target, links resolved
   * @param name by which the user opens it
   */
  constructor(id: number, path: string, name: string, parts: EditParts) {
    this.id = id;
    this.#parts = parts;
    const cut = path.lastIndexOf('/');
    this.#place = { folder: path.slice(0, cut) || '/', name: path.slice(cut + 1) };
    this.#asked = name;
    this.#name = printableFileName(name);
  }

  get shown(): EditedFile {
    return { id: this.id, name: this.#name, status: this.#status, failure: this.#failure, uploads: this.#uploads };
  }

  /** Whether this is the copy of the file at that path, links resolved. */
  isOf(path: string): boolean {
    return remoteChild(this.#place.folder, this.#place.name) === path;
  }

  /** Brings the file and has it opened. Rejects with MavisError: `files.edit-refused` for what a system might run (A4). */
  async open(): Promise<void> {
    const { means, folder, openFile, platform } = this.#parts;
    if (isRunnableName(this.#asked, platform)) throw new MavisError('files.edit-refused', { name: this.#name });
    const path = remoteChild(this.#place.folder, this.#place.name);
    this.#there = await means.client.attributes(path);
    const { name } = safeLocalName(this.#place.name);
    // Where a link leads is told by the name that it leads to; what is opened, by the name here.
    if (!isFile(this.#there) || isRunnableName(this.#place.name, platform) || isRunnableName(name, platform)) throw new MavisError('files.edit-refused', { name: this.#name });
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      this.#folder = await mkdtemp(join(folder, 'copy-'));
      this.#path = join(this.#folder, name);
      await downloadFile(means, path, this.#folder, name, factsOf(this.#there), this.#control());
      await chmod(this.#path, 0o600);
      if (platform === 'win32') await writeFile(`${this.#path}:Zone.Identifier`, ZONE_OF_THE_INTERNET);
      await this.#isSameNow(await stateOf(this.#path));
      // The session may have ended meanwhile.
      this.#stop.signal.throwIfAborted();
    } catch (error) {
      await this.#forget();
      throw localError(error);
    }
    this.#set('open');
    openFile(this.#path);
    this.#work = this.#follow();
  }

  /** The system has no program that opens the copy. */
  notOpened(path: string): void {
    if (path === this.#path) this.#fail(new MavisError('files.no-editor'));
  }

  /** Rejects with the reason why a step failed; the copy stays as it is then. */
  async take(step: EditStep): Promise<void> {
    if (step === 'open') {
      // One that is still being brought is opened when it is there.
      if (this.#status !== 'opening') this.#parts.openFile(this.#path);
    } else if (step === 'discard') await this.end();
    else if (step === 'close') {
      await this.#bringBack('where-unchanged');
      if (this.#status === 'open') await this.end();
    } else await this.#bringBack(step === 'overwrite' ? 'in-any-case' : step === 'keep-both' ? 'beside' : 'where-unchanged');
  }

  /** Ends it; the copy goes, with what was not taken back. */
  async end(): Promise<void> {
    this.#stop.abort(new MavisError('connect.cancelled'));
    await this.#work;
    await this.#forget();
  }

  /** The session is over: a copy with changes that were not taken back stays for the user's program to be saved elsewhere; any other goes. */
  async leave(reason: MavisError): Promise<void> {
    this.#stop.abort(reason);
    await this.#work;
    if (await this.#holdsNothingNew()) await this.#forget();
    this.#fail(reason);
  }

  /** Looks again and again; takes back what was saved when it stands still. Ends with the signal. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    let before = this.#here;
    while (!signal.aborted) {
      try {
        await wait(this.#parts.lookEveryMs, undefined, { signal, ref: false });
        const now = await stateOf(this.#path);
        const still = isSame(now, before);
        before = now;
        if (still && !isSame(now, this.#here) && (this.#status === 'open' || (this.#status === 'failed' && !isSame(now, this.#tried)))) await this.#bringBack('where-unchanged');
      } catch (error) {
        // While a program replaces the file it is gone for a moment; why it was not taken back is shown already.
        if (!signal.aborted && errorCode(error) !== 'ENOENT' && this.#status !== 'failed') this.#fail(error);
      }
    }
  }

  #bringBack(how: How): Promise<void> {
    const brought = this.#turn.then(() => this.#bringNow(how));
    this.#turn = brought.catch(() => undefined);
    return brought;
  }

  async #bringNow(how: How): Promise<void> {
    const { client } = this.#parts.means;
    // Another step, or the same taken twice, came before: what it was to settle is settled.
    if (how !== 'where-unchanged' && this.#status !== 'changed-there') return;
    const now = await stateOf(this.#path).catch((error: unknown) => {
      throw localError(error);
    });
    if (how === 'where-unchanged' && isSame(now, this.#here)) {
      this.#set('open');
      return;
    }
    try {
      if (how === 'where-unchanged' && !(await this.#isAsBefore())) {
        this.#set('changed-there');
        return;
      }
      this.#set('uploading');
      const name = how === 'beside' ? await this.#freeName() : this.#place.name;
      const { mode } = this.#there;
      await uploadFile(this.#parts.means, this.#path, this.#place.folder, name, { replace: how !== 'beside', mayHavePart: false, mode: mode === undefined ? undefined : mode & 0o777 }, this.#control());
      this.#place = { ...this.#place, name };
      this.#there = await client.attributes(remoteChild(this.#place.folder, name));
      await this.#isSameNow(now);
      this.#uploads += 1;
      this.#set('open');
    } catch (error) {
      this.#tried = now;
      this.#fail(error);
      throw error;
    }
  }

  /** The copy, in this state, is what the target has. */
  async #isSameNow(state: LocalState): Promise<void> {
    this.#here = state;
    if (this.#folder !== undefined) await noteSame(this.#folder, basename(this.#path), state);
  }

  /** Whether the copy is what was last taken back, or gone; one that cannot be looked at may hold changes. */
  async #holdsNothingNew(): Promise<boolean> {
    try {
      return isSame(await stateOf(this.#path), this.#here);
    } catch (error) {
      return errorCode(error) === 'ENOENT';
    }
  }

  async #isAsBefore(): Promise<boolean> {
    try {
      const { size, times } = await this.#parts.means.client.attributes(remoteChild(this.#place.folder, this.#place.name));
      return size === this.#there.size && times?.modifiedAtSeconds === this.#there.times?.modifiedAtSeconds;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async #freeName(): Promise<string> {
    for (let number = 2; ; number += 1) {
      const name = withNumber(this.#place.name, number);
      try {
        await this.#parts.means.client.attributes(remoteChild(this.#place.folder, name));
      } catch (error) {
        if (isMissing(error)) return name;
        throw error;
      }
    }
  }

  #control(): TransferControl {
    return { signal: this.#stop.signal, gate: new Gate(), verify: false, progress: () => undefined };
  }

  async #forget(): Promise<void> {
    if (this.#folder !== undefined) await forgetCopy(this.#folder);
  }

  #fail(thrown: unknown): void {
    const { code, args } = asMavisError(thrown);
    this.#status = 'failed';
    this.#failure = { name: this.#name, code, args: { ...args } };
    this.#parts.changed();
  }

  #set(status: EditedFile['status']): void {
    this.#status = status;
    this.#failure = null;
    this.#parts.changed();
  }
}

/** The mark by which Windows knows that a file came from elsewhere (Attachment Manager, ZoneId 3). */
const ZONE_OF_THE_INTERNET = '[ZoneTransfer]\r\nZoneId=3\r\n';
