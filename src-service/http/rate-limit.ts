import type { Clock } from '../clock.ts';

/** So many at once, and so many a second in the long run. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Addresses that are remembered; beyond, the one unused for the longest is forgotten, which only gives it a full bucket again. */
const MAX_KEYS = 20_000;

/** A token bucket for each key (an address). Holds a bounded number of keys. */
export class RateLimit {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, clock: Pick<Clock, 'monotonicMs'>) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Takes one for `key`: 0 where it may go on, else after how many whole seconds it may. */
  take(key: string): number {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#rate.burst, atMs: nowMs };
    bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.#rate.perSecond);
    bucket.atMs = nowMs;
    // Re-inserted, so that the map's order is the order of use.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    this.#forgetOldest();
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - bucket.tokens) / this.#rate.perSecond));
  }

  #forgetOldest(): void {
    if (this.#buckets.size <= MAX_KEYS) return;
    const { value: oldest } = this.#buckets.keys().next();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
