import type { MavisError } from '../../shared/errors/mavis-error.ts';
import { frameKind } from '../../shared/recording/recording-frame.ts';
import { encodePrimer, type Primer } from '../../shared/watching/primer.ts';
import type { Clock } from '../clock/clock.ts';
import { sessionWork } from '../sessions/session-work.ts';
import { PicturePace } from '../watches/picture-pace.ts';
import { BEGINS_ANEW, type WatchSink, type WatchSource } from '../watches/watch-source.ts';
import type { RfbTap } from './rfb-stream.ts';

/** What may come for a watcher while the streams' windows are looked up, some milliseconds; who would be further behind enters once more. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

export interface WatchedPictureParts {
  readonly clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  /** ServerInit as it would be now. */
  readonly serverInit: () => Buffer;
  /** Asks the target for a whole picture, in the client's place. */
  readonly askPicture: () => void;
  /** What a decoder has to know to go on where the target is now; undefined where nobody can any more. */
  readonly primers: () => Promise<readonly Primer[] | undefined>;
  /** A watcher could not be let in, for what nobody foresaw: the session's own state is not known any more. */
  readonly failed: (error: MavisError) => void;
}

/** A watcher who is being let in: what comes meanwhile follows behind the beginning. */
interface Entering {
  readonly sink: WatchSink;
  readonly since: Buffer[];
  sinceBytes: number;
}

/**
 * A VNC desktop as its watchers see it: the target's own messages from one of them on, with the windows of its packed streams
 * before, and a whole picture that the target is asked for. Whoever watches gets what is recorded, and the recording gets no less.
 */
export class WatchedPicture implements WatchSource, RfbTap {
  readonly #parts: WatchedPictureParts;
  readonly #waiting = new Set<WatchSink>();
  readonly #entering = new Set<Entering>();
  readonly #sinks = new Set<WatchSink>();
  #betweenMessages = true;
  readonly #pace: PicturePace;

  constructor(parts: WatchedPictureParts) {
    this.#parts = parts;
    this.#pace = new PicturePace(parts.clock, () => this.#letIn());
  }

  readonly went = (bytes: Buffer): void => {
    this.#betweenMessages = false;
    for (const sink of this.#sinks) sink(frameKind.output, bytes);
    for (const entering of this.#entering) this.#keep(entering, bytes);
  };

  readonly between = (): void => {
    this.#betweenMessages = true;
    this.#letIn();
  };

  join(sink: WatchSink): () => void {
    this.#waiting.add(sink);
    this.#letIn();
    return () => {
      this.#waiting.delete(sink);
      this.#sinks.delete(sink);
      for (const entering of this.#entering) if (entering.sink === sink) this.#entering.delete(entering);
    };
  }

  stop(): void {
    this.#pace.stop();
    for (const set of [this.#waiting, this.#entering, this.#sinks]) set.clear();
  }

  /** Lets in who waits, where the target is between two messages and may be asked for another picture. */
  #letIn(): void {
    const { askPicture, serverInit } = this.#parts;
    if (this.#waiting.size === 0 || !this.#betweenMessages || !this.#pace.take()) return;
    const entering = [...this.#waiting].map((sink) => ({ sink, since: [], sinceBytes: 0 }));
    this.#waiting.clear();
    for (const one of entering) this.#entering.add(one);
    askPicture();
    sessionWork(this.#begin(entering, serverInit()), this.#parts.failed);
  }

  async #begin(entering: readonly Entering[], serverInit: Buffer): Promise<void> {
    const primers = await this.#parts.primers();
    if (primers === undefined) return;
    for (const one of entering) {
      // One who left meanwhile, or has to enter once more, is in here no more.
      if (!this.#entering.delete(one)) continue;
      const { sink, since } = one;
      sink(frameKind.mark, BEGINS_ANEW);
      sink(frameKind.output, serverInit);
      for (const primer of primers) sink(frameKind.primer, encodePrimer(primer));
      for (const bytes of since) sink(frameKind.output, bytes);
      this.#sinks.add(sink);
    }
  }

  #keep(entering: Entering, bytes: Buffer): void {
    entering.sinceBytes += bytes.length;
    if (entering.sinceBytes <= MOST_WAITING_BYTES) {
      entering.since.push(bytes);
      return;
    }
    this.#entering.delete(entering);
    this.#waiting.add(entering.sink);
  }
}
