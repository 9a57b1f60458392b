import { useCallback, useMemo, useRef, useState } from 'react';
import type { FilesCall, ListedFile } from '../../shared/ipc/files-port.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import type { CallOptions, FilesAsked } from './files-link.ts';

export type ListCall = Extract<FilesCall, { do: 'list' | 'list-local' }>;
export type CallFiles = (call: FilesCall, options?: CallOptions) => Promise<FilesAsked>;

export interface FolderState {
  /** The folder whose names these are, set together with them; null where none has been listed yet. */
  readonly id: string | null;
  readonly entries: readonly ListedFile[];
  readonly loading: boolean;
  readonly error: ShownError | null;
  /** Another number for each folder that is shown: what belongs to the one before is let go. The same one listed anew keeps it. */
  readonly visit: number;
  /** Another number each time the side began anew: folders of one name before and after are not the same. */
  readonly beginning: number;
}

export interface Folder extends FolderState {
  /** Lists a folder in place of what is shown. What is shown stays where it could not be listed, or where another was wanted meanwhile. */
  readonly open: (id: string) => void;
  /** Opens the first folder; where one is shown or on its way, that is listed anew. Gives whether it is the first. */
  readonly begin: (id: string) => boolean;
  /** Lists anew what is shown, and never in the way of another folder that is coming: that one is listed once more when it is there. Of one that is named only where the user is in it, or on the way there. */
  readonly refresh: (id?: string) => void;
  /** Nothing is shown any more, and nothing of what is on its way will be. */
  readonly reset: () => void;
  readonly fail: (error: ShownError | null) => void;
}

/** Where one is and goes, known before it is drawn: what is told meanwhile goes by it. */
interface Way {
  shown: string | null;
  coming: { readonly id: string; readonly stop: AbortController } | null;
  /** Something changed while a folder was coming. */
  again: boolean;
}

/** A folder of one side, as it comes. */
export function useFolder(call: CallFiles, listOf: (id: string) => ListCall): Folder {
  const [state, setState] = useState<FolderState>({ id: null, entries: [], loading: false, error: null, visit: 0, beginning: 0 });
  const way = useRef<Way>({ shown: null, coming: null, again: false });

  const list = useCallback(
    async (wanted: string): Promise<void> => {
      // What was changed while a folder was coming is looked for when that has come.
      for (let id: string | null = wanted; id !== null; ) {
        const mine = { id, stop: new AbortController() };
        way.current.coming?.stop.abort();
        way.current = { ...way.current, coming: mine, again: false };
        const gathered: ListedFile[] = [];
        setState((before) => ({ ...before, loading: true }));
        const asked = await call(listOf(id), {
          onEntries: (entries) => {
            for (const entry of entries) gathered.push(entry);
          },
          signal: mine.stop.signal,
        });
        if (way.current.coming !== mine) return;
        const { shown, again } = way.current;
        const now: string | null = asked.ok ? (asked.value.path ?? id) : shown;
        way.current = { shown: now, coming: null, again: false };
        setState((before) => (asked.ok ? { ...before, id: now, entries: gathered, loading: false, visit: now === shown ? before.visit : before.visit + 1 } : { ...before, loading: false, error: asked.error }));
        id = again ? now : null;
      }
    },
    [call, listOf],
  );
  const fail = useCallback((error: ShownError | null) => setState((before) => ({ ...before, error })), []);
  const open = useCallback(
    (id: string) => {
      fail(null);
      void list(id);
    },
    [fail, list],
  );
  const refresh = useCallback(
    (id?: string) => {
      const { shown, coming } = way.current;
      if (id !== undefined && id !== shown && id !== coming?.id) return;
      if (coming !== null) way.current.again = true;
      else if (shown !== null) void list(shown);
    },
    [list],
  );
  const begin = useCallback(
    (id: string): boolean => {
      const first = way.current.shown === null && way.current.coming === null;
      fail(null);
      if (first) void list(id);
      else refresh();
      return first;
    },
    [fail, list, refresh],
  );
  const reset = useCallback(() => {
    way.current.coming?.stop.abort();
    way.current = { shown: null, coming: null, again: false };
    setState(({ visit, beginning }) => ({ id: null, entries: [], loading: false, error: null, visit: visit + 1, beginning: beginning + 1 }));
  }, []);
  return useMemo(() => ({ ...state, open, begin, refresh, reset, fail }), [state, open, begin, refresh, reset, fail]);
}
