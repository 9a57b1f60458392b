import type { Clock } from '../clock/clock.ts';

/** While a session is cut, the sum is looked at so often: 1,000 sessions at a gigabit a second keep 125 MB more meanwhile. */
const LOOK_EVERY_MS = 1000;

/** A session's part of the budget. */
export interface KeepingSession {
  readonly keptBytes: number;
  readonly isCut: boolean;
  endForBudget(): void;
}

export interface KeptBytesBudgetParts {
  readonly clock: Pick<Clock, 'setTimer'>;
  readonly limitBytes: number;
  readonly sessions: () => readonly KeepingSession[];
}

/**
 * What all sessions together may keep for clients that have not acknowledged it (rule 10). Where it is used up, windows grow no
 * more; where it is exceeded, the cut session that keeps most ends, so that the others go on.
 */
export class KeptBytesBudget {
  readonly #parts: KeptBytesBudgetParts;
  #watching = false;

  constructor(parts: KeptBytesBudgetParts) {
    this.#parts = parts;
  }

  /** Bytes that are kept now. */
  get keptBytes(): number {
    return this.#parts.sessions().reduce((sum, { keptBytes }) => sum + keptBytes, 0);
  }

  /** Whether one more window may grow by so many bytes. */
  mayGrow(bytes: number): boolean {
    return this.keptBytes + bytes <= this.#parts.limitBytes;
  }

  /** A session was cut: from now on the sum is watched, until none is. */
  watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#parts.clock.setTimer(() => {
      this.#watching = false;
      this.#look();
    }, LOOK_EVERY_MS);
  }

  #look(): void {
    const cut = this.#parts.sessions().filter(({ isCut }) => isCut);
    if (cut.length === 0) return;
    let over = this.keptBytes - this.#parts.limitBytes;
    for (const session of cut.toSorted((one, other) => other.keptBytes - one.keptBytes)) {
      if (over <= 0) break;
      over -= session.keptBytes;
      session.endForBudget();
    }
    this.watch();
  }
}
