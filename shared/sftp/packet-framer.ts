import { MAX_PACKET_BYTES } from './sftp-constants.ts';

/** What a peer sent is no SFTP; `what` is a word for the log. */
export class SftpFormatError extends Error {
  override readonly name = 'SftpFormatError';
  readonly what: string;
  constructor(what: string) {
    super(`sftp: ${what}`);
    this.what = what;
  }
}

const LENGTH_BYTES = 4;

/**
 * Cuts a stream of bytes into packets of SFTP (section 3: four bytes of length, then as many), each with its length before it.
 * What lies whole in a piece is a view of it; what spans pieces is gathered once. Holds at most one packet.
 */
export class PacketFramer {
  readonly #allocate: (bytes: number) => Uint8Array;
  readonly #length = new Uint8Array(LENGTH_BYTES);
  #lengthBytes = 0;
  #packet: Uint8Array | undefined;
  #filled = 0;

  constructor(allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes)) {
    this.#allocate = allocate;
  }

  /** Whether a packet has begun and is not whole. */
  get partial(): boolean {
    return this.#packet !== undefined || this.#lengthBytes > 0;
  }

  /** The packets that these bytes complete. Throws SftpFormatError for a length of 0 or above the bound, as soon as it is read. */
  push(piece: Uint8Array): Uint8Array[] {
    const packets: Uint8Array[] = [];
    let at = 0;
    while (at < piece.length) {
      if (this.#packet === undefined && this.#lengthBytes === 0 && piece.length - at >= LENGTH_BYTES) {
        const whole = LENGTH_BYTES + checkedLength(piece, at);
        if (piece.length - at >= whole) {
          packets.push(piece.subarray(at, at + whole));
          at += whole;
          continue;
        }
      }
      at = this.#gather(piece, at, packets);
    }
    return packets;
  }

  #gather(piece: Uint8Array, from: number, packets: Uint8Array[]): number {
    let at = from;
    if (this.#packet === undefined) {
      while (this.#lengthBytes < LENGTH_BYTES && at < piece.length) {
        this.#length[this.#lengthBytes] = piece[at] ?? 0;
        this.#lengthBytes += 1;
        at += 1;
      }
      if (this.#lengthBytes < LENGTH_BYTES) return at;
      this.#packet = this.#allocate(LENGTH_BYTES + checkedLength(this.#length, 0));
      this.#packet.set(this.#length);
      this.#filled = LENGTH_BYTES;
    }
    const taken = Math.min(this.#packet.length - this.#filled, piece.length - at);
    this.#packet.set(piece.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === this.#packet.length) {
      packets.push(this.#packet);
      this.#packet = undefined;
      this.#lengthBytes = 0;
    }
    return at + taken;
  }
}

function checkedLength(bytes: Uint8Array, at: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset + at, LENGTH_BYTES).getUint32(0);
  if (length === 0 || length > MAX_PACKET_BYTES) throw new SftpFormatError('length out of bounds');
  return length;
}
