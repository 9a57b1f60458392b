/** How long is waited between tries of what fails: from `firstMs` on twice as long each time, `longestMs` at most. */
export interface BackOff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Doublings after which every pause has long been the longest: the number stays one that can be counted with. */
const MOST_DOUBLINGS = 20;

/** The pause in milliseconds after so many failures (1 and more) in a row. */
export function backOffMs({ firstMs, longestMs }: BackOff, failures: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, MOST_DOUBLINGS));
}

/** A pause between half and the whole of another one, so that many who failed together do not come back in step. `random` gives numbers from 0 up to 1. */
export function outOfStepMs(pauseMs: number, random: () => number): number {
  return (pauseMs * (1 + random())) / 2;
}
