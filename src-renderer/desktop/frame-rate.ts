/** The rate is of the last so long: shorter jumps, longer lags behind what the eye sees. */
const WINDOW_MS = 2000;

/** Counts updates that were drawn. */
export class FrameRate {
  #times: number[] = [];

  note(nowMs: number): void {
    this.#times.push(nowMs);
    this.#forget(nowMs);
  }

  /** Updates a second, over the last two seconds. */
  perSecond(nowMs: number): number {
    this.#forget(nowMs);
    return Math.round((this.#times.length * 1000) / WINDOW_MS);
  }

  #forget(nowMs: number): void {
    const first = this.#times.findIndex((time) => nowMs - time < WINDOW_MS);
    this.#times.splice(0, first < 0 ? this.#times.length : first);
  }
}
