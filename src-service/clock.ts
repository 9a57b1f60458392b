/** The time, as everything in the service gets it, so that tests can set it. */
export interface Clock {
  /** Wall-clock time (UTC): for what is stored and shown. */
  now(): Date;
  /** Milliseconds that never go back: for how long something took. */
  monotonicMs(): number;
}

export const systemClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };
