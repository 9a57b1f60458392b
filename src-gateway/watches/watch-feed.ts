import type { MavisError } from '../../shared/errors/mavis-error.ts';
import { encodeJsonPayload, frameKind } from '../../shared/recording/recording-frame.ts';
import type { WatchSink, WatchSource } from './watch-source.ts';

/** Before each screen that a watcher is shown from its beginning: what was shown before counts no more. */
export const BEGINS_ANEW = encodeJsonPayload({ name: 'begins-anew', detail: '' });

interface Follower {
  readonly sink: WatchSink;
  readonly over: (reason: MavisError) => void;
  leave: (() => void) | undefined;
}

/** What of one session can be watched, and who does. Watchers see the newest screen; where it ends, the one before it. */
export class WatchFeed {
  readonly #sources: WatchSource[] = [];
  readonly #followers = new Set<Follower>();
  readonly #changed: (names: readonly string[]) => void;
  readonly #names = new Map<Follower, string>();
  #over = false;

  /** @param changed told the names of those who watch, each time that it changes */
  constructor(changed: (names: readonly string[]) => void) {
    this.#changed = changed;
  }

  /** Whether there is a screen. */
  get watchable(): boolean {
    return !this.#over && this.#sources.length > 0;
  }

  /** Those who watch now. */
  get watchers(): readonly string[] {
    return [...this.#names.values()];
  }

  /** Adds a screen; the function that it gives takes it away. */
  add(source: WatchSource): () => void {
    this.#sources.push(source);
    this.#showNewest();
    return () => {
      const place = this.#sources.indexOf(source);
      if (place < 0) return;
      const newest = place === this.#sources.length - 1;
      this.#sources.splice(place, 1);
      if (newest) this.#showNewest();
    };
  }

  /** Shows a watcher the newest screen from now on, until it leaves or the session is over, of which it is told. */
  follow(name: string, sink: WatchSink, over: (reason: MavisError) => void): { readonly again: () => void; readonly leave: () => void } {
    const follower: Follower = { sink, over, leave: undefined };
    this.#followers.add(follower);
    this.#names.set(follower, name);
    this.#show(follower);
    this.#changed(this.watchers);
    return {
      again: () => {
        if (this.#followers.has(follower)) this.#show(follower);
      },
      leave: () => this.#remove(follower),
    };
  }

  /** The session is over, and with it what is watched of it. */
  end(reason: MavisError): void {
    this.#over = true;
    for (const follower of [...this.#followers]) {
      this.#remove(follower);
      follower.over(reason);
    }
  }

  #remove(follower: Follower): void {
    if (!this.#followers.delete(follower)) return;
    follower.leave?.();
    this.#names.delete(follower);
    this.#changed(this.watchers);
  }

  #showNewest(): void {
    for (const follower of this.#followers) this.#show(follower);
  }

  #show(follower: Follower): void {
    follower.leave?.();
    follower.leave = undefined;
    follower.sink(frameKind.mark, BEGINS_ANEW);
    follower.leave = this.#sources.at(-1)?.join(follower.sink);
  }
}
