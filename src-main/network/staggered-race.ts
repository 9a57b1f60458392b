/** One of several ways to the same end; stops, and leaves nothing open, when the signal says so. */
export type Way<T> = (signal: AbortSignal) => Promise<T>;

export interface RaceOptions<T> {
  /** The next way begins after so long though those before it still try. */
  readonly staggerMs: number;
  /** All of it ends after so long. */
  readonly limitMs: number;
  /** Ends the whole race. */
  readonly signal: AbortSignal;
  /** What `limitMs` or the signal rejects with; the failures so far stand beside it. */
  readonly late: () => Error;
  /** Closes what came too late to win. */
  readonly discard: (value: T) => void;
}

/** No way led there: what each ended with, in the order of their ends. */
export class AllWaysFailed extends Error {
  override readonly name = 'AllWaysFailed';
  readonly failures: readonly unknown[];
  constructor(failures: readonly unknown[]) {
    super('no way led there');
    this.failures = failures;
  }
}

/**
 * Tries ways in order, each begun at once when the one before it fails, or a moment later while it still tries (as RFC 8305
 * does with addresses): one that is dropped on the way costs its moment, not its time limit. The first that arrives wins,
 * and the others are stopped. Rejects with AllWaysFailed, or with the signal's reason.
 */
export function staggeredRace<T>(ways: readonly Way<T>[], { staggerMs, limitMs, signal, late, discard }: RaceOptions<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const others = new AbortController();
  const failures: unknown[] = [];
  let next = 0;
  let trying = 0;
  let over = false;
  let stagger: NodeJS.Timeout | undefined;
  const finish = (settle: () => void): void => {
    if (over) return;
    over = true;
    clearTimeout(stagger);
    clearTimeout(limit);
    signal.removeEventListener('abort', onAbort);
    others.abort();
    settle();
  };
  const begin = (): void => {
    clearTimeout(stagger);
    if (over) return;
    const way = ways[next];
    if (way === undefined) {
      if (trying === 0) finish(() => reject(new AllWaysFailed(failures)));
      return;
    }
    next += 1;
    trying += 1;
    way(others.signal).then(arrived, failed);
    stagger = setTimeout(begin, staggerMs);
  };
  const arrived = (value: T): void => {
    if (over) discard(value);
    else finish(() => resolve(value));
  };
  const failed = (error: unknown): void => {
    trying -= 1;
    failures.push(error);
    begin();
  };
  const onAbort = (): void => finish(() => reject(signal.reason));
  const limit = setTimeout(() => finish(() => reject(new AllWaysFailed([...failures, late()]))), limitMs);
  if (signal.aborted) onAbort();
  else {
    signal.addEventListener('abort', onAbort, { once: true });
    begin();
  }
  return promise;
}
