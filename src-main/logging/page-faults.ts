import type { WindowRole } from '../../shared/ipc/contract.ts';
import type { PageFault } from '../../shared/ipc/page-fault.ts';
import { crashMessages } from './crashes.ts';
import type { Log } from './log.ts';

/** A page that goes wrong at each key must not push everything else out of the log. */
const MOST_IN_WINDOW = 20;
const WINDOW_MS = 60_000;

/** Writes what went wrong in pages into the log, under the reference that the user was shown. */
export class PageFaults {
  readonly #log: Pick<Log, 'error'>;
  readonly #clock: () => number;
  readonly #counts = new Map<WindowRole, { since: number; noted: number }>();

  constructor(log: Pick<Log, 'error'>, clock: () => number) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Notes a fault; of each kind of window more than twenty within a minute are left out, and how many is said before the next that is noted. */
  note(role: WindowRole, { reference, name, frames }: PageFault): void {
    const now = this.#clock();
    let count = this.#counts.get(role);
    if (count === undefined || now - count.since > WINDOW_MS) {
      const leftOut = (count?.noted ?? 0) - MOST_IN_WINDOW;
      if (leftOut > 0) this.#log.error(crashMessages.faultsLeftOut, { role, count: leftOut });
      count = { since: now, noted: 0 };
      this.#counts.set(role, count);
    }
    count.noted += 1;
    if (count.noted > MOST_IN_WINDOW) return;
    const thrown = new Error();
    Object.assign(thrown, { name, stack: frames });
    this.#log.error(crashMessages.fault, { role, reference }, thrown);
  }
}
