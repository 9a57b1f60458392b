import { Duplex } from 'node:stream';
import { CountedStream } from '../../shared/proxy-stream/counted-stream.ts';
import { type Frame, frameType } from '../../shared/proxy-stream/frames.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { sessionWork } from '../sessions/session-work.ts';
import type { UntakenOutput } from '../sessions/untaken-output.ts';

/** What the reader above may hold unread; what is more waits here, unacknowledged, and stops the peer at its window. */
const READ_AHEAD_BYTES = 128 * 1024;
/** What is typed is smaller than this: it is handed on at once, and takes no block of its own. */
const SMALL_BYTES = 4096;
/**
 * What comes at once is copied together into blocks of this size, four records of TLS: whoever reads has a quarter of the events
 * and writes, and a peer that sends single bytes cannot make each cost an object. A larger block leaves the processor's cache.
 */
export const READ_BLOCK_BYTES = 64 * 1024;

export interface CountedDuplexPorts {
  readonly write: (...parts: Uint8Array[]) => void;
  /** Whether what is written should wait until `goOn`, though the window has room; never where absent. */
  readonly congested?: () => boolean;
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Whether the window may grow by so many bytes; always where absent. */
  readonly mayGrow?: (bytes: number) => boolean;
  /** Where it is given, what the peer sends is not read while the peer takes nothing. */
  readonly untaken?: UntakenOutput;
}

/**
 * The counted stream of a session as a Node Duplex: writing waits while the peer's window is full, and what is not read is
 * not acknowledged, so that back-pressure reaches from one end to the other. A chunk that was written is kept until it is
 * acknowledged and must not be changed after. With `untaken`, a peer that takes nothing is not heard either. What was received is
 * copied, into a block that is nobody else's than the reader's: `READ_BLOCK_BYTES` at most, of which a chunk is the beginning, or of
 * its own size where it is less than half of one.
 */
export class CountedDuplex extends Duplex {
  readonly #stream: CountedStream;
  readonly #congested: () => boolean;
  readonly #untaken: UntakenOutput | undefined;
  #heldBack = false;
  readonly #unread: UnreadBytes = new UnreadBytes();
  #wanted = false;
  #passing = false;
  #finished = false;
  #resumeWriting: (() => void) | undefined;

