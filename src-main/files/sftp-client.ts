import type { Duplex } from 'node:stream';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { decodeFileName, encodeFileName } from '../../shared/sftp/file-name-bytes.ts';
import { type FileAttributes, FieldReader, FieldWriter, idOf, renumber, typeOf } from '../../shared/sftp/packet-fields.ts';
import { PacketFramer, SftpFormatError } from '../../shared/sftp/packet-framer.ts';
import { MAX_HANDLE_BYTES, packetType, SFTP_VERSION, statusCode } from '../../shared/sftp/sftp-constants.ts';
import { isMissing, remoteError } from './remote-errors.ts';

/** Bytes of one read or write: larger ones save packets, smaller ones let a listing in between. Servers that take less say so (`limits@openssh.com`). */
export const DATA_BYTES = 128 * 1024;
/** What every server takes (section 6.4). */
const LEAST_DATA_BYTES = 32 * 1024;
/** Reads of a folder under way at once: each gives a hundred names, and a round trip each would make a large folder slow. */
const FOLDER_READS = 8;
/** Names of one folder: more is an attack, or nothing that a person could look at (A5). */
const MOST_ENTRIES = 1_000_000;

/** A name in a folder of the target, as its bytes say. */
export interface RemoteEntry {
  readonly name: string;
  readonly attributes: FileAttributes;
  /** As `ls -l` shows it: the only place where version 3 names owners. */
  readonly longName: string;
}

/** An open file or folder of the target. */
export type RemoteHandle = Uint8Array;

/** A packet that writes a piece of a file, and the room in it for what is read. */
export interface PreparedPiece {
  readonly packet: Buffer;
  readonly data: Buffer;
  readonly headBytes: number;
}

interface Waiting {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Speaks SFTP over a session's stream. Every call rejects with a MavisError; after the stream's end, with the reason that `close` was given. */
export class SftpClient {
  readonly #stream: Duplex;
  readonly #framer = new PacketFramer((bytes) => Buffer.allocUnsafeSlow(bytes));
  readonly #waiting = new Map<number, Waiting>();
  readonly #extensions = new Map<string, string>();
  readonly #version = Promise.withResolvers<void>();
  #greeted = false;
  #next = 0;
  #closed: MavisError | undefined;
  #readBytes = LEAST_DATA_BYTES;
  #writeBytes = LEAST_DATA_BYTES;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#version.promise.catch(() => undefined);
    stream.on('data', (piece: Buffer) => this.#take(piece));
    stream.on('error', () => undefined);
    stream.once('end', () => this.close(new MavisError('target.lost')));
    stream.once('close', () => this.close(new MavisError('target.lost')));
  }

