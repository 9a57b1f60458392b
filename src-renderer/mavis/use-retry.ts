import { useEffect, useRef } from 'react';
import { catalogue, knownErrorCode } from '../../shared/errors/catalogue.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { type BackOff, backOffMs } from '../../shared/waiting/back-off.ts';

/** A service that was slow once answers the next question; one that stays away is not asked often, by many windows at once. */
const PAUSES: BackOff = { firstMs: 2000, longestMs: 30_000 };

/** Whether what failed may succeed when it is only asked again: it failed on the way or in the service, not by what was asked. */
export function mayPass({ code }: ShownError): boolean {
  return catalogue[knownErrorCode(code)].httpStatus >= 500;
}

/**
 * Asks again by itself what failed and may pass, after pauses that grow until `answered` says that it succeeded. Each failure
 * must be an `error` object of its own; memoise `again`.
 */
export function useRetry(error: ShownError | null, answered: boolean, again: () => void): void {
  const failures = useRef(0);
  useEffect(() => {
    if (answered) failures.current = 0;
  }, [answered]);
  useEffect(() => {
    if (error === null || !mayPass(error)) return undefined;
    failures.current += 1;
    const timer = setTimeout(again, backOffMs(PAUSES, failures.current));
    return () => clearTimeout(timer);
  }, [error, again]);
}
