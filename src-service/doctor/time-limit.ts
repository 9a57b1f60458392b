import type { Limit } from '../../shared/diagnostics/doctor/run-doctor.ts';

/** A limit on this machine's monotonic clock. */
export function timeLimit(milliseconds: number): Limit<AbortSignal> {
  const own = new AbortController();
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    own.abort();
    resolve();
  }, milliseconds);
  return {
    signal: own.signal,
    over,
    end: () => {
      clearTimeout(timer);
      own.abort();
    },
  };
}
