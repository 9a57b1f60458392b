import type { Clock } from '../clock/clock.ts';

/** When the service was last heard on the link: a gateway that nobody supervises ends its sessions after a while (rule 11). */
export class Supervision {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #heardAtMs: number;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#heardAtMs = clock.monotonicMs();
  }

  /** The service asked something. */
  heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  /** Milliseconds since the service was last heard. */
  get silentMs(): number {
    return this.#clock.monotonicMs() - this.#heardAtMs;
  }
}
