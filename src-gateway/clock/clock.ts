import { performance } from 'node:perf_hooks';

/** A timer that was set; `cancel` may be called any number of times. */
export interface Timer {
  cancel(): void;
}

/** Time as the gateway sees it, injected so that tests need not wait. */
export interface Clock {
  /** Milliseconds that only grow: limits run on it, whatever is done to the machine's date (rule 2). */
  monotonicMs(): number;
  /** Milliseconds since 1970, for what is written down and for `notAfter`. */
  wallMs(): number;
  /** Calls back once after so many milliseconds; a pending timer keeps no process alive. */
  setTimer(callback: () => void, milliseconds: number): Timer;
}

/** The machine's own clocks. */
export function systemClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    setTimer(callback, milliseconds) {
      const timer = setTimeout(callback, milliseconds);
      timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

/** The wall clock's time as an instant in UTC (ISO 8601). */
export function instantOf(clock: Pick<Clock, 'wallMs'>): string {
  return new Date(clock.wallMs()).toISOString();
}
