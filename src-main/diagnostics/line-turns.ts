import type { Found } from './check.ts';

/**
 * Who has the line to itself within a run: round trips first, side by side, since they are small; then throughputs, one gateway
 * after another. All at once they would find each other's traffic instead of the line.
 */
export class LineTurns {
  readonly #unreached = new Set<string>();
  #roundTrips = 0;
  #quiet = Promise.withResolvers<void>();
  #last: Promise<void> = Promise.resolve();

  /** Runs the round trips to a gateway, and remembers where there were none. */
  async roundTrip(gateway: string, work: () => Promise<Found>): Promise<Found> {
    this.#roundTrips += 1;
    try {
      const found = await work();
      if ('notRun' in found) this.#unreached.add(gateway);
      return found;
    } finally {
      this.#roundTrips -= 1;
      if (this.#roundTrips === 0) {
        this.#quiet.resolve();
        this.#quiet = Promise.withResolvers<void>();
      }
    }
  }

  /** Runs a throughput when its turn comes; not at all where the gateway's round trip has shown that nothing leads there, or the signal came first. */
  async throughput(gateway: string, signal: AbortSignal, work: () => Promise<Found>): Promise<Found> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      // The round trips of a run begin in the same turn as this.
      if (this.#roundTrips > 0) await this.#quiet.promise;
      if (signal.aborted) return { notRun: 'cancelled' };
      return this.#unreached.has(gateway) ? { notRun: 'earlier-step', detail: 'round-trip' } : await work();
    } finally {
      resolve();
    }
  }
}
