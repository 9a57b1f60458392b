import { useCallback, useEffect, useRef, useState } from 'react';
import type { IpcAnswer } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ask } from '../mavis/ask.ts';

/** An entry as lists of logs know it. */
export interface Identified {
  readonly id: string;
}

/** A log as far as it has come, newest first. */
export interface LiveLog<Entry> {
  readonly items: readonly Entry[];
  readonly status: 'loading' | 'ready' | 'failed';
  readonly error: ShownError | null;
  readonly more: boolean;
  /** Entries that are newer than the list and wait for the reader to come back to its top; `atLeast` where there are more than one page. */
  readonly waiting: { readonly count: number; readonly atLeast: boolean };
  readonly loadMore: () => void;
  /** Begins at the newest again. */
  readonly reload: () => void;
}

type LoadPage<Entry> = (cursor: string | undefined) => Promise<IpcAnswer<{ items: Entry[]; nextCursor?: string | undefined }>>;

interface LogState<Entry> {
  readonly items: readonly Entry[];
  readonly status: LiveLog<Entry>['status'];
  readonly error: ShownError | null;
  readonly cursor: string | undefined;
  readonly waiting: LiveLog<Entry>['waiting'];
}

/** Typing costs the service one question, not ten. */
const SETTLE_MS = 180;
/** Entries kept while new ones come in at the top: a page that is left open for a week does not grow for a week. */
const MAX_LIVE_ENTRIES = 2_000;
const NONE = { count: 0, atLeast: false } as const;

/**
 * Reads a log page by page. `load` anew (memoise it) begins from the newest. Each rise of `changes` asks for what is new: it
 * goes on top where `atTop` says that the reader is there, else it waits. An answer to an older question is dropped.
 */
export function useLog<Entry extends Identified>(load: LoadPage<Entry>, changes: number, atTop: () => boolean): LiveLog<Entry> {
  const [state, setState] = useState<LogState<Entry>>({ items: [], status: 'loading', error: null, cursor: undefined, waiting: NONE });
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
          ? { items: cursor === undefined ? answer.value.items : [...before.items, ...answer.value.items], status: 'ready', error: null, cursor: answer.value.nextCursor, waiting: cursor === undefined ? NONE : before.waiting }
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

  const look = useRef<{ readonly status: LogState<Entry>['status']; readonly atTop: () => boolean }>({ status: 'loading', atTop });
  useEffect(() => {
    look.current = { status: state.status, atTop };
  });
  useEffect(() => {
    // While a page is on its way it brings what is new by itself, or the next change does.
    if (changes === 0 || look.current.status !== 'ready') return;
    const mine = generation.current;
    const takeNewest = async () => {
      const answer = await ask(load(undefined));
      if (!answer.ok || mine !== generation.current) return;
      const { items: newest, nextCursor } = answer.value;
      const onTop = look.current.atTop();
      setState((before) => withNewest(before, newest, nextCursor, onTop));
    };
    void takeNewest();
  }, [changes, load]);

  return {
    items: state.items,
    status: state.status,
    error: state.error,
    more: state.cursor !== undefined,
    waiting: state.waiting,
    loadMore: useCallback(() => void begin(state.cursor), [begin, state.cursor]),
    reload: useCallback(() => void begin(undefined), [begin]),
  };
}

/** The list after its newest page was asked for again. */
export function withNewest<Entry extends Identified>(before: LogState<Entry>, newest: readonly Entry[], nextCursor: string | undefined, onTop: boolean): LogState<Entry> {
  const known = new Map(before.items.map((entry) => [entry.id, entry]));
  const fresh = newest.filter((entry) => !known.has(entry.id));
  // What was not in the chain when it came may be now.
  const current = new Map(newest.map((entry) => [entry.id, entry]));
  const items = before.items.map((entry) => current.get(entry.id) ?? entry);
  const joined = fresh.length < newest.length || before.items.length === 0;
  if (fresh.length === 0) return { ...before, items };
  if (!onTop) return { ...before, items, waiting: { count: fresh.length, atLeast: !joined && nextCursor !== undefined } };
  // A gap between the two, or a list that has grown long: at the top nothing is lost by beginning anew.
  if (!joined || before.items.length > MAX_LIVE_ENTRIES) return { ...before, items: newest, cursor: nextCursor, waiting: NONE };
  return { ...before, items: [...fresh, ...items], waiting: NONE, cursor: before.items.length === 0 ? nextCursor : before.cursor };
}
