import { useCallback, useRef, useState } from 'react';
import type { SessionId, ShownError } from '../../shared/ipc/stores.ts';
import { ask, shownErrorOf } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { safeTitle } from '../terminal/hardened.ts';
import { chosenFiles, takeFiles } from './clipboard-files.ts';
import type { DesktopEngine, TargetFile } from './desktop-engine.ts';

/** What goes on with files, or was done last. */
export type FilesWork =
  | { readonly kind: 'taking'; readonly files: number; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly kind: 'offered' | 'taken' | 'stopped'; readonly files: number };

export interface ClipboardFilesState {
  /** What the target's clipboard holds. */
  readonly held: readonly TargetFile[];
  readonly work: FilesWork | null;
  readonly send: () => void;
  readonly take: () => void;
  readonly stop: () => void;
  readonly close: () => void;
}

export interface ClipboardFiles extends ClipboardFilesState {
  /** Tells what the target's clipboard holds now. */
  readonly hold: (files: readonly TargetFile[]) => void;
  /** The engine is over: what it held and was at is gone. */
  readonly forget: () => void;
}

/** Files by the clipboard of a desktop, for one session's window. */
export function useClipboardFiles(sessionId: SessionId, engine: { readonly current: DesktopEngine | null }, failed: (error: ShownError | null) => void): ClipboardFiles {
  const { mavis } = useParts();
  const [held, hold] = useState<readonly TargetFile[]>([]);
  const [work, setWork] = useState<FilesWork | null>(null);
  const taking = useRef<AbortController | null>(null);
  const stop = useCallback(() => taking.current?.abort(), []);
  const forget = useCallback(() => {
    taking.current?.abort();
    hold([]);
    setWork(null);
  }, []);
  const send = async (): Promise<void> => {
    const answer = await ask(mavis.clipboardFiles.choose({ sessionId }));
    failed(answer.ok ? null : answer.error);
    if (!answer.ok || answer.value.files.length === 0) return;
    const { files } = answer.value;
    if (engine.current?.offerFiles?.(files, chosenFiles(mavis, sessionId, failed)) === true) setWork({ kind: 'offered', files: files.length });
    else failed(shownErrorOf('files.clipboard-missing'));
    engine.current?.focus();
  };
  const take = async (): Promise<void> => {
    const read = engine.current?.readFile;
    if (read === undefined || taking.current !== null) return;
    const own = new AbortController();
    taking.current = own;
    const totalBytes = held.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const files = held.filter(({ folder }) => !folder).length;
    failed(null);
    const result = await takeFiles(mavis, sessionId, held, read, { signal: own.signal, progress: (doneBytes) => !own.signal.aborted && setWork({ kind: 'taking', files, doneBytes, totalBytes }) });
    taking.current = null;
    if (result.kind === 'failed') failed(result.error);
    else if (result.kind === 'target-failed') failed(shownErrorOf('files.clipboard-not-given', { name: safeTitle(result.path) }));
    setWork(result.kind === 'taken' || result.kind === 'stopped' ? { kind: result.kind, files } : null);
    engine.current?.focus();
  };
  return { held, work, hold, forget, stop, send: () => void send(), take: () => void take(), close: () => setWork(null) };
}
