import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { FileRules } from '../../shared/policy/file-rules.ts';
import type { FileOperation } from '../../shared/recording/file-operation.ts';
import { FieldReader, typeOf } from '../../shared/sftp/packet-fields.ts';
import { SftpFormatError } from '../../shared/sftp/packet-framer.ts';
import { MAX_HANDLE_BYTES, packetType, statusCode } from '../../shared/sftp/sftp-constants.ts';
import type { Answers, Draft } from './answers.ts';
import { refusalPacket, statusPacket } from './built-packets.ts';
import { MOST_OPEN, type OpenFile } from './open-files.ts';
import { readHandle, statusOf, type TargetRequests } from './target-requests.ts';

/** Data of one answer; OpenSSH's server gives no more. */
const MOST_DATA_BYTES = 255 * 1024;

/** The length that stands before a packet. */
const LENGTH_BYTES = 4;

/** What is asked of open files and folders. */
export class HandleRequests {
  readonly #answers: Answers;
  readonly #requests: TargetRequests;
  readonly #rules: FileRules;
  readonly #open = new Map<string, OpenFile>();
  #opening = 0;

  constructor(answers: Answers, requests: TargetRequests, rules: FileRules) {
    this.#answers = answers;
    this.#requests = requests;
    this.#rules = rules;
  }

  /** Entries of what is open when the session ends. */
  end(): FileOperation[] {
    const files = [...this.#open.values()];
    this.#open.clear();
    return files.map((file) => file.end('cut-off'));
  }

  /** Finds the open file that a request names first; where there is none, the request is answered so. */
  ofHandle(packet: Uint8Array, id: number, then: (file: OpenFile, reader: FieldReader, key: string) => void, reader = new FieldReader(packet)): void {
    const key = keyOf(reader.bytes(MAX_HANDLE_BYTES));
    const file = this.#open.get(key);
    if (file === undefined) this.#answers.answer(id, statusPacket(statusCode.failure, 'no such handle'));
    else then(file, reader, key);
  }

  read(packet: Uint8Array, id: number): void {
    this.ofHandle(packet, id, (file, reader) => {
      const offset = reader.uint64();
      const length = reader.uint32();
      if (!Number.isSafeInteger(offset) || reader.left !== 0) throw new SftpFormatError('read out of bounds');
      if (length > MOST_DATA_BYTES) new DataView(packet.buffer, packet.byteOffset, packet.length).setUint32(packet.length - 4, MOST_DATA_BYTES);
      this.#answers.pass(packet, id, (answer) => this.#seen(file, offset, answer));
    });
  }

  #seen(file: OpenFile, offset: number, answer: Uint8Array): Uint8Array | undefined {
    if (typeOf(answer) !== packetType.data) {
      const status = statusOf(answer);
      if (status === statusCode.endOfFile) file.endsAt(offset);
      else file.failed(status);
      return undefined;
    }
    const data = new FieldReader(answer).bytes(MOST_DATA_BYTES);
    const most = this.#rules.maxFileBytes;
    // The size was looked at when it was opened; it may have grown, or be one that the system makes up.
    if (most !== null && offset + data.length > most) {
      file.failed(statusCode.permissionDenied);
      return refusalPacket('files.too-large', { bytes: most });
    }
    file.read(offset, data);
    return undefined;
  }

