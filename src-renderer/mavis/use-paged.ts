import { useCallback, useEffect, useRef, useState } from 'react';
import type { IpcAnswer } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ask } from './ask.ts';
import { useRetry } from './use-retry.ts';

/** An item as lists know it. */
export interface Identified {
  readonly id: string;
}

/** A list that comes in pages, as far as it has come. */
export interface Paged<Item> {
  readonly items: readonly Item[];
  readonly status: 'loading' | 'ready' | 'failed';
  readonly error: ShownError | null;
  readonly more: boolean;
  /** Items that are newer than the list and wait for the reader to come back to its top; `atLeast` where there are more than one page. */
  readonly waiting: { readonly count: number; readonly atLeast: boolean };
  /** Asks for the next page. */
  readonly loadMore: () => void;
  /** Asks from the beginning again. */
  readonly reload: () => void;
  /** Asks for the first page again, and takes over what is new or other there; what was loaded behind it stays. */
  readonly refresh: () => void;
}

/** A list that changes while it is shown. */
export interface LiveList {
  /** Rises with each change. */
  readonly changes: number;
  /** Whether the reader is at the list's beginning: what is new goes there at once. */
  readonly atTop?: () => boolean;
}

type LoadPage<Item> = (cursor: string | undefined) => Promise<IpcAnswer<{ items: Item[]; nextCursor?: string | undefined }>>;

interface ListState<Item> {
  readonly items: readonly Item[];
  readonly status: Paged<Item>['status'];
  readonly error: ShownError | null;
  readonly cursor: string | undefined;
  readonly waiting: Paged<Item>['waiting'];
}

/** Waits so long after the last letter of a search before the service is asked: typing costs it one question, not ten. */
const SETTLE_MS = 180;
/** Items kept while new ones come in at the top: a page that is left open for a week does not grow for a week. */
const MAX_LIVE_ITEMS = 2_000;
const NONE = { count: 0, atLeast: false } as const;
const always = (): boolean => true;
const unchanging: LiveList = { changes: 0 };

/**
 * Reads a list page by page. `load` anew (memoise it) begins from its start. Each rise of `changes` asks for what is new: it
 * goes on top where `atTop` says that the reader is there, else it waits. An answer to an older question is dropped; what failed
 * and may pass is tried again by itself.
 */
export function usePaged<Item extends Identified>(load: LoadPage<Item>, { changes, atTop = always }: LiveList = unchanging): Paged<Item> {
  const [state, setState] = useState<ListState<Item>>({ items: [], status: 'loading', error: null, cursor: undefined, waiting: NONE });
  /** Rises with each beginning: answers to what was asked before it are dropped. */
  const generation = useRef(0);
  const look = useRef<{ readonly status: ListState<Item>['status']; readonly empty: boolean; readonly atTop: () => boolean }>({ status: 'loading', empty: true, atTop });
  /** The generation whose newest page is on its way: one at a time, so that no older answer comes last. */
  const refreshing = useRef<number | undefined>(undefined);
  /** A change that came while a page was on its way: the page may be older than it. */
  const missed = useRef(false);
  /** The list of another `load` is about to be asked for, and brings what changed until then. */
  const settling = useRef(true);
  const begin = useCallback(
    async (cursor: string | undefined) => {
      // The list from its start has all that is new; a page behind it has not, and takes the place of a question for it.
      missed.current = cursor !== undefined && (missed.current || refreshing.current === generation.current);
      generation.current += 1;
      const mine = generation.current;
      look.current = { ...look.current, status: 'loading' };
      setState((before) => ({ ...before, status: 'loading', error: null }));
      const answer = await ask(load(cursor));
      if (mine !== generation.current) return;
      setState((before) =>
        answer.ok
          ? { items: cursor === undefined ? answer.value.items : [...before.items, ...answer.value.items], status: 'ready', error: null, cursor: answer.value.nextCursor, waiting: cursor === undefined ? NONE : before.waiting }
          : { ...before, items: cursor === undefined ? [] : before.items, status: 'failed', error: answer.error },
      );
    },
    [load],
  );
  useEffect(() => {
    settling.current = true;
    const timer = setTimeout(() => {
      settling.current = false;
      void begin(undefined);
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      generation.current += 1;
    };
  }, [begin]);

  const refresh = useCallback(async () => {
    if (settling.current) return;
    const { status, empty, atTop: isAtTop } = look.current;
    // Where a page behind the first failed, a reader in the middle of the list keeps his place.
    if (status === 'failed' && (empty || isAtTop())) return begin(undefined);
    if (status !== 'ready' || refreshing.current === generation.current) {
      missed.current = true;
      return;
    }
    const mine = generation.current;
    refreshing.current = mine;
    const answer = await ask(load(undefined));
    if (mine !== generation.current) return;
    refreshing.current = undefined;
    const onTop = look.current.atTop();
    setState((before) => (answer.ok ? { ...withNewest(before, answer.value.items, answer.value.nextCursor, onTop), error: null } : { ...before, error: answer.error }));
  }, [load, begin]);
  const askNewest = useCallback(() => void refresh(), [refresh]);
  useEffect(() => {
    look.current = { status: state.status, empty: state.items.length === 0, atTop };
    if (state.status !== 'ready' || !missed.current) return;
    missed.current = false;
    void refresh();
  });
  const seen = useRef(changes);
  useEffect(() => {
    if (changes === seen.current) return;
    seen.current = changes;
    void refresh();
  }, [changes, refresh]);
  useRetry(state.error, state.status === 'ready' && state.error === null, askNewest);

  return {
    items: state.items,
    status: state.status,
    error: state.error,
    more: state.cursor !== undefined,
    waiting: state.waiting,
    loadMore: useCallback(() => void begin(state.cursor), [begin, state.cursor]),
    reload: useCallback(() => void begin(undefined), [begin]),
    refresh: askNewest,
  };
}

/** The list after its newest page was asked for again. */
export function withNewest<Item extends Identified>(before: ListState<Item>, newest: readonly Item[], nextCursor: string | undefined, onTop: boolean): ListState<Item> {
  // All there is, in its order and without what has gone.
  if (onTop && nextCursor === undefined) return { ...before, items: newest, cursor: nextCursor, waiting: NONE };
  const known = new Map(before.items.map((entry) => [entry.id, entry]));
  const fresh = newest.filter((entry) => !known.has(entry.id));
  // What was not in the chain when it came may be now.
  const current = new Map(newest.map((entry) => [entry.id, entry]));
  const items = before.items.map((entry) => current.get(entry.id) ?? entry);
  const joined = fresh.length < newest.length || before.items.length === 0;
  if (fresh.length === 0) return { ...before, items };
  if (!onTop) return { ...before, items, waiting: { count: fresh.length, atLeast: !joined && nextCursor !== undefined } };
  // A gap between the two, or a list that has grown long: at the top nothing is lost by beginning anew.
  if (!joined || before.items.length > MAX_LIVE_ITEMS) return { ...before, items: newest, cursor: nextCursor, waiting: NONE };
  return { ...before, items: [...fresh, ...items], waiting: NONE, cursor: before.items.length === 0 ? nextCursor : before.cursor };
}
