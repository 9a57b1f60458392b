import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Clock, Timer } from '../clock/clock.ts';

/** Who takes nothing at all for so long while something waits is not reading: a slow line that works acknowledges every 100 ms. */
const STILL_MS = 5000;
/** A piece that waits for so long is not being read, whatever else moves: 512 KiB, the largest, are 9 KB/s. Shorter would keep Ctrl-C from a slow line. */
const STUCK_MS = 60_000;
/** Input that waits for so long ends the session. A client that takes nothing is waited for as one that is away (rule 10). */
const HELD_LIMIT_MS = 300_000;

/** How a session ends whose client typed and did not read. */
export const outputNotTaken = (): MavisError => new MavisError('session.output-not-taken', { minutes: HELD_LIMIT_MS / 60_000 });

export interface UntakenOutputParts {
  readonly clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  /** Where only pieces are seen and not what is taken of them, a piece has its whole time. */
  readonly wholePieces?: boolean;
  /** Input is held back from now on; told each time that it begins. */
  readonly held?: () => void;
  /** Input was held back for longer than the limit. */
  readonly expired: () => void;
}

/**
 * Whether somebody types who does not read. Output that the client does not take is not read from the target, so that it is in
 * no recording; what is typed meanwhile would have effects that nobody ever sees. So input waits with it. Reading little is no
 * offence: who has nothing to say may read as slowly as he likes.
 */
export class UntakenOutput {
  readonly #parts: UntakenOutputParts;
  /** Since when the oldest piece waits, and when the client was last seen to take anything; undefined where nothing waits. */
  #waiting: { readonly sinceMs: number; movedMs: number } | undefined;
  #held: (() => void)[] = [];
  #limit: Timer | undefined;

  constructor(parts: UntakenOutputParts) {
    this.#parts = parts;
  }

  /** A piece waits for the client from now on; nothing where an older one does. */
  waits(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#waiting ??= { sinceMs: nowMs, movedMs: nowMs };
  }

  /** The client has taken something, though not all of the oldest piece. */
  moved(): void {
    if (this.#waiting === undefined) return;
    this.#waiting.movedMs = this.#parts.clock.monotonicMs();
    if (!this.#blind) this.#release();
  }

  /** The oldest piece was taken. */
  taken(): void {
    this.#waiting = undefined;
    this.#release();
  }

  /** The client is there again after a cut: what waited for it meanwhile was no fault of its. It has to take something before it types. */
  again(): void {
    if (this.#waiting === undefined) return;
    this.#waiting = { ...this.#waiting, sinceMs: this.#parts.clock.monotonicMs() };
    if (this.#held.length > 0) this.#limitHeld();
  }

  /** Undefined where input may go on; else what it waits for, after which it asks again. */
  hold(): Promise<void> | undefined {
    if (!this.#blind) return undefined;
    if (this.#held.length === 0) {
      this.#limitHeld();
      this.#parts.held?.();
    }
    return new Promise((resolve) => this.#held.push(resolve));
  }

  /** It is over: whoever waits goes on, and looks for itself whether there is still something to do. */
  stop(): void {
    this.#waiting = undefined;
    this.#release();
  }

  get #blind(): boolean {
    if (this.#waiting === undefined) return false;
    const nowMs = this.#parts.clock.monotonicMs();
    return nowMs - this.#waiting.movedMs >= (this.#parts.wholePieces === true ? STUCK_MS : STILL_MS) || nowMs - this.#waiting.sinceMs >= STUCK_MS;
  }

  #limitHeld(): void {
    this.#limit?.cancel();
    this.#limit = this.#parts.clock.setTimer(this.#parts.expired, HELD_LIMIT_MS);
  }

  #release(): void {
    this.#limit?.cancel();
    this.#limit = undefined;
    for (const resolve of this.#held.splice(0)) resolve();
  }
}
