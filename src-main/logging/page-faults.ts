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
  #since = Number.NEGATIVE_INFINITY;
  #noted = 0;

  constructor(log: Pick<Log, 'error'>, clock: () => number) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Notes a fault; more than twenty within a minute are left out. */
  note(role: WindowRole, { reference, name, frames }: PageFault): void {
    const now = this.#clock();
    if (now - this.#since > WINDOW_MS) [this.#since, this.#noted] = [now, 0];
    this.#noted += 1;
    if (this.#noted > MOST_IN_WINDOW) return;
    const thrown = new Error();
    Object.assign(thrown, { name, stack: frames });
    this.#log.error(crashMessages.fault, { role, reference }, thrown);
  }
}