  /** Greets the target and asks for its limits. Rejects with `target.protocol-error` where it speaks no SFTP. */
  async open(): Promise<void> {
    this.#write(new FieldWriter(packetType.init).uint32(SFTP_VERSION).end());
    await this.#version.promise;
    if (this.#extensions.has('limits@openssh.com')) await this.#askLimits();
  }

  /** Most bytes of a read and of a write. */
  get sizes(): { readonly read: number; readonly write: number } {
    return { read: this.#readBytes, write: this.#writeBytes };
  }

  /** Whether no answer comes any more. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** No answer comes any more: what waits rejects with the reason. */
  close(reason: MavisError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#version.reject(reason);
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  async realPath(path: string): Promise<string> {
    const answer = await this.#ask(new FieldWriter(packetType.realpath, 4096).uint32(0).name(path));
    return this.#read(answer, packetType.name, (reader) => (reader.uint32(), reader.name()));
  }

  /** Attributes of what stands at a path itself, also where it is a link. */
  async attributes(path: string): Promise<FileAttributes> {
    return this.#attributesOf(await this.#ask(new FieldWriter(packetType.lstat).uint32(0).name(path)));
  }

  /** Attributes of what a path leads to. */
  async attributesBehind(path: string): Promise<FileAttributes> {
    return this.#attributesOf(await this.#ask(new FieldWriter(packetType.stat).uint32(0).name(path)));
  }

  async attributesOfHandle(handle: RemoteHandle): Promise<FileAttributes> {
    return this.#attributesOf(await this.#ask(new FieldWriter(packetType.fstat).uint32(0).bytes(handle)));
  }

  /** Lists a folder; `onEntries` is called with names as they come. Rejects with `files.too-deep` where there is no end of them. */
  async list(path: string, onEntries: (entries: RemoteEntry[]) => void, signal?: AbortSignal): Promise<void> {
    const handle = await this.#handle(new FieldWriter(packetType.opendir).uint32(0).name(path));
    const state = { ended: false, count: 0 };
    const readOn = async (): Promise<void> => {
      while (!state.ended) {
        signal?.throwIfAborted();
        const answer = await this.#ask(new FieldWriter(packetType.readdir).uint32(0).bytes(handle), true);
        if (typeOf(answer) === packetType.status) {
          state.ended = true;
          return;
        }
        const entries = this.#read(answer, packetType.name, readEntries);
        state.count += entries.length;
        if (state.count > MOST_ENTRIES) throw new MavisError('files.too-deep');
        onEntries(entries.filter(({ name }) => name !== '.' && name !== '..'));
      }
    };
    try {
      await Promise.all(Array.from({ length: FOLDER_READS }, readOn));
    } finally {
      state.ended = true;
      await this.closeHandle(handle);
    }
  }

  openFile(path: string, flags: number, mode?: number): Promise<RemoteHandle> {
    return this.#handle(new FieldWriter(packetType.open).uint32(0).name(path).uint32(flags).attributes(mode === undefined ? {} : { mode }));
  }

  /** A piece of a file; nothing at its end. What is given is a view that the caller owns. */
  async readPiece(handle: RemoteHandle, offset: number, length: number): Promise<Uint8Array | undefined> {
    const answer = await this.#ask(new FieldWriter(packetType.read).uint32(0).bytes(handle).uint64(offset).uint32(length), true);
    if (typeOf(answer) === packetType.status) return undefined;
    return this.#read(answer, packetType.data, (reader) => reader.bytes());
  }

  /** A packet that writes a piece, with room for `length` bytes: what is read into `data` goes out without another copy. */
  preparePiece(handle: RemoteHandle, length: number): PreparedPiece {
    const headBytes = 4 + 1 + 4 + 4 + handle.length + 8 + 4;
    const packet = Buffer.allocUnsafeSlow(headBytes + length);
    return { packet, headBytes, data: packet.subarray(headBytes) };
  }

  /** Sends a prepared piece, of which `length` bytes were filled. */
  async writePiece(handle: RemoteHandle, offset: number, { packet, headBytes }: PreparedPiece, length: number): Promise<void> {
    packet.set(new FieldWriter(packetType.write, headBytes).uint32(0).bytes(handle).uint64(offset).uint32(length).end());
    packet.writeUInt32BE(headBytes + length - 4, 0);
    this.#succeeded(await this.#send(packet.subarray(0, headBytes + length)));
  }

  async closeHandle(handle: RemoteHandle): Promise<void> {
    this.#succeeded(await this.#ask(new FieldWriter(packetType.close).uint32(0).bytes(handle)));
  }

  async changeOpen(handle: RemoteHandle, attributes: FileAttributes): Promise<void> {
    this.#succeeded(await this.#ask(new FieldWriter(packetType.fsetstat).uint32(0).bytes(handle).attributes(attributes)));
  }

  async change(path: string, attributes: FileAttributes): Promise<void> {
    this.#succeeded(await this.#ask(new FieldWriter(packetType.setstat).uint32(0).name(path).attributes(attributes)));
  }

  async makeFolder(path: string): Promise<void> {
    this.#succeeded(await this.#ask(new FieldWriter(packetType.mkdir).uint32(0).name(path).attributes({})));
  }

  /** Where a link leads, as it says itself. */
  async readLink(path: string): Promise<string> {
    const answer = await this.#ask(new FieldWriter(packetType.readlink).uint32(0).name(path));
    return this.#read(answer, packetType.name, (reader) => (reader.uint32(), reader.name()));
  }

  /** Makes a symbolic link. OpenSSH and all who follow it take the place it leads to first, whatever the draft says (PROTOCOL, 4.1). */
  async makeLink(path: string, target: string): Promise<void> {
    this.#succeeded(await this.#ask(new FieldWriter(packetType.symlink).uint32(0).name(target).name(path)));
  }

  async remove(path: string): Promise<void> {
    this.#succeeded(await this.#ask(new FieldWriter(packetType.remove).uint32(0).name(path)));
  }

  async removeFolder(path: string): Promise<void> {
    this.#succeeded(await this.#ask(new FieldWriter(packetType.rmdir).uint32(0).name(path)));
  }

  /** Gives another name; takes the place of a file of that name only where `replace` says so and the target can do that in one step. */
  async rename(from: string, to: string, replace: boolean): Promise<void> {
    const posix = replace && this.#extensions.has('posix-rename@openssh.com');
    const writer = posix ? extended('posix-rename@openssh.com') : new FieldWriter(packetType.rename, 512).uint32(0);
    if (replace && !posix) {
      await this.remove(to).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    }
    this.#succeeded(await this.#ask(writer.name(from).name(to)));
  }

  /** Bytes that the account may still write at a path; nothing where the target does not say. */
  async freeBytes(path: string): Promise<number | undefined> {
    if (!this.#extensions.has('statvfs@openssh.com')) return undefined;
    const answer = await this.#ask(extended('statvfs@openssh.com').name(path));
    return this.#read(answer, packetType.extendedReply, (reader) => {
      const [, fragmentBytes, , , available] = [reader.uint64(), reader.uint64(), reader.uint64(), reader.uint64(), reader.uint64()];
      return fragmentBytes * available;
    });
  }

  async #askLimits(): Promise<void> {
    const answer = await this.#ask(extended('limits@openssh.com'));
    if (typeOf(answer) !== packetType.extendedReply) return;
    this.#read(answer, packetType.extendedReply, (reader) => {
      const [, most, read, write] = [reader.uint64(), reader.uint64(), reader.uint64(), reader.uint64()];
      const within = (limit: number): number => Math.max(LEAST_DATA_BYTES, Math.min(DATA_BYTES, limit === 0 ? LEAST_DATA_BYTES : limit, most === 0 ? DATA_BYTES : most - 1024));
      this.#readBytes = within(read);
      this.#writeBytes = within(write);
    });
  }

