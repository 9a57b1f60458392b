import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type FileAttributes, FieldReader, FieldWriter, idOf, renumber, typeOf } from '../../shared/sftp/packet-fields.ts';
import { SftpFormatError } from '../../shared/sftp/packet-framer.ts';
import { MAX_HANDLE_BYTES, packetType, statusCode } from '../../shared/sftp/sftp-constants.ts';

const ID_BOUND = 2 ** 32;

/** A status with which the target answered something of the gateway's own. */
export class TargetStatus extends Error {
  override readonly name = 'TargetStatus';
  readonly status: number;
  constructor(status: number) {
    super(`sftp status ${status}`);
    this.status = status;
  }
}

/** Requests on their way to the target, the client's and the gateway's own, each under a number of the gateway's. */
export class TargetRequests {
  readonly #send: (packet: Uint8Array) => void;
  readonly #waiting = new Map<number, (answer: Uint8Array) => void>();
  #next = 0;

  /** @param send writes a packet to the target */
  constructor(send: (packet: Uint8Array) => void) {
    this.#send = send;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** Sends a packet under a number of its own; the answer comes with that number in it. */
  send(packet: Uint8Array, answered: (answer: Uint8Array) => void): void {
    while (this.#waiting.has(this.#next)) this.#next = (this.#next + 1) % ID_BOUND;
    const id = this.#next;
    this.#next = (this.#next + 1) % ID_BOUND;
    this.#waiting.set(id, answered);
    renumber(packet, id);
    this.#send(packet);
  }

  /** Takes an answer of the target; throws SftpFormatError where nothing was asked under its number. */
  take(answer: Uint8Array): void {
    const id = idOf(answer);
    const answered = this.#waiting.get(id);
    if (answered === undefined) throw new SftpFormatError('answer to nothing');
    this.#waiting.delete(id);
    answered(answer);
  }

  /** The target's real path of a path. Rejects with TargetStatus. */
  async realPath(path: string): Promise<string> {
    const answer = await this.#ask(new FieldWriter(packetType.realpath).uint32(0).name(path));
    if (typeOf(answer) !== packetType.name) throw unexpected(answer);
    const [count, real] = ofTarget(() => {
      const reader = new FieldReader(answer);
      return [reader.uint32(), reader.name()] as const;
    });
    if (count !== 1 || !real.startsWith('/')) throw new MavisError('target.protocol-error');
    return real;
  }

  /** Attributes of what stands at a path itself, also where that is a link. Rejects with TargetStatus. */
  async attributes(path: string): Promise<FileAttributes> {
    return attributesOf(await this.#ask(new FieldWriter(packetType.lstat).uint32(0).name(path)));
  }

  /** Attributes of an open file. Rejects with TargetStatus. */
  async attributesOfHandle(handle: Uint8Array): Promise<FileAttributes> {
    return attributesOf(await this.#ask(new FieldWriter(packetType.fstat).uint32(0).bytes(handle)));
  }

  /** Closes a handle that the client was not told of. */
  async close(handle: Uint8Array): Promise<void> {
    await this.#ask(new FieldWriter(packetType.close).uint32(0).bytes(handle));
  }

  #ask(request: FieldWriter): Promise<Uint8Array> {
    return new Promise((resolve) => this.send(request.end(), resolve));
  }
}

/** The status of an answer; ok for all answers that are no status. */
export function statusOf(answer: Uint8Array): number {
  return typeOf(answer) === packetType.status ? new FieldReader(answer).uint32() : statusCode.ok;
}

/** The handle of an answer, as a copy. Throws `target.protocol-error`. */
export function readHandle(answer: Uint8Array): Uint8Array {
  return ofTarget(() => Uint8Array.from(new FieldReader(answer).bytes(MAX_HANDLE_BYTES)));
}

function attributesOf(answer: Uint8Array): FileAttributes {
  if (typeOf(answer) !== packetType.attrs) throw unexpected(answer);
  return ofTarget(() => new FieldReader(answer).attributes());
}

/** What cannot be read of the target's answer is the target's fault, never the client's. */
function ofTarget<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof SftpFormatError ? new MavisError('target.protocol-error', {}, { cause }) : cause;
  }
}

function unexpected(answer: Uint8Array): Error {
  return typeOf(answer) === packetType.status ? new TargetStatus(statusOf(answer)) : new MavisError('target.protocol-error');
}
