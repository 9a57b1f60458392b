import { createCipheriv, type CipherGCMTypes, type KeyObject, randomFillSync } from 'node:crypto';
import { freeMemory } from '../../shared/proxy-stream/free-memory.ts';

/** What stands before a packet's payload: its length, and how much is filled up. */
const HEAD_BYTES = 5;
const LENGTH_BYTES = 4;
const BLOCK_BYTES = 16;
const LEAST_PADDING_BYTES = 4;
/** A full channel packet of 32 KiB with what stands around it; larger ones get memory of their own. */
const SCRATCH_BYTES = 33 * 1024;
/** Random bytes are fetched for some hundred packets at once: a call for each costs more than its twenty bytes. */
const RANDOM_BYTES = 4096;

export interface PacketSealerParts {
  readonly cipher: CipherGCMTypes;
  readonly key: KeyObject;
  /** Twelve bytes, of which the last eight are counted up by each packet (RFC 5647, 7.1); changed in place. */
  readonly iv: Buffer;
  /** Number of the next packet. */
  readonly sequence: number;
  /** Writes the parts of one packet, which belong together, and calls back when they are no longer needed; on a connection that is gone it need not. */
  readonly write: (parts: readonly Uint8Array[], written: () => void) => void;
}

/**
 * Seals packets of SSH with AES-GCM (RFC 5647, as OpenSSH has it) in the place of ssh2's own cipher, whose interface this has.
 * ssh2's way without its native addon costs three times as much for a packet: it hands Node the key as bytes, which Node looks
 * at by raising and catching two errors, asks for random bytes each time, and writes a packet in three system calls.
 */
export class PacketSealer {
  readonly #parts: PacketSealerParts;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly #random = Buffer.allocUnsafeSlow(RANDOM_BYTES);
  #randomUsed = RANDOM_BYTES;
  #dead = false;
  /** Number of the next packet; ssh2 reads and sets it. */
  outSeqno: number;

  constructor(parts: PacketSealerParts) {
    this.#parts = parts;
    this.outSeqno = parts.sequence;
  }

  /** Nothing is sealed any more. */
  free(): void {
    this.#dead = true;
  }

  /** Room for a packet of which the payload is not yet written (RFC 4253, 6); valid until the next one is asked for. */
  allocPacket(payloadBytes: number): Buffer {
    // All but the length fills whole blocks.
    const unfilled = BLOCK_BYTES - ((HEAD_BYTES - LENGTH_BYTES + payloadBytes) % BLOCK_BYTES);
    const paddingBytes = unfilled < LEAST_PADDING_BYTES ? unfilled + BLOCK_BYTES : unfilled;
    const bytes = HEAD_BYTES + payloadBytes + paddingBytes;
    const packet = bytes <= SCRATCH_BYTES ? this.#scratch.subarray(0, bytes) : Buffer.allocUnsafeSlow(bytes);
    packet.writeUInt32BE(bytes - LENGTH_BYTES, 0);
    packet[LENGTH_BYTES] = paddingBytes;
    packet.set(this.#randomBytes(paddingBytes), bytes - paddingBytes);
    return packet;
  }

  /** Seals a packet that `allocPacket` gave, and writes it. */
  encrypt(packet: Buffer): void {
    if (this.#dead) return;
    const { cipher: name, key, iv, write } = this.#parts;
    const cipher = createCipheriv(name, key, iv);
    // The length is not secret, and proved with the rest. A copy: the packet's memory is used again before it has left.
    const length = Buffer.from(packet.subarray(0, LENGTH_BYTES));
    cipher.setAAD(length);
    const sealed = cipher.update(packet.subarray(LENGTH_BYTES));
    cipher.final();
    write([length, sealed, cipher.getAuthTag()], () => freeMemory(sealed));
    countUp(iv);
    this.outSeqno = (this.outSeqno + 1) >>> 0;
  }

  #randomBytes(count: number): Buffer {
    if (this.#randomUsed + count > RANDOM_BYTES) {
      randomFillSync(this.#random);
      this.#randomUsed = 0;
    }
    this.#randomUsed += count;
    return this.#random.subarray(this.#randomUsed - count, this.#randomUsed);
  }
}

/** Counts the last eight bytes of a nonce up by one. */
function countUp(iv: Buffer): void {
  for (let at = iv.length - 1; at >= iv.length - 8; at -= 1) {
    const next = ((iv[at] ?? 0) + 1) & 0xff;
    iv[at] = next;
    if (next !== 0) return;
  }
}
