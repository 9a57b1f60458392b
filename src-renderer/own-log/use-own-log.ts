import { useCallback, useEffect, useRef, useState } from 'react';
import type { OwnLogLine } from '../../shared/ipc/own-log.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

/** Soon enough to follow what one does, rare enough to cost nothing. */
const EVERY_MS = 2000;
/** A window that stays open for a week keeps no more than the newest. */
const MOST_LINES = 10_000;

/** The app's own log as a window shows it, and what may be done with it. */
export interface OwnLog {
  /** Newest first. */
  readonly lines: readonly OwnLogLine[];
  /** Came since, and wait for the reader to come back to the top. */
  readonly waiting: readonly OwnLogLine[];
  readonly status: 'loading' | 'ready';
  readonly error: ShownError | null;
  /** Takes what waits. */
  readonly show: () => void;
}

/** The app's own log, followed while `live`. */
export function useOwnLog(live: boolean, atTop: () => boolean): OwnLog {
  const { mavis } = useParts();
  const [state, setState] = useState<Omit<OwnLog, 'show'>>({ lines: [], waiting: [], status: 'loading', error: null });
  const place = useRef<string | null>(null);
  const isAtTop = useRef(atTop);
  useEffect(() => {
    isAtTop.current = atTop;
  }, [atTop]);
  const read = useCallback(async () => {
    const answer = await ask(mavis.ownLog.read({ from: place.current }));
    if (!answer.ok) return setState((before) => ({ ...before, status: 'ready', error: answer.error }));
    const { lines: came, next, fresh } = answer.value;
    place.current = next;
    const newest = came.toReversed();
    const top = isAtTop.current();
    setState((before) => {
      if (fresh) return { lines: newest, waiting: [], status: 'ready', error: null };
      if (newest.length === 0 && before.error === null && before.status === 'ready') return before;
      const waiting = [...newest, ...before.waiting].slice(0, MOST_LINES);
      return top ? { lines: [...waiting, ...before.lines].slice(0, MOST_LINES), waiting: [], status: 'ready', error: null } : { ...before, waiting, status: 'ready', error: null };
    });
  }, [mavis]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const follow = async () => {
      await read();
      if (!ended && live) timer = setTimeout(() => void follow(), EVERY_MS);
    };
    void follow();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [read, live]);
  const show = useCallback(() => setState((before) => ({ ...before, lines: [...before.waiting, ...before.lines].slice(0, MOST_LINES), waiting: [] })), []);
  return { ...state, show };
}
