import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { conflictRule, type ConflictRule, type EditStep, type FilesCall, type ListedFile } from '../../shared/ipc/files-port.ts';
import type { Session, ShownError } from '../../shared/ipc/stores.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useText } from '../language/use-text.ts';
import { ask, shownErrorOf } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { ConflictDialog } from './conflict-dialog.tsx';
import { childOf, parentOf } from './file-order.ts';
import { DRAG_KIND, type Dragged, type DropTaker, fromDesktop, type Side } from './file-drag.ts';
import { DragOutPanel } from './drag-out-panel.tsx';
import { EditedPanel } from './edited-panel.tsx';
import { FilePane } from './file-pane.tsx';
import { FilesDialogs } from './files-dialogs.tsx';
import type { RowsHandle } from './file-rows.tsx';
import { QueuePanel } from './queue-panel.tsx';
import { LocalWhere, RemoteWhere } from './remote-where.tsx';
import { type Asking, localActions, remoteActions, type RemoteWork, type SideWork } from './side-actions.ts';
import { type FilesReady, useFilesLink } from './use-files-link.ts';
import { type CallFiles, type ListCall, useFolder } from './use-folder.ts';

interface FilesSessionProps {
  readonly session: Session;
  readonly shown: boolean;
  readonly tools: HTMLElement | null;
}

