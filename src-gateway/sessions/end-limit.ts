import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import type { SessionEnd } from './protocol-handler.ts';

/** A session that was told to end says goodbye within this; then its target is cut off, whatever the protocol does. */
const CUT_MS = 3000;
/** A session that was told to end has so long to seal its recordings; then it is given up and said to be. */
const END_LIMIT_MS = 15_000;

export interface EndLimitParts {
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Aborted when the session is told to end; what it rejects with where the protocol hangs. */
  readonly signal: AbortSignal;
  readonly cutTarget: () => void;
  readonly hangs: () => void;
}

/** Waits for the protocol's own end; once the session is told to end, no longer than the limit. Rejects with a MavisError. */
export function withinEndLimit(run: Promise<SessionEnd>, { clock, signal, cutTarget, hangs }: EndLimitParts): Promise<SessionEnd> {
  return new Promise((resolve, reject) => {
    const timers: Timer[] = [];
    const told = (): void => {
      timers.push(clock.setTimer(cutTarget, CUT_MS));
      timers.push(
        clock.setTimer(() => {
          hangs();
          reject(asMavisError(signal.reason));
        }, END_LIMIT_MS),
      );
    };
    if (signal.aborted) told();
    else signal.addEventListener('abort', told, { once: true });
    const settled = (settle: () => void): void => {
      for (const timer of timers) timer.cancel();
      signal.removeEventListener('abort', told);
      settle();
    };
    run.then(
      (end) => settled(() => resolve(end)),
      (error: unknown) => settled(() => reject(asMavisError(error))),
    );
  });
}
