import type { ErrorArgs, ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Clock, Timer } from '../clock/clock.ts';

/** The limits are looked at so often; the message before an end is that exact. */
const TICK_MS = 1000;
/** The user is told so long before, or half the limit where that is shorter. */
const WARN_SECONDS = 60;

/** Limits of one session. */
export interface LimitValues {
  /** Milliseconds since 1970. */
  readonly notAfterMs: number;
  readonly maxDurationSeconds: number;
  readonly idleSeconds: number;
  /** Without a word from the service. */
  readonly maxUnsupervisedSeconds: number;
}

export interface SessionLimitsParts {
  readonly clock: Clock;
  readonly supervision: { readonly silentMs: number };
  /** A limit is near: told once, and again where it was put off meanwhile. */
  readonly endsSoon: (code: ErrorCode, secondsLeft: number) => void;
  /** A limit is reached: told once, the watch is over. */
  readonly reached: (error: MavisError) => void;
}

interface Limit {
  readonly code: ErrorCode;
  readonly args: ErrorArgs;
  readonly warnMs: number;
  readonly leftMs: () => number;
}

/**
 * Watches a session's limits: the grant's `notAfter`, the longest duration, the time without input, the time without the
 * service. `notAfter` is watched on both clocks, so that a date set back does not lengthen a session (B13).
 */
export class SessionLimits {
  readonly #parts: SessionLimitsParts;
  readonly #limits: readonly Limit[];
  readonly #warned = new Set<ErrorCode>();
  #activeAtMs: number;
  #timer: Timer | undefined;

  constructor(values: LimitValues, parts: SessionLimitsParts) {
    const { clock, supervision } = parts;
    this.#parts = parts;
    const begunMs = clock.monotonicMs();
    this.#activeAtMs = begunMs;
    const notAfterLeftMs = values.notAfterMs - clock.wallMs();
    const limit = (code: ErrorCode, wholeMs: number, leftMs: () => number, args: ErrorArgs = {}): Limit => ({ code, args, leftMs, warnMs: Math.min(WARN_SECONDS * 1000, wholeMs / 2) });
    this.#limits = [
      limit('session.not-after', notAfterLeftMs, () => Math.min(notAfterLeftMs - (clock.monotonicMs() - begunMs), values.notAfterMs - clock.wallMs())),
      limit('session.time-limit', values.maxDurationSeconds * 1000, () => values.maxDurationSeconds * 1000 - (clock.monotonicMs() - begunMs)),
      limit('session.idle', values.idleSeconds * 1000, () => values.idleSeconds * 1000 - (clock.monotonicMs() - this.#activeAtMs), { minutes: Math.round(values.idleSeconds / 60) }),
      limit('session.unsupervised', values.maxUnsupervisedSeconds * 1000, () => values.maxUnsupervisedSeconds * 1000 - supervision.silentMs),
    ];
    this.#schedule();
  }

  /** The user did something: the idle limit begins anew. */
  activity(): void {
    this.#activeAtMs = this.#parts.clock.monotonicMs();
  }

  /** What was told may not have arrived: a limit that is near is told again. */
  tellAgain(): void {
    this.#warned.clear();
  }

  /** Ends the watch. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = this.#parts.clock.setTimer(() => this.#look(), TICK_MS);
  }

  #look(): void {
    for (const { code, args, warnMs, leftMs } of this.#limits) {
      const left = leftMs();
      if (left <= 0) {
        this.stop();
        this.#parts.reached(new MavisError(code, args));
        return;
      }
      if (left > warnMs) this.#warned.delete(code);
      else if (!this.#warned.has(code)) {
        this.#warned.add(code);
        this.#parts.endsSoon(code, Math.ceil(left / 1000));
      }
    }
    this.#schedule();
  }
}
