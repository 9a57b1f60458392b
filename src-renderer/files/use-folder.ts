import { useCallback, useMemo, useRef, useState } from 'react';
import type { FilesCall, ListedFile } from '../../shared/ipc/files-port.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import type { CallOptions, FilesAsked } from './files-link.ts';

export type ListCall = Extract<FilesCall, { do: 'list' | 'list-local' }>;
export type CallFiles = (call: FilesCall, options?: CallOptions) => Promise<FilesAsked>;

export interface FolderState {
  readonly entries: readonly ListedFile[];
  readonly loading: boolean;
  readonly error: ShownError | null;
  /** Another number for each folder that was opened: what belongs to the one before is let go. */
  readonly visit: number;
}

export interface Folder extends FolderState {
  /** Lists a folder in place of what is shown; gives whether that was done. What is shown stays where it was not. */
  readonly open: (call: ListCall) => Promise<FilesAsked>;
  readonly fail: (error: ShownError | null) => void;
}

/** A folder of one side, as it comes. */
export function useFolder(call: CallFiles): Folder {
  const [state, setState] = useState<FolderState>({ entries: [], loading: false, error: null, visit: 0 });
  const newest = useRef(0);
  const open = useCallback(
    async (list: ListCall): Promise<FilesAsked> => {
      const mine = (newest.current += 1);
      const gathered: ListedFile[] = [];
      setState((before) => ({ ...before, loading: true, error: null }));
      const asked = await call(list, {
        onEntries: (entries) => {
          for (const entry of entries) gathered.push(entry);
        },
      });
      if (mine !== newest.current) return asked;
      setState((before) => (asked.ok ? { entries: gathered, loading: false, error: null, visit: before.visit + 1 } : { ...before, loading: false, error: asked.error }));
      return asked;
    },
    [call],
  );
  const fail = useCallback((error: ShownError | null) => setState((before) => ({ ...before, error })), []);
  return useMemo(() => ({ ...state, open, fail }), [state, open, fail]);
}
