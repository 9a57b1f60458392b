import type { Readable, Writable } from 'node:stream';
import { PacketFramer } from '../../shared/sftp/packet-framer.ts';
import { freeMemory } from '../../shared/proxy-stream/free-memory.ts';
import { drained } from '../sessions/drained.ts';

/** What an SSH packet has around the data of a channel: kind, number and length before it, padding of at most 255 bytes behind it. */
const AROUND_DATA_BYTES = 512;

export interface PacketPumpParts {
  readonly from: Readable;
  /** Where what is taken goes, as far as it goes on at once. */
  readonly to: Writable;
  /** The connection under `to`: where its buffer is full, the channel's window alone would not bound memory. */
  readonly wire: Writable;
  /** Takes one packet; throws SftpFormatError for what is none. */
  readonly take: (packet: Uint8Array) => void;
  /** What else to wait for before the next packet. */
  readonly hold: () => Promise<void> | undefined;
  readonly failed: (error: unknown) => void;
  readonly signal: AbortSignal;
  /** Whether the pieces that come are nobody else's, so that their memory goes back when it is copied. */
  readonly ownsPieces: boolean;
}

/** Reads packets of one side, one after the other, and none while what they go to is full: back-pressure from end to end. */
export class PacketPump {
  readonly #parts: PacketPumpParts;
  readonly #framer = new PacketFramer((bytes) => Buffer.allocUnsafeSlow(bytes));
  #packets: Uint8Array[] = [];
  #next = 0;
  #waiting = false;

  constructor(parts: PacketPumpParts) {
    this.#parts = parts;
  }

  start(): void {
    const { from, signal } = this.#parts;
    from.on('data', this.#onData);
    signal.addEventListener('abort', this.#stop, { once: true });
    from.resume();
  }

  readonly #onData = (piece: Buffer): void => {
    try {
      const packets = this.#framer.push(piece);
      for (const packet of packets) this.#packets.push(packet);
      if (this.#parts.ownsPieces && packets.every(({ buffer }) => buffer !== piece.buffer)) freeMemory(piece, AROUND_DATA_BYTES);
      this.#go();
    } catch (error) {
      this.#fail(error);
    }
  };

  #go(): void {
    if (this.#waiting) return;
    while (this.#next < this.#packets.length) {
      const wait = this.#mustWait();
      if (wait !== undefined) {
        this.#waiting = true;
        this.#parts.from.pause();
        wait.then(this.#goOn, (error: unknown) => this.#fail(error));
        return;
      }
      const packet = this.#packets[this.#next];
      this.#next += 1;
      if (packet !== undefined) this.#parts.take(packet);
      if (this.#parts.signal.aborted) return;
    }
    this.#packets = [];
    this.#next = 0;
    if (this.#parts.from.isPaused()) this.#parts.from.resume();
  }

  readonly #goOn = (): void => {
    this.#waiting = false;
    if (this.#parts.signal.aborted) return;
    try {
      this.#go();
    } catch (error) {
      this.#fail(error);
    }
  };

  #mustWait(): Promise<void> | undefined {
    const { to, wire, hold } = this.#parts;
    if (to.writableNeedDrain) return drained(to);
    if (wire.writableNeedDrain) return drained(wire);
    return hold();
  }

  #fail(error: unknown): void {
    this.#stop();
    this.#parts.failed(error);
  }

  readonly #stop = (): void => {
    this.#parts.signal.removeEventListener('abort', this.#stop);
    this.#parts.from.off('data', this.#onData);
    this.#parts.from.pause();
    this.#packets = [];
    this.#next = 0;
  };
}
