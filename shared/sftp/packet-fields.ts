import { decodeFileName, encodeFileName } from './file-name-bytes.ts';
import { SftpFormatError } from './packet-framer.ts';
import { MAX_PATH_BYTES, type packetType } from './sftp-constants.ts';

/** A packet's length, its kind and its number: all but `init` and `version` begin so. */
export const PACKET_HEAD_BYTES = 9;
const ID_AT = 5;
const HIGH_WORD = 2 ** 32;

/** Attributes of a file (section 5); what a packet does not say is left out. */
export interface FileAttributes {
  /** Bytes; a number above 2^53 is rounded, as no file is so large. */
  readonly size?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Kind and permissions, as `st_mode`. */
  readonly mode?: number;
  readonly times?: { readonly accessedAtSeconds: number; readonly modifiedAtSeconds: number };
}
const attributeFlag = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x8000_0000 } as const;

/** `S_IFMT` and the kinds of files that matter here. */
export const fileKind = { mask: 0o170_000, folder: 0o040_000, file: 0o100_000, link: 0o120_000 } as const;

/** Whether attributes are of a folder. */
export function isFolder({ mode }: FileAttributes): boolean {
  return mode !== undefined && (mode & fileKind.mask) === fileKind.folder;
}
/** Whether attributes are of a plain file; a server that does not say is taken to mean one. */
export function isFile({ mode }: FileAttributes): boolean {
  return mode === undefined || (mode & fileKind.mask) === fileKind.file || (mode & fileKind.mask) === 0;
}
/** Whether attributes are of a symbolic link. */
export function isLink({ mode }: FileAttributes): boolean {
  return mode !== undefined && (mode & fileKind.mask) === fileKind.link;
}

/** The kind of a packet with its length before it. */
export function typeOf(packet: Uint8Array): number {
  return packet[4] ?? 0;
}

/** The number by which an answer finds its request; throws SftpFormatError where the packet is too short to have one. */
export function idOf(packet: Uint8Array): number {
  if (packet.length < PACKET_HEAD_BYTES) throw new SftpFormatError('packet without a number');
  return viewOf(packet).getUint32(ID_AT);
}

/** Puts another number into a packet, in place. */
export function renumber(packet: Uint8Array, id: number): void {
  viewOf(packet).setUint32(ID_AT, id);
}

/** Reads the fields of a packet in order. Each call throws SftpFormatError where the packet ends before. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  /** @param at where the first field begins; behind the number, unless said otherwise */
  constructor(packet: Uint8Array, at = PACKET_HEAD_BYTES) {
    this.#bytes = packet;
    this.#view = viewOf(packet);
    this.#at = at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** A number of 64 bits; above 2^53 it is rounded, so that it is no safe integer. */
  uint64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at) * HIGH_WORD + this.#view.getUint32(at + 4);
  }

  /** A view of the bytes of a string. */
  bytes(most = this.#bytes.length): Uint8Array {
    const length = this.uint32();
    if (length > most || length > this.left) throw new SftpFormatError('string out of bounds');
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A name or path, without loss (`decodeFileName`). A zero byte, which ends a path for the system, is refused. */
  name(): string {
    const bytes = this.bytes(MAX_PATH_BYTES);
    if (bytes.includes(0)) throw new SftpFormatError('zero byte in a path');
    return decodeFileName(bytes);
  }

  /** Text that is not a name: a message, the name of an extension. */
  text(most: number): string {
    return decodeFileName(this.bytes(most));
  }

  attributes(): FileAttributes {
    const flags = this.uint32();
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const size = has(attributeFlag.size) ? { size: this.uint64() } : {};
    const owner = has(attributeFlag.owner) ? { owner: { uid: this.uint32(), gid: this.uint32() } } : {};
    const mode = has(attributeFlag.mode) ? { mode: this.uint32() } : {};
    const times = has(attributeFlag.times) ? { times: { accessedAtSeconds: this.uint32(), modifiedAtSeconds: this.uint32() } } : {};
    if (has(attributeFlag.extended)) {
      // Each pair takes eight bytes at least, so that a count cannot make this long.
      const count = this.uint32();
      for (let pair = 0; pair < count; pair += 1) {
        this.bytes();
        this.bytes();
      }
    }
    return { ...size, ...owner, ...mode, ...times };
  }

  #take(length: number): number {
    if (length > this.left) throw new SftpFormatError('packet ends inside a field');
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

/** Writes a packet field by field. */
export class FieldWriter {
  #bytes: Uint8Array;
  #used = 5;

  constructor(type: (typeof packetType)[keyof typeof packetType], sizeHint = 128) {
    this.#bytes = new Uint8Array(sizeHint);
    this.#bytes[4] = type;
  }

  uint32(value: number): this {
    viewOf(this.#room(4)).setUint32(this.#used, value);
    this.#used += 4;
    return this;
  }

  uint64(value: number): this {
    return this.uint32(Math.floor(value / HIGH_WORD)).uint32(value % HIGH_WORD);
  }

  bytes(value: Uint8Array): this {
    this.uint32(value.length);
    return this.raw(value);
  }

  /** Bytes without a length before them. */
  raw(value: Uint8Array): this {
    this.#room(value.length).set(value, this.#used);
    this.#used += value.length;
    return this;
  }

  name(value: string): this {
    return this.bytes(encodeFileName(value));
  }

  attributes({ size, owner, mode, times }: FileAttributes): this {
    this.uint32((size === undefined ? 0 : attributeFlag.size) | (owner === undefined ? 0 : attributeFlag.owner) | (mode === undefined ? 0 : attributeFlag.mode) | (times === undefined ? 0 : attributeFlag.times));
    if (size !== undefined) this.uint64(size);
    if (owner !== undefined) this.uint32(owner.uid).uint32(owner.gid);
    if (mode !== undefined) this.uint32(mode);
    if (times !== undefined) this.uint32(times.accessedAtSeconds).uint32(times.modifiedAtSeconds);
    return this;
  }

  /** The packet with its length before it. */
  end(): Uint8Array {
    const packet = this.#bytes.subarray(0, this.#used);
    viewOf(packet).setUint32(0, this.#used - 4);
    return packet;
  }

  #room(length: number): Uint8Array {
    if (this.#used + length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + length));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
