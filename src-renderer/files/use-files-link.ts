import { useCallback, useEffect, useRef, useState } from 'react';
import type { ConflictQuestion, DragOut, EditedFile, TransferJob } from '../../shared/ipc/files-port.ts';
import type { Session, ShownError } from '../../shared/ipc/stores.ts';
import { ask, shownErrorOf } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { FilesLink } from './files-link.ts';
import type { CallFiles } from './use-folder.ts';

/** Where things begin: at the target, and the name of the folder of this computer that was granted. */
export interface FilesReady {
  readonly path: string;
  readonly localName: string;
}

export interface FilesFeed {
  readonly call: CallFiles;
  /** What the process said last of where things begin. */
  readonly ready: FilesReady | null;
  readonly jobs: readonly TransferJob[];
  readonly question: ConflictQuestion | null;
  readonly edits: readonly EditedFile[];
  readonly dragOuts: readonly DragOut[];
  readonly failure: ShownError | null;
}

/** The link to the session's process: one for each attempt that is connected. What was told last stays when it is gone. `begin` is called when the process says where things begin. */
export function useFilesLink(session: Session, begin: { readonly current: (ready: FilesReady) => void }): FilesFeed {
  const { mavis } = useParts();
  const link = useRef<FilesLink | null>(null);
  const [ready, setReady] = useState<FilesFeed['ready']>(null);
  const [jobs, setJobs] = useState<readonly TransferJob[]>([]);
  const [question, setQuestion] = useState<ConflictQuestion | null>(null);
  const [edits, setEdits] = useState<readonly EditedFile[]>([]);
  const [dragOuts, setDragOuts] = useState<readonly DragOut[]>([]);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const attempt = useConnectedAttempt(session);
  const sessionId = session.id;

  useEffect(() => {
    if (attempt === null) return undefined;
    const made = new FilesLink(window, sessionId, {
      onReady: ({ path, localName }) => {
        setReady({ path, localName });
        begin.current({ path, localName });
      },
      onEdits: setEdits,
      onDragOuts: setDragOuts,
      onJobs: (told, asked) => {
        setJobs(told);
        setQuestion(asked);
      },
    });
    link.current = made;
    // What is answered to an attempt before says nothing of this one.
    void ask(mavis.sessions.openPort({ sessionId })).then((answer) => link.current === made && setFailure(answer.ok ? null : answer.error));
    return () => {
      made.close();
      link.current = null;
    };
  }, [attempt, mavis, sessionId, begin]);

  const call = useCallback<CallFiles>((asked, options) => link.current?.call(asked, options) ?? Promise.resolve({ ok: false as const, error: shownErrorOf('session.ended') }), []);
  return { call, ready, jobs, question, edits, dragOuts, failure };
}

/** The newest attempt that was connected; null before the first. */
function useConnectedAttempt(session: Session): number | null {
  const [attempt, setAttempt] = useState<number | null>(null);
  if (session.phase.status === 'connected' && attempt !== session.attempt) setAttempt(session.attempt);
  return attempt;
}
