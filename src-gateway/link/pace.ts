import type { Clock } from '../clock/clock.ts';

/** Holds a flow of bytes to a rate (rule 16): what was sent too soon is waited for before the next. */
export class Pace {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'setTimer'>;
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs' | 'setTimer'>, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Resolves when so many bytes may be sent; the wait is bounded by what was let through before. */
  async take(bytes: number): Promise<void> {
    const now = this.#clock.monotonicMs();
    const begin = Math.max(now, this.#freeAtMs);
    this.#freeAtMs = begin + bytes / this.#bytesPerMs;
    if (begin - now < 1) return;
    await new Promise<void>((resolve) => this.#clock.setTimer(resolve, begin - now));
  }
}