/** The files of a target beside those of this computer, and the transfers between them. */
export function FilesSession({ session, shown, tools }: FilesSessionProps) {
  const { mavis } = useParts();
  const text = useText();
  const begin = useRef<(ready: FilesReady) => void>(() => undefined);
  const { call, ready, jobs, question, edits, dragOuts, failure } = useFilesLink(session, begin);
  const remote = useFolder(call);
  const local = useFolder(call);
  const [path, setPath] = useState('/');
  const [place, setPlace] = useState<readonly string[]>([]);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [rule, setRule] = useState<ConflictRule>('ask');
  const [verify, setVerify] = useState(false);
  const [refusal, setRefusal] = useState<ShownError | null>(null);
  const dragged = useRef<Dragged | null>(null);
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
  const remoteTree = useMemo(() => ({ rootName: '/', list: (id: string) => listed(call, { do: 'list', path: `/${id}` }) }), [call]);
  const localName = ready?.localName ?? '';
  const localTree = useMemo(() => ({ rootName: localName, list: (id: string) => listed(call, { do: 'list-local', place: id === '' ? [] : id.split('/') }) }), [call, localName]);
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
  const act = async (side: Side, what: FilesCall) => {
    setAsking(null);
    const asked = await call(what);
    if (asked.ok) await (side === 'remote' ? goRemote(path) : goLocal(place));
    (side === 'remote' ? remote : local).fail(asked.ok ? null : asked.error);
  };
  /** Brings files of one side to the other; into a folder that is shown there, where it is named. */
  const transfer = async (from: Side, files: readonly ListedFile[], into: string | null = null) => {
    const names = files.map(({ name }) => name);
    if (names.length === 0) return;
    const [folder, placed] = [into !== null && from === 'local' ? childOf(path, into) : path, into !== null && from === 'remote' ? [...place, into] : [...place]];
    const asked = await call(from === 'remote' ? { do: 'download', folder, names, place: placed, conflict: rule, verify: verifies } : { do: 'upload', place: placed, names, folder, conflict: rule, verify: verifies });
    if (!asked.ok) (from === 'remote' ? remote : local).fail(asked.error);
  };
  const may = { remote: policy?.filesOut !== false, local: policy?.filesIn !== false };
  // What was brought is read again on the target, which the rule must allow.
  const verifies = verify && may.remote;
  const dropOn = (side: Side): DropTaker => {
    const from = side === 'remote' ? 'local' : 'remote';
    return {
      takes: (dropped) => live && may[from] && (dropped.types.includes(DRAG_KIND) ? dragged.current?.side === from : side === 'remote' && fromDesktop(dropped)),
      take: (dropped, into) => {
        if (dropped.types.includes(DRAG_KIND)) void transfer(from, dragged.current?.files ?? [], into);
        else void uploadDropped([...dropped.files], into);
      },
    };
  };
  const uploadDropped = async (files: readonly File[], into: string | null) => {
    const answer = await ask(mavis.files.uploadDropped({ sessionId: session.id, files: [...files], folder: into === null ? path : childOf(path, into), conflict: rule, verify: verifies }));
    if (!answer.ok) local.fail(answer.error);
  };
  const trash = async (names: string[]) => {
    setAsking(null);
    const answer = await ask(mavis.files.trash({ sessionId: session.id, place: [...place], names }));
    // Some of them may have gone before one did not.
    await goLocal(place);
    local.fail(answer.ok ? null : answer.error);
  };
  const edit = async (file: ListedFile) => {
    const asked = await call({ do: 'edit', folder: path, name: file.name });
    if (!asked.ok) remote.fail(asked.error);
  };
  const editStep = async (editId: number, step: EditStep) => {
    const asked = await call({ do: 'edit-step', editId, step });
    if (!asked.ok) remote.fail(asked.error);
  };
  const dragOut = async (side: Side, files: readonly ListedFile[]) => {
    const names = files.map(({ name }) => name);
    const asked = await call(side === 'remote' ? { do: 'drag-out', folder: path, names } : { do: 'drag-out-local', place: [...place], names });
    (side === 'remote' ? remote : local).fail(asked.ok ? null : asked.error);
  };
  const startDrag = async (dragOutId: number) => {
    const answer = await ask(mavis.files.dragOut({ sessionId: session.id, dragOutId }));
    setRefusal(answer.ok ? null : answer.error);
  };
  const openTerminal = async () => {
    const answer = await ask(mavis.files.openTerminal({ sessionId: session.id, folder: path }));
    if (!answer.ok) remote.fail(answer.error);
  };
  const openRemoteFile = (file: ListedFile) => {
    // Where a link leads the target knows: to a folder it opens, to a file it says so.
    if (file.kind === 'folder' || file.kind === 'link') void goRemote(childOf(path, file.name));
    else if (may.remote) void transfer('remote', [file]);
  };
  const openLocalFile = (file: ListedFile) => {
    // A link that leads out of the granted folder is refused there.
    if (file.kind === 'folder' || file.kind === 'link') void goLocal([...place, file.name]);
    else if (may.local) void transfer('local', [file]);
  };
  const remoteWork: RemoteWork = {
    text, policy,
    ask: setAsking,
    transfer: (files) => void transfer('remote', files),
    open: openRemoteFile,
    reload: () => void goRemote(path),
    pathOf: (file) => childOf(path, file.name),
    copyPath: (file) => void ask(mavis.app.copyText({ text: printableFileName(file === null ? path : childOf(path, file.name)) })),
    dragOut: (files) => void dragOut('remote', files),
    edit: (file) => void edit(file),
    mayOpenTerminal: session.allowedProtocols.includes('ssh'),
    openTerminal: () => void openTerminal(),
  };
  const localWork: SideWork = { text, policy, ask: setAsking, transfer: (files) => void transfer('local', files), open: openLocalFile, dragOut: (files) => void dragOut('local', files), reload: () => void goLocal(place) };
  const chooseFolder = async () => {
    const answer = await ask(mavis.files.chooseFolder({ sessionId: session.id }));
    setRefusal(answer.ok ? null : answer.error);
  };

  return (
    <div className="files-area" hidden={!shown}>
      {tools &&
        createPortal(
          <>
            <label className="files-rule">
              <input type="checkbox" checked={verifies} disabled={!may.remote} onChange={(event) => setVerify(event.target.checked)} />
              <span>{text('files.verify')}</span>
            </label>
            <label className="files-rule">
              <span>{text('files.conflict-rule')}</span>
              <select className="input" value={rule} onChange={(event) => setRule(conflictRule.catch('ask').parse(event.target.value))}>
                {conflictRule.options.map((option) => (
                  <option key={option} value={option}>
                    {option === 'ask' ? text('files.conflict-rule-ask') : text(`files.choice-${option}`)}
                  </option>
                ))}
              </select>
            </label>
          </>,
          tools,
        )}
      {(failure ?? refusal) && <ErrorNotice error={failure ?? refusal ?? shownErrorOf('internal')} />}
      <div className="files-panes" role="group" aria-label={text('files.label', { resource: session.resourceName })}>
        <FilePane
          rows={localRows} title={text('files.local')} folder={local} live={live} actions={(chosen) => localActions(chosen, localWork)} onOpen={openLocalFile}
          where={<LocalWhere side={text('files.local')} root={ready?.localName ?? ''} place={place} onGo={(to) => void goLocal(to)} onChoose={() => void chooseFolder()} />}
          onDrag={(files) => (dragged.current = files.length === 0 ? null : { side: 'local', files })} drop={dropOn('local')}
          tree={{ source: localTree, current: place.join('/'), onGo: (id) => void goLocal(id === '' ? [] : id.split('/')) }}
          onUp={() => place.length > 0 && void goLocal(place.slice(0, -1))}
        />
        <FilePane
          rows={remoteRows} title={session.resourceName} folder={remote} live={live} actions={(chosen) => remoteActions(chosen, remoteWork)} onOpen={openRemoteFile}
          where={<RemoteWhere side={session.resourceName} path={path} onGo={(to) => void goRemote(to)} />}
          onDrag={(files) => (dragged.current = files.length === 0 ? null : { side: 'remote', files })} drop={dropOn('remote')}
          tree={{ source: remoteTree, current: path.slice(1), onGo: (id) => void goRemote(`/${id}`) }}
          onUp={() => path !== '/' && void goRemote(parentOf(path))}
        />
      </div>
      <div className="files-asides">
        <EditedPanel edits={edits} live={live} onStep={(editId, step) => void editStep(editId, step)} />
        <DragOutPanel dragOuts={dragOuts} live={live} onDrag={(id) => void startDrag(id)} onDrop={(id) => void call({ do: 'drop-drag-out', dragOutId: id })} />
      </div>
      <QueuePanel jobs={jobs} live={live} onSteer={(jobId, how) => void call({ do: 'steer', jobId, how })} />
      {asking !== null && <FilesDialogs asking={asking} resource={session.resourceName} path={path} place={place} localWhere={[ready?.localName ?? '', ...place].join('/')} mayRead={may.remote} call={call} act={(side, what) => void act(side, what)} trash={(names) => void trash(names)} onClose={() => setAsking(null)} />}
      {question && live && <ConflictDialog key={question.id} question={question} onDecide={(choice, forAll) => void call({ do: 'decide', questionId: question.id, choice, forAll })} />}
    </div>
  );
}

/** What is in a folder, once, for a tree; null where it could not be listed. */
async function listed(call: CallFiles, what: ListCall): Promise<readonly ListedFile[] | null> {
  const gathered: ListedFile[] = [];
  const asked = await call(what, {
    onEntries: (entries) => {
      for (const entry of entries) gathered.push(entry);
    },
  });
  return asked.ok ? gathered : null;
}
