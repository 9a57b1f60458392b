import { monitorEventLoopDelay } from 'node:perf_hooks';

/** So often is looked. Lateness below some milliseconds says nothing on a line; more often would be work of its own. */
const RESOLUTION_MS = 5;

/** How late this computer itself was while a line was measured, which says nothing of the line. Whoever begins it ends it. */
export class OwnLateness {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  /** Looks from now on; what was before is forgotten. */
  begin(): void {
    this.#delay.reset();
    this.#delay.enable();
  }

  /** The latest since the beginning, in milliseconds; 0 where it was never late. */
  get mostMs(): number {
    return latenessMs(this.#delay.max);
  }

  end(): void {
    this.#delay.disable();
  }
}

/** The lateness in the longest of the intervals that the runtime kept, in nanoseconds: it keeps them whole, and one that is in time is as long as the resolution. */
export function latenessMs(longestNanoseconds: number): number {
  return Math.max(0, longestNanoseconds / 1e6 - RESOLUTION_MS);
}