  write(packet: Uint8Array, id: number): void {
    this.ofHandle(packet, id, (file, reader) => {
      const offset = reader.uint64();
      const data = reader.bytes();
      if (!Number.isSafeInteger(offset)) throw new SftpFormatError('write out of bounds');
      const { maxFileBytes } = this.#rules;
      if (maxFileBytes !== null && offset + data.length > maxFileBytes) {
        file.failed(statusCode.permissionDenied);
        this.#answers.refuse(id, 'files.too-large', { bytes: maxFileBytes });
        return;
      }
      file.written(offset, data);
      this.#answers.pass(withoutRest(packet, reader.left), id, (answer) => {
        const status = statusOf(answer);
        if (status !== statusCode.ok) file.failed(status);
        return undefined;
      });
    });
  }

  readFolder(packet: Uint8Array, id: number): void {
    this.ofHandle(packet, id, (file) =>
      this.#answers.pass(packet, id, (answer) => {
        if (typeOf(answer) === packetType.name) file.listed(new FieldReader(answer).uint32());
        return undefined;
      }),
    );
  }

  close(packet: Uint8Array, id: number): void {
    this.ofHandle(packet, id, (file, _reader, key) => {
      this.#open.delete(key);
      this.#requests.send(packet, (answer) => {
        const status = statusOf(answer);
        if (status !== statusCode.ok) file.failed(status);
        this.#answers.recorded(id, answer, file.end('closed'));
      });
    });
  }

  change(packet: Uint8Array, id: number): void {
    this.ofHandle(packet, id, (file, reader) => {
      const { size } = reader.attributes();
      const draft: Draft = { operation: 'change', path: file.path };
      const refused = changeRefusal(this.#rules, size);
      if (refused !== undefined) {
        this.#answers.error(id, refused, draft);
        return;
      }
      if (size !== undefined) file.sizeChanged();
      this.#answers.passLogged(packet, id, draft);
    });
  }

  /** Opens what has been found to be allowed. Throws `files.too-many-open`. */
  open(packet: Uint8Array, id: number, draft: Draft, file: OpenFile): void {
    if (this.#open.size + this.#opening >= MOST_OPEN) throw new MavisError('files.too-many-open');
    this.#opening += 1;
    this.#requests.send(packet, (answer) => {
      this.#opening -= 1;
      if (typeOf(answer) === packetType.handle) this.#answers.unlessFailed(id, draft, this.#opened(id, answer, draft, file));
      else this.#answers.logged(id, answer, draft);
    });
  }

  async #opened(id: number, answer: Uint8Array, draft: Draft, file: OpenFile): Promise<void> {
    const handle = readHandle(answer);
    if (file.way !== 'list') await this.#assertSize(handle);
    const key = keyOf(handle);
    // A target that gives a handle out twice would mix up what is written down of two files.
    if (this.#open.has(key)) throw new MavisError('target.protocol-error');
    this.#open.set(key, file);
    // A folder is written down when it has been read: opening it says nothing yet.
    if (file.way === 'list') this.#answers.answer(id, answer);
    else this.#answers.recorded(id, answer, { ...draft, outcome: 'ok' });
  }

  /** Throws `files.too-large`, or the target's own refusal to say how large it is; the handle is closed then. */
  async #assertSize(handle: Uint8Array): Promise<void> {
    const most = this.#rules.maxFileBytes;
    if (most === null) return;
    try {
      if (((await this.#requests.attributesOfHandle(handle)).size ?? 0) > most) throw new MavisError('files.too-large', { bytes: most });
    } catch (error) {
      await this.#requests.close(handle);
      throw error;
    }
  }
}

/** Why a rule does not allow to change a file, perhaps to this size; nothing where it does. */
export function changeRefusal({ filesIn, maxFileBytes }: FileRules, size: number | undefined): MavisError | undefined {
  if (!filesIn) return new MavisError('files.upload-not-allowed');
  return size !== undefined && maxFileBytes !== null && size > maxFileBytes ? new MavisError('files.too-large', { bytes: maxFileBytes }) : undefined;
}

function keyOf(handle: Uint8Array): string {
  return Buffer.from(handle.buffer, handle.byteOffset, handle.length).toString('latin1');
}

/**
 * A packet that ends after its last field. Clients in Go (rclone) send their whole buffer, the last bytes of a file or not, and
 * OpenSSH's server reads over what is behind them; from here no target gets it. Changes the packet's own length.
 */
function withoutRest(packet: Uint8Array, restBytes: number): Uint8Array {
  if (restBytes === 0) return packet;
  const ended = packet.subarray(0, packet.length - restBytes);
  new DataView(ended.buffer, ended.byteOffset).setUint32(0, ended.length - LENGTH_BYTES);
  return ended;
}
