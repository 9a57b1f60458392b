import { type ListedFile, MOST_DRAGGED } from '../../shared/ipc/files-port.ts';
import type { SessionPolicy } from '../../shared/policy/session-policy.ts';
import type { useText } from '../language/use-text.ts';
import type { FileAction } from './file-action.ts';
import type { PlaceShown, RemotePlaceShown } from './file-place.ts';

/** What is being asked of the user, and of which folder: it may be another that is shown when he answers. */
export type Asking =
  | { readonly kind: 'new-folder'; readonly at: PlaceShown }
  | { readonly kind: 'rename'; readonly at: PlaceShown; readonly file: ListedFile }
  | { readonly kind: 'mode'; readonly at: RemotePlaceShown; readonly file: ListedFile }
  | { readonly kind: 'new-link'; readonly at: RemotePlaceShown; readonly to: string }
  | { readonly kind: 'delete'; readonly at: PlaceShown; readonly names: readonly string[] }
  | { readonly kind: 'details'; readonly at: PlaceShown; readonly files: readonly ListedFile[] };

/** What the actions of a side do; the window's own state is behind it. */
export interface SideWork {
  /** The folder whose names are shown. */
  readonly at: PlaceShown;
  /** Whether it is known to which folder of the other side files would go. */
  readonly canTransfer: boolean;
  readonly text: ReturnType<typeof useText>;
  readonly policy: SessionPolicy | null;
  readonly ask: (asking: Asking) => void;
  readonly transfer: (files: readonly ListedFile[]) => void;
  readonly open: (file: ListedFile) => void;
  /** Gets files ready to be dragged out of the window. */
  readonly dragOut: (files: readonly ListedFile[]) => void;
  readonly reload: () => void;
}

export interface RemoteWork extends SideWork {
  readonly at: RemotePlaceShown;
  /** A path of the target is put on the clipboard: of a name in the folder, or of the folder itself. */
  readonly copyPath: (file: ListedFile | null) => void;
  readonly pathOf: (file: ListedFile) => string;
  readonly edit: (file: ListedFile) => void;
  /** Whether the user may open a terminal of the same resource. */
  readonly mayOpenTerminal: boolean;
  readonly openTerminal: () => void;
}

/** What can be done with files of the target; what the rule forbids is there and says so (rule 21: the gateway refuses it in any case). */
export function remoteActions(chosen: readonly ListedFile[], work: RemoteWork): readonly FileAction[] {
  const { text, policy, ask, at } = work;
  const one = chosen.length === 1 ? chosen[0] : undefined;
  const word = (label: string, allowed: boolean) => (allowed ? label : text('files.not-allowed', { what: label }));
  const [mayOut, mayIn, mayDelete] = [policy?.filesOut !== false, policy?.filesIn !== false, policy?.filesDelete !== false];
  // A link would give what the rule denies another name (rule 29).
  const mayLink = mayIn && (policy === null || (policy.filePaths.length === 0 && policy.deniedFileNames.length === 0));
  return [
    { id: 'open', label: one?.kind === 'link' ? text('files.follow') : text('files.open'), icon: 'front', key: 'Enter', can: one?.kind === 'folder' || one?.kind === 'link', run: () => one && work.open(one) },
    { id: 'download', label: word(text('files.download'), mayOut), icon: 'arrowDown', key: 'F5', button: true, can: chosen.length > 0 && mayOut && work.canTransfer, run: () => work.transfer(chosen) },
    { id: 'drag-out', label: mayOut ? dragLabel(chosen, text) : word(text('files.drag-out'), mayOut), icon: 'front', can: chosen.length > 0 && chosen.length <= MOST_DRAGGED && mayOut, run: () => work.dragOut(chosen) },
    { id: 'edit', label: word(text('files.edit'), mayOut && mayIn), icon: 'edit', key: 'F4', can: one?.kind === 'file' && mayOut && mayIn, run: () => one && work.edit(one) },
    { id: 'new-folder', label: word(text('files.new-folder'), mayIn), icon: 'plus', key: 'F7', button: true, parted: true, can: mayIn, run: () => ask({ kind: 'new-folder', at }) },
    { id: 'new-link', label: word(text('files.new-link'), mayLink), icon: 'link', can: mayLink, run: () => ask({ kind: 'new-link', at, to: one ? work.pathOf(one) : '' }) },
    { id: 'rename', label: word(text('files.rename'), mayIn), icon: 'edit', key: 'F2', button: true, can: one !== undefined && mayIn, run: () => one && ask({ kind: 'rename', at, file: one }) },
    { id: 'mode', label: word(text('files.mode'), mayIn), icon: 'key', button: true, can: one !== undefined && mayIn && one.mode !== null, run: () => one && ask({ kind: 'mode', at, file: one }) },
    { id: 'delete', label: word(text('files.delete'), mayDelete), icon: 'trash', key: 'Delete', button: true, can: chosen.length > 0 && mayDelete, run: () => ask({ kind: 'delete', at, names: chosen.map(({ name }) => name) }) },
    { id: 'copy', label: text('files.copy-path'), icon: 'copy', key: 'Ctrl+C', parted: true, can: chosen.length <= 1, run: () => work.copyPath(one ?? null) },
    { id: 'terminal', label: work.mayOpenTerminal ? text('files.open-terminal') : text('files.no-terminal', { what: text('files.open-terminal') }), icon: 'terminal', can: work.mayOpenTerminal, run: work.openTerminal },
    { id: 'details', label: text('files.details'), icon: 'info', key: 'Alt+Enter', button: true, can: chosen.length > 0, run: () => ask({ kind: 'details', at, files: chosen }) },
    { id: 'reload', label: text('files.reload'), icon: 'replay', key: 'Ctrl+R', button: true, can: true, run: work.reload },
  ];
}

