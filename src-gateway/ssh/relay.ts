import type { Readable, Writable } from 'node:stream';
import { drained } from '../sessions/drained.ts';
import { sessionWork } from '../sessions/session-work.ts';
import type { UntakenOutput } from '../sessions/untaken-output.ts';

/** So much of a direction waits in the gateway, beyond the windows of SSH itself: 5 ms of a fast line, and little enough that Ctrl-C is not stuck behind it. */
const MOST_WAITING_BYTES = 128 * 1024;

export interface RelayParts {
  readonly from: Readable;
  readonly to: Writable;
  /** The connection under `to`: where its buffer is full, the channel's window alone would not bound memory. */
  readonly wire: Writable;
  /** Called with each chunk before it goes on. Where it gives a promise, the chunk waits for it. */
  readonly take: (chunk: Buffer) => Promise<void> | undefined;
  /** What else to wait for before reading on (a disk that is behind). */
  readonly hold?: () => Promise<void> | undefined;
  /** Told of what waits in `to`. */
  readonly untaken?: UntakenOutput;
  readonly signal: AbortSignal;
  /** `take` or `hold` rejected. */
  readonly failed: (error: unknown) => void;
}

/**
 * Moves one direction of a channel, with back-pressure from end to end: it reads no more from `from` while too much is
 * unsent in `to`, or its connection is full, or `hold` says so. Ends with the signal; the end of `from` is the caller's.
 */
export class Relay {
  readonly #parts: RelayParts;
  #waitingBytes = 0;
  #room: (() => void) | undefined;
  #paused = false;
  #idle: (() => void)[] = [];

  constructor(parts: RelayParts) {
    this.#parts = parts;
    parts.from.on('data', this.#onData);
    parts.signal.addEventListener('abort', this.#stop, { once: true });
  }

  /** Resolves when all that was read has been handed on. */
  drained(): Promise<void> {
    return this.#waitingBytes === 0 && !this.#paused ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Takes what came and was not read before the relay's end, so that it is recorded; it goes nowhere. Where it cannot be stored `failed` is told. */
  takeRest(): void {
    for (let chunk: unknown = this.#parts.from.read(); Buffer.isBuffer(chunk); chunk = this.#parts.from.read()) sessionWork(this.#parts.take(chunk), this.#parts.failed);
  }

  readonly #onData = (chunk: Buffer): void => {
    let taken: Promise<void> | undefined;
    try {
      taken = this.#parts.take(chunk);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (taken === undefined) this.#send(chunk);
    else {
      this.#pause();
      sessionWork(taken.then(() => (this.#send(chunk), this.#resumeWhenFree())), this.#fail);
      return;
    }
    if (this.#waiting() !== undefined) {
      this.#pause();
      sessionWork(this.#resumeWhenFree(), this.#fail);
    }
  };

  #send(chunk: Buffer): void {
    if (this.#parts.signal.aborted || !this.#parts.to.writable) return;
    const { untaken } = this.#parts;
    this.#waitingBytes += chunk.length;
    untaken?.waits();
    this.#parts.to.write(chunk, () => {
      this.#waitingBytes -= chunk.length;
      untaken?.taken();
      if (this.#waitingBytes > 0) untaken?.waits();
      if (this.#waitingBytes < MOST_WAITING_BYTES) this.#room?.();
      if (this.#waitingBytes === 0) this.#tellIdle();
    });
  }

  #waiting(): Promise<void> | undefined {
    if (this.#waitingBytes >= MOST_WAITING_BYTES) return new Promise((resolve) => (this.#room = resolve));
    if (this.#parts.wire.writableNeedDrain) return drained(this.#parts.wire);
    return this.#parts.hold?.();
  }

  async #resumeWhenFree(): Promise<void> {
    try {
      for (let waiting = this.#waiting(); waiting !== undefined && !this.#parts.signal.aborted; waiting = this.#waiting()) await waiting;
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#paused = false;
    if (this.#waitingBytes === 0) this.#tellIdle();
    if (!this.#parts.signal.aborted) this.#parts.from.resume();
  }

  #pause(): void {
    this.#paused = true;
    this.#parts.from.pause();
  }

  readonly #fail = (error: unknown): void => {
    this.#stop();
    this.#parts.failed(error);
  };

  readonly #stop = (): void => {
    this.#parts.signal.removeEventListener('abort', this.#stop);
    this.#parts.from.off('data', this.#onData);
    this.#parts.from.pause();
    this.#room?.();
    this.#paused = false;
    this.#waitingBytes = 0;
    this.#tellIdle();
  };

  #tellIdle(): void {
    if (this.#paused) return;
    for (const tell of this.#idle.splice(0)) tell();
  }
}
