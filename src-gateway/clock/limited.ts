import type { Clock } from './clock.ts';

/**
 * The promise's outcome, or a rejection with what `expired` gives after `milliseconds`, or with the signal's reason when it
 * is aborted. The work itself goes on: whoever started it stops it.
 */
export function limited<T>(work: Promise<T>, clock: Pick<Clock, 'setTimer'>, milliseconds: number, expired: () => Error, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => finish(() => reject(asError(signal?.reason)));
    const timer = clock.setTimer(() => finish(() => reject(expired())), milliseconds);
    const finish = (settle: () => void): void => {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
      settle();
    };
    if (signal?.aborted === true) {
      abort();
      // The outcome of work that nobody waits for any more is not an unhandled rejection.
      work.catch(() => undefined);
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
    work.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(asError(error))),
    );
  });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('stopped', { cause: thrown });
}
