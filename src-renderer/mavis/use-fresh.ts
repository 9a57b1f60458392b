import { useCallback, useEffect, useRef, useState } from 'react';
import type { IpcAnswer } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ask } from './ask.ts';
import { useRetry } from './use-retry.ts';

/** A value that main is asked for again whenever it may have changed. */
export interface Fresh<Value> {
  /** The newest that came; undefined before the first. */
  readonly value: Value | undefined;
  readonly error: ShownError | null;
  /** The count of changes that the value answers to. */
  readonly of: number;
  readonly reload: () => void;
}

/** Changes and letters that follow one another so closely are one question. */
const SETTLE_MS = 180;

/**
 * Asks `load` at once, when it becomes another (memoise it), and at each rise of `changes`. An answer to an older question is
 * dropped; a failure leaves the value that was there, and is tried again by itself where it may pass.
 */
export function useFresh<Value>(load: () => Promise<IpcAnswer<Value>>, changes: number): Fresh<Value> {
  const [state, setState] = useState<{ value: Value | undefined; error: ShownError | null; of: number }>({ value: undefined, error: null, of: 0 });
  const generation = useRef(0);
  const begin = useCallback(async (of: number) => {
    generation.current += 1;
    const mine = generation.current;
    const answer = await ask(load());
    if (mine === generation.current) setState((before) => (answer.ok ? { value: answer.value, error: null, of } : { ...before, error: answer.error }));
  }, [load]);
  useEffect(() => {
    const timer = setTimeout(() => void begin(changes), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [begin, changes]);
  useEffect(
    () => () => {
      generation.current += 1;
    },
    [],
  );
  const reload = useCallback(() => void begin(changes), [begin, changes]);
  useRetry(state.error, state.value !== undefined && state.error === null, reload);
  return { ...state, reload };
}
