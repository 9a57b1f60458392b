import { useEffect, useMemo, useRef, useState } from 'react';
import { createPortal, flushSync } from 'react-dom';
import { conflictRule, type ConflictRule, type EditStep, type FilesCall, type ListedFile } from '../../shared/ipc/files-port.ts';
import type { Session, ShownError } from '../../shared/ipc/stores.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useText } from '../language/use-text.ts';
import { ask, askShowing, shownErrorOf } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { ConflictDialog } from './conflict-dialog.tsx';
import { childOf, parentOf } from './file-order.ts';
import { DRAG_KIND, type Dragged, type DropTaker, fromDesktop } from './file-drag.ts';
import { localId, localPlaceOf, type LocalPlaceShown, placeId, type PlaceShown, type RemotePlaceShown, type Side } from './file-place.ts';
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
  const remote = useFolder(call, remoteList);
  const local = useFolder(call, localList);
  // Where one is stands with the names that are shown: what is done goes to where they are.
  const path = remote.id ?? '/';
  const place = localPlaceOf(local.id ?? '');
  const at: { readonly remote: RemotePlaceShown; readonly local: LocalPlaceShown } = { remote: { side: 'remote', folder: path }, local: { side: 'local', place } };
  const [asking, setAsking] = useState<Asking | null>(null);
  const [rule, setRule] = useState<ConflictRule>('ask');
  const [verify, setVerify] = useState(false);
  /** From the wish for another folder of this computer until it is known which is granted: the names that are shown may be of neither. */
  const [choosing, setChoosing] = useState(false);
  const readies = useRef(0);
  const [refusal, setRefusal] = useState<ShownError | null>(null);
  const dragged = useRef<Dragged | null>(null);
  /** Edited files of which a step is under way. */
  const stepping = useRef(new Set<number>());
  const remoteRows = useRef<RowsHandle>(null);
  const localRows = useRef<RowsHandle>(null);
  const live = session.phase.status === 'connected';
  const { policy } = session;
  const { open: goRemote, begin: beginRemote, refresh: refreshRemote } = remote;
  const { open: openLocal, reset: resetLocal, refresh: refreshLocal } = local;
  const goLocal = (to: readonly string[]) => openLocal(localId(to));

  // The process says where things begin: at the start, and after another local folder was chosen.
  useEffect(() => {
    begin.current = (told) => {
      readies.current += 1;
      if (beginRemote(told.path)) remoteRows.current?.focus();
      if (dragged.current?.from.side === 'local') dragged.current = null;
      // Drawn before anything else can be pressed: names of the folder before would mean others in this one.
      flushSync(() => {
        setChoosing(false);
        setAsking((now) => (now?.at.side === 'local' ? null : now));
        resetLocal();
      });
      openLocal('');
    };
  }, [beginRemote, openLocal, resetLocal]);
  const remoteTree = useMemo(() => ({ rootName: '/', list: (id: string) => listed(call, remoteList(`/${id}`)) }), [call]);
  const localName = ready?.localName ?? '';
  const localTree = useMemo(() => ({ rootName: localName, list: (id: string) => listed(call, localList(id)) }), [call, localName]);
  // What a transfer brings is shown when it is done.
  const over = useMemo(() => new Set(jobs.filter(({ status }) => status === 'done' || status === 'failed').map(({ id }) => id)), [jobs]);
  const seen = useRef(over);
  useEffect(() => {
    if ([...over].some((id) => !seen.current.has(id))) {
      refreshRemote();
      refreshLocal();
    }
    seen.current = over;
  }, [over, refreshRemote, refreshLocal]);

  /** Does something in a folder, and shows that anew where the user is still in it. */
  const act = async (where: PlaceShown, what: FilesCall) => {
    const folder = where.side === 'remote' ? remote : local;
    setAsking(null);
    folder.fail(null);
    const asked = await call(what);
    if (asked.ok) folder.refresh(placeId(where));
    else folder.fail(asked.error);
  };
  const canTransfer: Readonly<Record<Side, boolean>> = { remote: !choosing, local: remote.id !== null };
  /** Brings files of a folder of one side to the other; into a folder that is shown there, where it is named. */
  const transfer = async (from: PlaceShown, files: readonly ListedFile[], into: string | null = null) => {
    const names = files.map(({ name }) => name);
    if (names.length === 0 || !canTransfer[from.side]) return;
    const asked = await call(
      from.side === 'remote'
        ? { do: 'download', folder: from.folder, names, place: into === null ? [...place] : [...place, into], conflict: rule, verify: verifies }
        : { do: 'upload', place: [...from.place], names, folder: into === null ? path : childOf(path, into), conflict: rule, verify: verifies },
    );
    if (!asked.ok) (from.side === 'remote' ? remote : local).fail(asked.error);
  };
  const may = { remote: policy?.filesOut !== false, local: policy?.filesIn !== false };
  // What was brought is read again on the target, which the rule must allow.
  const verifies = verify && may.remote;
  const dropOn = (side: Side): DropTaker => {
    const from = side === 'remote' ? 'local' : 'remote';
    return {
      takes: (dropped) => live && may[from] && canTransfer[from] && (dropped.types.includes(DRAG_KIND) ? dragged.current?.from.side === from : side === 'remote' && fromDesktop(dropped)),
      take: (dropped, into) => {
        if (!dropped.types.includes(DRAG_KIND)) void uploadDropped([...dropped.files], into);
        else if (dragged.current !== null && dropped.getData(DRAG_KIND) === dragged.current.id) void transfer(dragged.current.from, dragged.current.files, into);
      },
    };
  };
  const uploadDropped = async (files: readonly File[], into: string | null) => {
    const answer = await ask(mavis.files.uploadDropped({ sessionId: session.id, files: [...files], folder: into === null ? path : childOf(path, into), conflict: rule, verify: verifies }));
    if (!answer.ok) local.fail(answer.error);
  };
  const trash = async (where: LocalPlaceShown, names: string[]) => {
    setAsking(null);
    local.fail(null);
    const answer = await ask(mavis.files.trash({ sessionId: session.id, place: [...where.place], names }));
    // Some of them may have gone before one did not.
    local.refresh(placeId(where));
    if (!answer.ok) local.fail(answer.error);
  };
  const edit = async (file: ListedFile) => {
    const asked = await call({ do: 'edit', folder: path, name: file.name });
    if (!asked.ok) remote.fail(asked.error);
  };
  const editStep = async (editId: number, step: EditStep) => {
    // A step that is pressed twice would be taken twice: kept beside twice, for instance.
    if (stepping.current.has(editId)) return;
    stepping.current.add(editId);
    const asked = await call({ do: 'edit-step', editId, step });
    stepping.current.delete(editId);
    if (!asked.ok) remote.fail(asked.error);
  };
  const dragOut = async (side: Side, files: readonly ListedFile[]) => {
    const names = files.map(({ name }) => name);
    const asked = await call(side === 'remote' ? { do: 'drag-out', folder: path, names } : { do: 'drag-out-local', place: [...place], names });
    if (!asked.ok) (side === 'remote' ? remote : local).fail(asked.error);
  };
  const startDrag = async (dragOutId: number) => {
    await askShowing(setRefusal, mavis.files.dragOut({ sessionId: session.id, dragOutId }));
  };
  const openTerminal = async () => {
    const answer = await ask(mavis.files.openTerminal({ sessionId: session.id, folder: path }));
    if (!answer.ok) remote.fail(answer.error);
  };
  const openRemoteFile = (file: ListedFile) => {
    // Where a link leads the target knows: to a folder it opens, to a file it says so.
    if (file.kind === 'folder' || file.kind === 'link') goRemote(childOf(path, file.name));
    else if (may.remote) void transfer(at.remote, [file]);
  };
  const openLocalFile = (file: ListedFile) => {
    // A link that leads out of the granted folder is refused there.
    if (file.kind === 'folder' || file.kind === 'link') goLocal([...place, file.name]);
    else if (may.local) void transfer(at.local, [file]);
  };
  const remoteWork: RemoteWork = {
    text, policy,
    at: at.remote,
    canTransfer: canTransfer.remote,
    ask: setAsking,
    transfer: (files) => void transfer(at.remote, files),
    open: openRemoteFile,
    reload: () => goRemote(path),
    pathOf: (file) => childOf(path, file.name),
    copyPath: (file) => void ask(mavis.app.copyText({ text: printableFileName(file === null ? path : childOf(path, file.name)) })),
    dragOut: (files) => void dragOut('remote', files),
    edit: (file) => void edit(file),
    mayOpenTerminal: session.allowedProtocols.includes('ssh'),
    openTerminal: () => void openTerminal(),
  };
  const localWork: SideWork = { text, policy, at: at.local, canTransfer: canTransfer.local, ask: setAsking, transfer: (files) => void transfer(at.local, files), open: openLocalFile, dragOut: (files) => void dragOut('local', files), reload: () => goLocal(place) };
  const chooseFolder = async () => {
    if (choosing) return;
    const before = readies.current;
    setChoosing(true);
    const answer = await askShowing(setRefusal, mavis.files.chooseFolder({ sessionId: session.id }));
    // One that was chosen is told by the process, before or after this answer.
    if (!answer.ok || !answer.value.chosen || readies.current !== before) setChoosing(false);
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
          rows={localRows} title={text('files.local')} folder={local} live={live && local.id !== null && !choosing} actions={(chosen) => localActions(chosen, localWork)} onOpen={openLocalFile}
          where={<LocalWhere side={text('files.local')} root={localName} place={place} onGo={goLocal} onChoose={() => void chooseFolder()} />}
          onDrag={(drag) => (dragged.current = drag === null ? null : { ...drag, from: at.local })} drop={dropOn('local')}
          tree={{ source: localTree, beginning: local.beginning, current: localId(place), onGo: openLocal }}
          onUp={() => place.length > 0 && goLocal(place.slice(0, -1))}
        />
        <FilePane
          rows={remoteRows} title={session.resourceName} folder={remote} live={live && remote.id !== null} actions={(chosen) => remoteActions(chosen, remoteWork)} onOpen={openRemoteFile}
          where={<RemoteWhere side={session.resourceName} path={path} onGo={goRemote} />}
          onDrag={(drag) => (dragged.current = drag === null ? null : { ...drag, from: at.remote })} drop={dropOn('remote')}
          tree={{ source: remoteTree, beginning: remote.beginning, current: path.slice(1), onGo: (id) => goRemote(`/${id}`) }}
          onUp={() => path !== '/' && goRemote(parentOf(path))}
        />
      </div>
      <div className="files-asides">
        <EditedPanel edits={edits} live={live} onStep={(editId, step) => void editStep(editId, step)} />
        <DragOutPanel dragOuts={dragOuts} live={live} onDrag={(id) => void startDrag(id)} onDrop={(id) => void call({ do: 'drop-drag-out', dragOutId: id })} />
      </div>
      <QueuePanel jobs={jobs} live={live} onSteer={(jobId, how) => void call({ do: 'steer', jobId, how })} />
      {asking !== null && <FilesDialogs asking={asking} resource={session.resourceName} localName={localName} mayRead={may.remote} call={call} act={(where, what) => void act(where, what)} trash={(where, names) => void trash(where, names)} onClose={() => setAsking(null)} />}
      {question && live && <ConflictDialog key={question.id} question={question} onDecide={(choice, forAll) => call({ do: 'decide', questionId: question.id, choice, forAll })} />}
    </div>
  );
}

const remoteList = (path: string): ListCall => ({ do: 'list', path });
const localList = (id: string): ListCall => ({ do: 'list-local', place: [...localPlaceOf(id)] });

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
