import type { Clock, Timer } from '../clock/clock.ts';

/** A limit that stands still while somebody else is waited for. */
export class Stopwatch {
  readonly #clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  readonly #expired: () => void;
  #leftMs: number;
  #startedAtMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Pick<Clock, 'setTimer' | 'monotonicMs'>, limitMs: number, expired: () => void) {
    this.#clock = clock;
    this.#leftMs = limitMs;
    this.#expired = expired;
    this.start();
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#startedAtMs = this.#clock.monotonicMs();
    this.#timer = this.#clock.setTimer(this.#expired, Math.max(0, this.#leftMs));
  }

  pause(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#leftMs -= this.#clock.monotonicMs() - this.#startedAtMs;
  }
}
