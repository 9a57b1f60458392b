/**
 * One write to TLS: 32 full records of 16 KiB (RFC 8446 5.1). Smaller writes (128 KiB was tried) cost more turns of the event
 * loop, system calls and wakings of the other end for the same bytes; larger ones leave the processor's cache before they are
 * encrypted, and keep what is typed waiting behind them.
 */
const WRITE_BYTES = 512 * 1024;
/** So much may wait for the connection before the writer above is told to wait: the next writes are ready when one is done. */
const FULL_BYTES = 4 * WRITE_BYTES;
/** Up to here a write gets memory of its own; above, the connection's, which is kept for the next one. */
const SMALL_BYTES = 4 * 1024;

export interface OutgoingFramesPorts {
  /** Writes to the connection and calls back when the bytes are no longer needed; on a connection that is gone it need not. */
  readonly write: (bytes: Uint8Array, written: () => void) => void;
  /** Calls back when everything that is there to be read has been taken, so that what is written on it leaves together. */
  readonly defer: (callback: () => void) => void;
  /** No longer full. */
  readonly drained: () => void;
}

/**
 * The frames that wait for one connection. While a write is under way, what comes after it gathers and leaves as one write,
 * whatever the frames' sizes: header, data and acknowledgements are copied once into memory that is used again and again, so
 * that a stream at full speed allocates nothing for what it sends.
 */
export class OutgoingFrames {
  readonly #ports: OutgoingFramesPorts;
  #parts: Uint8Array[] = [];
  /** Bytes of the first part that have left. */
  #left = 0;
  #waitingBytes = 0;
  #writing = false;
  #deferred = false;
  #wasFull = false;
  #memory: Uint8Array | undefined;
  readonly #written = (): void => {
    this.#writing = false;
    this.#next();
    if (!this.#wasFull || this.full) return;
    this.#wasFull = false;
    this.#ports.drained();
  };

  constructor(ports: OutgoingFramesPorts) {
    this.#ports = ports;
  }

  /** Bytes that have not been written to the connection. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether the writer should wait for `drained`. What it writes all the same is taken. */
  get full(): boolean {
    return this.#waitingBytes >= FULL_BYTES;
  }

  /** Takes parts of frames, in order; they must not be changed until they have left. */
  write(...parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.#parts.push(part);
      this.#waitingBytes += part.length;
    }
    if (this.full) this.#wasFull = true;
    if (this.#writing || this.#deferred) return;
    this.#deferred = true;
    this.#ports.defer(() => {
      this.#deferred = false;
      this.#next();
    });
  }

  /** Hands everything to the connection now: before it is ended, or given to somebody else. */
  flush(): void {
    if (this.#waitingBytes > 0) this.#ports.write(this.#gather(new Uint8Array(this.#waitingBytes)), () => undefined);
  }

  #next(): void {
    if (this.#writing || this.#waitingBytes === 0) return;
    this.#writing = true;
    const length = Math.min(this.#waitingBytes, WRITE_BYTES);
    if (length <= SMALL_BYTES) {
      // Who types and reads again keeps nothing for the bulk that was.
      this.#memory = undefined;
      this.#ports.write(this.#gather(new Uint8Array(length)), this.#written);
      return;
    }
    this.#memory ??= new Uint8Array(WRITE_BYTES);
    this.#ports.write(this.#gather(this.#memory.subarray(0, length)), this.#written);
  }

  /** Fills `into` with what waits, oldest first; so much must be there. */
  #gather(into: Uint8Array): Uint8Array {
    let filled = 0;
    let done = 0;
    for (const part of this.#parts) {
      const end = Math.min(part.length, this.#left + into.length - filled);
      into.set(this.#left === 0 && end === part.length ? part : part.subarray(this.#left, end), filled);
      filled += end - this.#left;
      this.#left = end;
      if (end < part.length) break;
      done += 1;
      this.#left = 0;
      if (filled === into.length) break;
    }
    this.#parts.splice(0, done);
    this.#waitingBytes -= filled;
    return into;
  }
}
