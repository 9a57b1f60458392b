import type { Clock, Timer } from '../clock/clock.ts';

/** A whole picture is asked of a target at most this often, however many watchers come: it goes to the session's user and into the recording, too. */
const PICTURE_EVERY_MS = 2000;

/** Says when a target may be asked for a whole picture. Whoever makes it stops it. */
export class PicturePace {
  readonly #clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  readonly #again: () => void;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #over = false;

  /** @param again called when one may be asked for that could not before */
  constructor(clock: Pick<Clock, 'setTimer' | 'monotonicMs'>, again: () => void) {
    this.#clock = clock;
    this.#again = again;
  }

  /** Whether one may be asked for now; then it has been. Where not, `again` is called in its time. */
  take(): boolean {
    if (this.#over || this.#timer !== undefined) return false;
    const nowMs = this.#clock.monotonicMs();
    const waitMs = this.#askedAtMs + PICTURE_EVERY_MS - nowMs;
    if (waitMs <= 0) {
      this.#askedAtMs = nowMs;
      return true;
    }
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.#again();
    }, waitMs);
    return false;
  }

  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
  }
}
