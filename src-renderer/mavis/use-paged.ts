import { useCallback, useEffect, useRef, useState } from 'react';
import type { IpcAnswer } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ask } from './ask.ts';

/** A list that comes in pages, as far as it has come. */
export interface Paged<Item> {
  readonly items: readonly Item[];
  readonly status: 'loading' | 'ready' | 'failed';
  readonly error: ShownError | null;
  readonly more: boolean;
  /** Asks for the next page. */
  readonly loadMore: () => void;
  /** Asks from the beginning again. */
  readonly reload: () => void;
}

type LoadPage<Item> = (cursor: string | undefined) => Promise<IpcAnswer<{ items: Item[]; nextCursor?: string | undefined }>>;

/** Waits so long after the last letter of a search before the service is asked: typing costs it one question, not ten. */
const SETTLE_MS = 180;

/** Reads a list page by page; `load` anew (memoise it) begins from its start. An answer to an older question is dropped. */
export function usePaged<Item>(load: LoadPage<Item>): Paged<Item> {
  const [state, setState] = useState<{ items: readonly Item[]; status: Paged<Item>['status']; error: ShownError | null; cursor: string | undefined }>({ items: [], status: 'loading', error: null, cursor: undefined });
  const generation = useRef(0);
  const begin = useCallback(
    async (cursor: string | undefined) => {
      generation.current += 1;
      const mine = generation.current;
      setState((before) => ({ ...before, status: 'loading', error: null }));
      const answer = await ask(load(cursor));
      if (mine !== generation.current) return;
      setState((before) =>
        answer.ok
          ? { items: cursor === undefined ? answer.value.items : [...before.items, ...answer.value.items], status: 'ready', error: null, cursor: answer.value.nextCursor }
          : { ...before, items: cursor === undefined ? [] : before.items, status: 'failed', error: answer.error },
      );
    },
    [load],
  );
  useEffect(() => {
    const timer = setTimeout(() => void begin(undefined), SETTLE_MS);
    return () => {
      clearTimeout(timer);
      generation.current += 1;
    };
  }, [begin]);
  return {
    items: state.items,
    status: state.status,
    error: state.error,
    more: state.cursor !== undefined,
    loadMore: useCallback(() => void begin(state.cursor), [begin, state.cursor]),
    reload: useCallback(() => void begin(undefined), [begin]),
  };
}
