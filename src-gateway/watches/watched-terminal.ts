import { encodeResize, frameKind, type TerminalSize } from '../../shared/recording/recording-frame.ts';
import { RecentOutput } from '../../shared/recording/recent-output.ts';
import { BEGINS_ANEW, type WatchSink, type WatchSource } from './watch-source.ts';

/** What a late watcher is shown of before: several full screens of colours, and little enough that a thousand sessions hold 128 MiB at most. */
const REPLAY_BYTES = 128 * 1024;

/** A terminal's output as its watchers see it: who comes late is shown the last of what was printed, from a line's beginning on. */
export class WatchedTerminal implements WatchSource {
  readonly #recent = new RecentOutput(REPLAY_BYTES);
  readonly #sinks = new Set<WatchSink>();
  #size: TerminalSize | undefined;

  constructor(size: TerminalSize | undefined) {
    this.#size = size;
  }

  output(bytes: Uint8Array): void {
    this.#recent.add(bytes);
    for (const sink of this.#sinks) sink(frameKind.output, bytes);
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    for (const sink of this.#sinks) sink(frameKind.resize, encodeResize(size));
  }

  join(sink: WatchSink): () => void {
    sink(frameKind.mark, BEGINS_ANEW);
    if (this.#size !== undefined) sink(frameKind.resize, encodeResize(this.#size));
    const before = this.#recent.replay();
    if (before.length > 0) sink(frameKind.output, before);
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }
}