  constructor({ write, congested = () => false, clock, mayGrow, untaken }: CountedDuplexPorts) {
    // Not destroyed by itself when both directions have ended: the peer may still come back for what was sent last.
    super({ autoDestroy: false, allowHalfOpen: true, readableHighWaterMark: READ_AHEAD_BYTES, writableHighWaterMark: READ_AHEAD_BYTES, decodeStrings: true });
    this.#congested = congested;
    this.#untaken = untaken;
    const timers = new WeakMap<object, Timer>();
    this.#stream = new CountedStream({
      write,
      ...(mayGrow === undefined ? {} : { mayGrow }),
      deliver: (bytes) => this.#deliver(bytes),
      finished: () => {
        this.#finished = true;
        this.#pass();
      },
      writable: () => this.goOn(),
      setTimer: (callback, milliseconds) => {
        const key = {};
        timers.set(key, clock.setTimer(callback, milliseconds));
        return key;
      },
      clearTimer: (key) => {
        if (typeof key === 'object' && key !== null) timers.get(key)?.cancel();
      },
    });
  }

  /** Bytes sent, acknowledged, received and consumed so far. */
  get counts(): CountedStream['counts'] {
    return this.#stream.counts;
  }

  /** Bytes that are held for the two ends. */
  get keptBytes(): number {
    return this.destroyed ? 0 : this.#stream.keptBytes;
  }

  /** Whether everything that was written has been acknowledged. */
  get delivered(): boolean {
    return this.writableFinished && this.counts.acknowledged === this.counts.sent;
  }

  /** Sends again, on a new connection, what the peer has not received; throws FrameError where it claims what cannot be. */
  resend(receivedByPeer: number): void {
    if (this.destroyed) return;
    this.#stream.resend(receivedByPeer);
    this.#untaken?.again();
  }

  /** Lets the writer go on where window and connection have room. */
  goOn(): void {
    const resume = this.#resumeWriting;
    if (resume === undefined || !this.#stream.hasRoom || this.#congested()) return;
    this.#resumeWriting = undefined;
    this.#untaken?.taken();
    resume();
  }

  /** What the peer sends is not heard any more: whoever reads comes to the end of what was taken until now. */
  endInput(): void {
    this.#finished = true;
    this.#pass();
  }

  /** Takes a frame of the stream; false for one of another kind. Throws FrameError for a peer that does not keep to the rules. */
  takeFrame(frame: Frame): boolean {
    if (this.destroyed) return true;
    if (frame.type !== frameType.acknowledge) return this.#stream.take(frame);
    const before = this.counts.acknowledged;
    this.#stream.take(frame);
    if (this.counts.acknowledged > before) this.#untaken?.moved();
    return true;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (this.#stream.send(chunk) && !this.#congested()) {
      callback();
      return;
    }
    this.#resumeWriting = callback;
    this.#untaken?.waits();
  }

  override _final(callback: () => void): void {
    this.#stream.finish();
    callback();
  }

  override _read(): void {
    this.#wanted = true;
    this.#pass();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stream.dispose();
    this.#unread.clear();
    this.#resumeWriting = undefined;
    this.#untaken?.stop();
    callback(error);
  }

  #deliver(bytes: Uint8Array): void {
    this.#unread.add(bytes);
    if (this.#passing) return;
    if (bytes.length < SMALL_BYTES) {
      this.#pass();
      return;
    }
    this.#passing = true;
    // Behind what else came in the same turn.
    setImmediate(() => {
      this.#passing = false;
      this.#pass();
    });
  }

  #pass(): void {
    while (this.#wanted && !this.destroyed) {
      if (!this.#unread.empty && this.#holdBack()) return;
      const bytes = this.#unread.take();
      if (bytes === undefined) {
        if (this.#finished) {
          this.#wanted = false;
          this.push(null);
        }
        return;
      }
      this.#wanted = this.push(bytes);
      this.#stream.consume(bytes.length);
    }
  }

  /** Whether what was received waits until the peer takes what it was sent. */
  #holdBack(): boolean {
    if (this.#heldBack) return true;
    const held = this.#untaken?.hold();
    if (held === undefined) return false;
    this.#heldBack = true;
    sessionWork(this.#passAfter(held), (error) => this.destroy(error));
    return true;
  }

  async #passAfter(held: Promise<void>): Promise<void> {
    await held;
    this.#heldBack = false;
    this.#pass();
  }
}

/** Bytes that were received and are not asked for yet, in order, gathered in blocks. */
class UnreadBytes {
  readonly #chunks: Buffer[] = [];
  #gathering: Buffer | undefined;
  #gathered = 0;

  get empty(): boolean {
    return this.#chunks.length === 0 && this.#gathered === 0;
  }

  /** Copies bytes: they are the caller's again. */
  add(bytes: Uint8Array): void {
    if (bytes.length < SMALL_BYTES && this.empty) {
      this.#chunks.push(Buffer.from(bytes));
      return;
    }
    for (let start = 0; start < bytes.length; ) {
      this.#gathering ??= Buffer.allocUnsafeSlow(READ_BLOCK_BYTES);
      const part = bytes.subarray(start, start + READ_BLOCK_BYTES - this.#gathered);
      this.#gathering.set(part, this.#gathered);
      this.#gathered += part.length;
      start += part.length;
      if (this.#gathered === READ_BLOCK_BYTES) this.#closeGathering();
    }
  }

  take(): Buffer | undefined {
    if (this.#chunks.length === 0) this.#closeGathering();
    return this.#chunks.shift();
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#gathering = undefined;
    this.#gathered = 0;
  }

  #closeGathering(): void {
    if (this.#gathering !== undefined && this.#gathered > 0) {
      const bytes = this.#gathering.subarray(0, this.#gathered);
      // A reader that stopped would hold a whole block for a few bytes of it, which nobody counts.
      this.#chunks.push(this.#gathered < READ_BLOCK_BYTES / 2 ? copyOf(bytes) : bytes);
    }
    this.#gathering = undefined;
    this.#gathered = 0;
  }
}

/** A copy in memory of its own size, not of the pool, which a reader would hold in whole as well. */
function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