  async #handle(request: FieldWriter): Promise<RemoteHandle> {
    return this.#read(await this.#ask(request), packetType.handle, (reader) => Uint8Array.from(reader.bytes(MAX_HANDLE_BYTES)));
  }

  #attributesOf(answer: Uint8Array): FileAttributes {
    return this.#read(answer, packetType.attrs, (reader) => reader.attributes());
  }

  /** Reads an answer; throws what its status says, or `target.protocol-error` where it is none that was asked for. */
  #read<T>(answer: Uint8Array, type: number, read: (reader: FieldReader) => T): T {
    try {
      if (typeOf(answer) === packetType.status) this.#succeeded(answer);
      if (typeOf(answer) !== type) throw new SftpFormatError('another answer than was asked for');
      return read(new FieldReader(answer));
    } catch (error) {
      throw error instanceof SftpFormatError ? this.#broken(error) : error;
    }
  }

  #succeeded(answer: Uint8Array): void {
    try {
      if (typeOf(answer) !== packetType.status) throw new SftpFormatError('no status');
      const reader = new FieldReader(answer);
      const status = reader.uint32();
      if (status !== statusCode.ok) throw remoteError(status, reader.left >= 4 ? reader.text(4096) : '');
    } catch (error) {
      throw error instanceof SftpFormatError ? this.#broken(error) : error;
    }
  }

  #broken(cause: SftpFormatError): MavisError {
    const error = new MavisError('target.protocol-error', {}, { cause });
    this.close(error);
    return error;
  }

  /** @param endAllowed whether an end of file is an answer and no error */
  async #ask(request: FieldWriter, endAllowed = false): Promise<Uint8Array> {
    const answer = await this.#send(request.end());
    if (endAllowed && typeOf(answer) === packetType.status && new FieldReader(answer).uint32() !== statusCode.endOfFile) this.#succeeded(answer);
    return answer;
  }

  #send(packet: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed);
        return;
      }
      while (this.#waiting.has(this.#next)) this.#next = (this.#next + 1) >>> 0;
      const id = this.#next;
      this.#next = (this.#next + 1) >>> 0;
      this.#waiting.set(id, { resolve, reject });
      renumber(packet, id);
      this.#write(packet);
    });
  }

  #write(packet: Uint8Array): void {
    if (this.#stream.writable) this.#stream.write(packet);
  }

  #take(piece: Buffer): void {
    if (this.#closed !== undefined) return;
    try {
      for (const packet of this.#framer.push(piece)) this.#answer(packet);
    } catch (error) {
      if (error instanceof SftpFormatError) this.#broken(error);
      else throw error;
    }
  }

  #answer(packet: Uint8Array): void {
    if (!this.#greeted) {
      this.#greet(packet);
      return;
    }
    const id = idOf(packet);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) throw new SftpFormatError('answer to nothing');
    this.#waiting.delete(id);
    waiting.resolve(packet);
  }

  #greet(packet: Uint8Array): void {
    if (typeOf(packet) !== packetType.version) throw new SftpFormatError('no version');
    const reader = new FieldReader(packet, 5);
    if (reader.uint32() !== SFTP_VERSION) throw new SftpFormatError('another version');
    while (reader.left > 0) this.#extensions.set(reader.text(1000), reader.text(1000));
    this.#greeted = true;
    this.#version.resolve();
  }
}

function extended(name: string): FieldWriter {
  return new FieldWriter(packetType.extended, 512).uint32(0).bytes(encodeFileName(name));
}

function readEntries(reader: FieldReader): RemoteEntry[] {
  const count = reader.uint32();
  const entries: RemoteEntry[] = [];
  for (let at = 0; at < count; at += 1) {
    const name = decodeFileName(reader.bytes());
    entries.push({ name, longName: reader.text(8192), attributes: reader.attributes() });
  }
  return entries;
}