/** What can be done with files of this computer. */
export function localActions(chosen: readonly ListedFile[], { text, policy, ask, at, canTransfer, transfer, open, dragOut, reload }: SideWork): readonly FileAction[] {
  const one = chosen.length === 1 ? chosen[0] : undefined;
  const may = policy?.filesIn !== false;
  const upload = may ? text('files.upload') : text('files.not-allowed', { what: text('files.upload') });
  return [
    { id: 'open', label: text('files.open'), icon: 'front', key: 'Enter', can: one?.kind === 'folder' || one?.kind === 'link', run: () => one && open(one) },
    { id: 'upload', label: upload, icon: 'arrowUp', key: 'F5', button: true, can: chosen.length > 0 && may && canTransfer, run: () => transfer(chosen) },
    { id: 'drag-out', label: dragLabel(chosen, text), icon: 'front', can: chosen.length > 0 && chosen.length <= MOST_DRAGGED, run: () => dragOut(chosen) },
    { id: 'new-folder', label: text('files.new-folder'), icon: 'plus', key: 'F7', button: true, parted: true, can: true, run: () => ask({ kind: 'new-folder', at }) },
    { id: 'rename', label: text('files.rename'), icon: 'edit', key: 'F2', button: true, can: one !== undefined, run: () => one && ask({ kind: 'rename', at, file: one }) },
    { id: 'trash', label: text('files.trash'), icon: 'trash', key: 'Delete', button: true, can: chosen.length > 0, run: () => ask({ kind: 'delete', at, names: chosen.map(({ name }) => name) }) },
    { id: 'details', label: text('files.details'), icon: 'info', key: 'Alt+Enter', button: true, parted: true, can: chosen.length > 0, run: () => ask({ kind: 'details', at, files: chosen }) },
    { id: 'reload', label: text('files.reload'), icon: 'replay', key: 'Ctrl+R', button: true, can: true, run: reload },
  ];
}

/** More than the system drags at once are not offered, and it is said how many would be. */
function dragLabel(chosen: readonly ListedFile[], text: SideWork['text']): string {
  const what = text('files.drag-out');
  return chosen.length > MOST_DRAGGED ? text('files.at-most', { what, count: MOST_DRAGGED }) : what;
}
