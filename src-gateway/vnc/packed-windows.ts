import { createInflate, deflateSync, constants, type Inflate } from 'node:zlib';
import { MOST_WINDOW_BYTES, type PackedStream, packedStreams, type Primer } from '../../shared/watching/primer.ts';
import type { Clock } from '../clock/clock.ts';
import type { PackedListener } from './server-messages.ts';

/** Packed bytes gather so long before they are unpacked: one turn of a thread for some dozens of rectangles, and nothing at all in a session that shows little. */
const GATHER_BYTES = 32 * 1024;
/** Packed bytes that may wait for their turn; a target that is further ahead of this machine is not followed any more. */
const MOST_WAITING_BYTES = 8 * 1024 * 1024;
/** Unpacked bytes a second that are followed, and as many at once: 4K in full colour ten times. A target that packs nothing into much keeps no thread busy for longer. */
const MOST_UNPACKED_BYTES_A_SECOND = 256 * 1024 * 1024;
/** Unpacked in pieces of this size: each is a turn of a thread. */
const PIECE_BYTES = 64 * 1024;
/** How servers end what they send of a stream, so that it is whole in bytes: an empty stored block (Z_SYNC_FLUSH). */
const FLUSHED = Buffer.of(0, 0, 0xff, 0xff);

/**
 * Follows a VNC server's streams of zlib, so that a watcher can enter them in the middle: of each it holds the last 32 KiB of what
 * was packed, to which all that comes can refer. Unpacking runs on Node's own threads and holds nobody up. A stream that cannot be
 * followed (broken, too fast, not flushed to whole bytes) is told once as lost.
 */
export class PackedWindows implements PackedListener {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #lost: () => void;
  readonly #windows = new Map<PackedStream, PackedWindow>();
  #isLost = false;
  #budgetBytes = MOST_UNPACKED_BYTES_A_SECOND;
  #spentAtMs: number;

  /** @param lost told once, when nobody can enter any more */
  constructor(clock: Pick<Clock, 'monotonicMs'>, lost: () => void) {
    this.#clock = clock;
    this.#lost = lost;
    this.#spentAtMs = clock.monotonicMs();
  }

  readonly took = (stream: PackedStream, piece: Buffer): void => {
    if (this.#isLost) return;
    let window = this.#windows.get(stream);
    if (window === undefined) {
      window = new PackedWindow({ unpacked: (bytes) => this.#spend(bytes), failed: () => this.#lose() });
      this.#windows.set(stream, window);
    }
    window.take(piece);
  };

  readonly reset = (stream: PackedStream): void => {
    this.#windows.get(stream)?.stop();
    this.#windows.delete(stream);
  };

  /** What a decoder has to know to go on where the server is now, of each stream that has begun; undefined where that is lost. */
  async primers(): Promise<readonly Primer[] | undefined> {
    const asked = [...this.#windows].map(async ([stream, window]) => ({ stream, window: await window.now() }));
    const primers: Primer[] = [];
    for (const { stream, window } of await Promise.all(asked)) {
      if (window === undefined) this.#lose();
      else if (window.length > 0) primers.push({ stream, windowBytes: window.length, zlib: deflateSync(window, { level: 1, finishFlush: constants.Z_SYNC_FLUSH }) });
    }
    return this.#isLost ? undefined : primers.toSorted((one, other) => packedStreams.indexOf(one.stream) - packedStreams.indexOf(other.stream));
  }

  stop(): void {
    this.#isLost = true;
    for (const window of this.#windows.values()) window.stop();
    this.#windows.clear();
  }

  #spend(bytes: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#budgetBytes = Math.min(MOST_UNPACKED_BYTES_A_SECOND, this.#budgetBytes + ((nowMs - this.#spentAtMs) / 1000) * MOST_UNPACKED_BYTES_A_SECOND) - bytes;
    this.#spentAtMs = nowMs;
    if (this.#budgetBytes < 0) this.#lose();
  }

  #lose(): void {
    if (this.#isLost) return;
    this.stop();
    this.#lost();
  }
}

interface WindowEvents {
  readonly unpacked: (bytes: number) => void;
  readonly failed: () => void;
}

/** One stream, from its head on. */
class PackedWindow {
  readonly #events: WindowEvents;
  readonly #inflate: Inflate = createInflate({ chunkSize: PIECE_BYTES });
  #gathered: Buffer = Buffer.allocUnsafe(GATHER_BYTES);
  #gatheredBytes = 0;
  /** The last that was handed on to be unpacked. */
  #last: Buffer = Buffer.alloc(0);
  /** The newest of what was unpacked, of at least a window's length where so much was. */
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #stopped = false;
  readonly #gone = Promise.withResolvers<undefined>();

  constructor(events: WindowEvents) {
    this.#events = events;
    this.#inflate.on('data', (piece: Buffer) => this.#keep(piece));
    this.#inflate.on('error', () => this.#fail());
    // What follows a stream's end is no stream.
    this.#inflate.on('end', () => this.#fail());
  }

  take(piece: Buffer): void {
    for (let at = 0; at < piece.length && !this.#stopped; ) {
      const taken = piece.copy(this.#gathered, this.#gatheredBytes, at);
      at += taken;
      this.#gatheredBytes += taken;
      if (this.#gatheredBytes === GATHER_BYTES) this.#unpack();
    }
  }

  /** The window where the server is now; what it sends while this is waited for does not count. Undefined where it cannot be told. */
  async now(): Promise<Buffer | undefined> {
    const window = new Promise<Buffer | undefined>((resolve) => this.#unpack(() => resolve(Buffer.concat(this.#tail, this.#tailBytes).subarray(-MOST_WINDOW_BYTES))));
    if (this.#last.length > 0 && !this.#last.subarray(-FLUSHED.length).equals(FLUSHED)) return undefined;
    return await Promise.race([window, this.#gone.promise]);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#inflate.destroy();
    this.#gone.resolve(undefined);
  }

  /** Hands on what has gathered; `done` is called in its turn, when all of it is unpacked. */
  #unpack(done: () => void = () => undefined): void {
    if (this.#stopped) return;
    if (this.#inflate.writableLength > MOST_WAITING_BYTES) {
      this.#fail();
      return;
    }
    const bytes = this.#gathered.subarray(0, this.#gatheredBytes);
    if (bytes.length >= FLUSHED.length) this.#last = Buffer.from(bytes.subarray(-FLUSHED.length));
    else if (bytes.length > 0) this.#last = Buffer.concat([this.#last, bytes]).subarray(-FLUSHED.length);
    this.#gathered = Buffer.allocUnsafe(GATHER_BYTES);
    this.#gatheredBytes = 0;
    this.#inflate.write(bytes, () => {
      if (!this.#stopped) done();
    });
  }

  #keep(piece: Buffer): void {
    this.#tail.push(piece);
    this.#tailBytes += piece.length;
    for (let [first] = this.#tail; first !== undefined && this.#tailBytes - first.length >= MOST_WINDOW_BYTES; [first] = this.#tail) {
      this.#tail.shift();
      this.#tailBytes -= first.length;
    }
    this.#events.unpacked(piece.length);
  }

  #fail(): void {
    if (!this.#stopped) this.#events.failed();
  }
}
