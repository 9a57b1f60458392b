import { useCallback, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { conflictRule, type ConflictRule, type FilesCall, type ListedFile } from '../../shared/ipc/files-port.ts';
import type { Session, ShownError } from '../../shared/ipc/stores.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useText } from '../language/use-text.ts';
import { ask, shownErrorOf } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { ConflictDialog } from './conflict-dialog.tsx';
import { DeleteDialog } from './delete-dialog.tsx';
import { childOf, parentOf } from './file-order.ts';
import { type FileAction, FilePane } from './file-pane.tsx';
import type { RowsHandle } from './file-rows.tsx';
import { isName, NameDialog } from './name-dialog.tsx';
import { QueuePanel } from './queue-panel.tsx';
import { LocalWhere, RemoteWhere } from './remote-where.tsx';
import { type FilesReady, useFilesLink } from './use-files-link.ts';
import { useFolder } from './use-folder.ts';

interface FilesSessionProps {
  readonly session: Session;
  readonly shown: boolean;
  readonly tools: HTMLElement | null;
}

/** What is being asked of the user. */
type Asking =
  | { readonly kind: 'new-folder'; readonly side: 'local' | 'remote' }
  | { readonly kind: 'rename' | 'mode'; readonly file: ListedFile }
  | { readonly kind: 'delete'; readonly names: readonly string[] };

/** The files of a target beside those of this computer, and the transfers between them. */
export function FilesSession({ session, shown, tools }: FilesSessionProps) {
  const { mavis } = useParts();
  const text = useText();
  const begin = useRef<(ready: FilesReady) => void>(() => undefined);
  const { call, ready, jobs, question, failure } = useFilesLink(session, begin);
  const remote = useFolder(call);
  const local = useFolder(call);
  const [path, setPath] = useState('/');
  const [place, setPlace] = useState<readonly string[]>([]);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [rule, setRule] = useState<ConflictRule>('ask');
  const [refusal, setRefusal] = useState<ShownError | null>(null);
  const remoteRows = useRef<RowsHandle>(null);
  const localRows = useRef<RowsHandle>(null);
  const live = session.phase.status === 'connected';
  const { policy } = session;
  const { open: openRemote } = remote;
  const { open: openLocal } = local;

  // Where one is, known before it is drawn: what is told meanwhile goes by it. Null until a first folder was listed: there is none to show anew.
  const remoteAt = useRef<string | null>(null);
  const localAt = useRef<readonly string[]>([]);
  const goRemote = useCallback(
    async (to: string) => {
      const asked = await openRemote({ do: 'list', path: to });
      if (!asked.ok) return;
      remoteAt.current = asked.value.path ?? to;
      setPath(remoteAt.current);
    },
    [openRemote],
  );
  const goLocal = useCallback(
    async (to: readonly string[]) => {
      const asked = await openLocal({ do: 'list-local', place: [...to] });
      if (!asked.ok) return;
      localAt.current = to;
      setPlace(to);
    },
    [openLocal],
  );
  // The process says where things begin: at the start, and after another local folder was chosen.
  useEffect(() => {
    begin.current = (told) => {
      if (remoteAt.current === null) remoteRows.current?.focus();
      void goRemote(remoteAt.current ?? told.path);
      void goLocal([]);
    };
  }, [goRemote, goLocal]);
  // What a transfer brings is shown when it is done.
  const done = jobs.filter(({ status }) => status === 'done' || status === 'failed').length;
  const seen = useRef(0);
  useEffect(() => {
    if (done > seen.current && remoteAt.current !== null) {
      void goRemote(remoteAt.current);
      void goLocal(localAt.current);
    }
    seen.current = done;
  }, [done, goRemote, goLocal]);

  /** Does something on a side, and shows its folder anew. */
  const act = async (side: 'local' | 'remote', what: FilesCall) => {
    setAsking(null);
    const asked = await call(what);
    if (asked.ok) await (side === 'remote' ? goRemote(path) : goLocal(place));
    (side === 'remote' ? remote : local).fail(asked.ok ? null : asked.error);
  };
  const transfer = async (direction: 'download' | 'upload', files: readonly ListedFile[]) => {
    const names = files.map(({ name }) => name);
    if (names.length === 0) return;
    const asked = await call(direction === 'download' ? { do: 'download', folder: path, names, place: [...place], conflict: rule } : { do: 'upload', place: [...place], names, folder: path, conflict: rule });
    if (!asked.ok) (direction === 'download' ? remote : local).fail(asked.error);
  };
  const remoteActions = (chosen: readonly ListedFile[]): readonly FileAction[] => {
    const [one] = chosen;
    const single = chosen.length === 1 && one !== undefined;
    const word = (label: string, allowed: boolean) => (allowed ? label : text('files.not-allowed', { what: label }));
    const [mayOut, mayIn, mayDelete] = [policy?.filesOut !== false, policy?.filesIn !== false, policy?.filesDelete !== false];
    return [
      { id: 'download', label: word(text('files.download'), mayOut), icon: 'arrowDown', key: 'F5', can: chosen.length > 0 && mayOut, run: () => void transfer('download', chosen) },
      { id: 'new-folder', label: word(text('files.new-folder'), mayIn), icon: 'plus', key: 'F7', can: mayIn, run: () => setAsking({ kind: 'new-folder', side: 'remote' }) },
      { id: 'rename', label: word(text('files.rename'), mayIn), icon: 'edit', key: 'F2', can: single && mayIn, run: () => single && setAsking({ kind: 'rename', file: one }) },
      { id: 'mode', label: word(text('files.mode'), mayIn), icon: 'key', can: single && mayIn && one.mode !== null, run: () => single && setAsking({ kind: 'mode', file: one }) },
      { id: 'delete', label: word(text('files.delete'), mayDelete), icon: 'trash', key: 'Delete', can: chosen.length > 0 && mayDelete, run: () => setAsking({ kind: 'delete', names: chosen.map(({ name }) => name) }) },
      { id: 'copy', label: text('files.copy-path'), icon: 'copy', can: single, run: () => single && void ask(mavis.app.copyText({ text: printableFileName(childOf(path, one.name)) })) },
      { id: 'reload', label: text('files.reload'), icon: 'replay', can: true, run: () => void goRemote(path) },
    ];
  };
  const localActions = (chosen: readonly ListedFile[]): readonly FileAction[] => {
    const may = policy?.filesIn !== false;
    const label = may ? text('files.upload') : text('files.not-allowed', { what: text('files.upload') });
    return [
      { id: 'upload', label, icon: 'arrowUp', key: 'F5', can: chosen.length > 0 && may, run: () => void transfer('upload', chosen) },
      { id: 'new-folder', label: text('files.new-folder'), icon: 'plus', key: 'F7', can: true, run: () => setAsking({ kind: 'new-folder', side: 'local' }) },
      { id: 'reload', label: text('files.reload'), icon: 'replay', can: true, run: () => void goLocal(place) },
    ];
  };
  const openRemoteFile = (file: ListedFile) => {
    // Where a link leads the target knows: to a folder it opens, to a file it says so.
    if (file.kind === 'folder' || file.kind === 'link') void goRemote(childOf(path, file.name));
    else if (policy?.filesOut !== false) void transfer('download', [file]);
  };
  const openLocalFile = (file: ListedFile) => {
    if (file.kind === 'folder') void goLocal([...place, file.name]);
    else if (policy?.filesIn !== false) void transfer('upload', [file]);
  };
  const chooseFolder = async () => {
    const answer = await ask(mavis.files.chooseFolder({ sessionId: session.id }));
    setRefusal(answer.ok ? null : answer.error);
  };
  const close = () => setAsking(null);

  return (
    <div className="files-area" hidden={!shown}>
      {tools &&
        createPortal(
          <label className="files-rule">
            <span>{text('files.conflict-rule')}</span>
            <select className="input" value={rule} onChange={(event) => setRule(conflictRule.catch('ask').parse(event.target.value))}>
              {conflictRule.options.map((option) => (
                <option key={option} value={option}>
                  {option === 'ask' ? text('files.conflict-rule-ask') : text(`files.choice-${option}`)}
                </option>
              ))}
            </select>
          </label>,
          tools,
        )}
      {(failure ?? refusal) && <ErrorNotice error={failure ?? refusal ?? shownErrorOf('internal')} />}
      <div className="files-panes" role="group" aria-label={text('files.label', { resource: session.resourceName })}>
        <FilePane
          rows={localRows} title={text('files.local')} folder={local} live={live} actions={localActions} onOpen={openLocalFile}
          where={<LocalWhere side={text('files.local')} root={ready?.localName ?? ''} place={place} onGo={(to) => void goLocal(to)} onChoose={() => void chooseFolder()} />}
          onUp={() => place.length > 0 && void goLocal(place.slice(0, -1))}
        />
        <FilePane
          rows={remoteRows} title={session.resourceName} folder={remote} live={live} actions={remoteActions} onOpen={openRemoteFile}
          where={<RemoteWhere side={session.resourceName} path={path} onGo={(to) => void goRemote(to)} />}
          onUp={() => path !== '/' && void goRemote(parentOf(path))}
        />
      </div>
      <QueuePanel jobs={jobs} live={live} onSteer={(jobId, how) => void call({ do: 'steer', jobId, how })} />
      {asking?.kind === 'new-folder' && (
        <NameDialog title={text('files.new-folder')} label={text('files.name')} first="" action={text('files.create')} takes={isName} onClose={close} onDone={(name) => void act(asking.side, asking.side === 'remote' ? { do: 'make-folder', folder: path, name } : { do: 'make-local-folder', place: [...place], name })} />
      )}
      {asking?.kind === 'rename' && (
        <NameDialog title={text('files.rename-of', { name: printableFileName(asking.file.name) })} label={text('files.name')} first={asking.file.name.toWellFormed()} action={text('files.rename')} takes={isName} onClose={close} onDone={(to) => void act('remote', { do: 'rename', folder: path, from: asking.file.name, to })} />
      )}
      {asking?.kind === 'mode' && (
        <NameDialog title={text('files.mode-of', { name: printableFileName(asking.file.name) })} label={text('files.mode-octal')} first={(asking.file.mode ?? 0).toString(8)} action={text('common.save')} takes={(value) => /^[0-7]{3,4}$/.test(value)} onClose={close} onDone={(mode) => void act('remote', { do: 'set-mode', folder: path, name: asking.file.name, mode: Number.parseInt(mode, 8) })} />
      )}
      {asking?.kind === 'delete' && <DeleteDialog resource={session.resourceName} names={asking.names} count={() => call({ do: 'count', folder: path, names: [...asking.names] })} onClose={close} onDelete={() => void act('remote', { do: 'remove', folder: path, names: [...asking.names] })} />}
      {question && live && <ConflictDialog key={question.id} question={question} onDecide={(choice, forAll) => void call({ do: 'decide', questionId: question.id, choice, forAll })} />}
    </div>
  );
}
