import type { MavisError } from '../../shared/errors/mavis-error.ts';
import { frameKind } from '../../shared/recording/recording-frame.ts';
import { BEGINS_ANEW, type WatchSink, type WatchSource, type Withdraw } from './watch-source.ts';

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
  #over: MavisError | undefined;

  /** @param changed told the names of those who watch, each time that it changes */
  constructor(changed: (names: readonly string[]) => void) {
    this.#changed = changed;
  }

  /** Whether there is a screen. */
  get watchable(): boolean {
    return this.#over === undefined && this.#sources.length > 0;
  }

  /** Those who watch now. */
  get watchers(): readonly string[] {
    return [...this.#names.values()];
  }

  /** Adds a screen; the function that it gives takes it away. */
  add(source: WatchSource): Withdraw {
    this.#sources.push(source);
    this.#showNewest();
    return (reason) => {
      const place = this.#sources.indexOf(source);
      if (place < 0) return;
      const newest = place === this.#sources.length - 1;
      this.#sources.splice(place, 1);
      if (!newest) return;
      if (reason === undefined) this.#showNewest();
      else this.#removeAll(reason);
    };
  }

  /** Shows a watcher the newest screen from now on, until it leaves or the session is over, of which it is told: at once where it is over already. */
  follow(name: string, sink: WatchSink, over: (reason: MavisError) => void): { readonly again: () => void; readonly leave: () => void } {
    if (this.#over !== undefined) {
      over(this.#over);
      return { again: () => undefined, leave: () => undefined };
    }
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
    this.#over ??= reason;
    this.#removeAll(reason);
  }

  #removeAll(reason: MavisError): void {
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
    const newest = this.#sources.at(-1);
    if (newest === undefined) follower.sink(frameKind.mark, BEGINS_ANEW);
    else follower.leave = newest.join(follower.sink);
  }
}
