import { type KeyboardEvent, type ReactNode, type Ref, useImperativeHandle, useMemo, useRef, useState } from 'react';
import type { ListedFile } from '../../shared/ipc/files-port.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ActionMenu, type MenuPlace } from './action-menu.tsx';
import { type FileAction, isKeyOf } from './file-action.ts';
import type { DropTaker } from './file-drag.ts';
import { type FileOrder, shownFiles } from './file-order.ts';
import { FileRows, type RowsHandle } from './file-rows.tsx';
import { arrangedAnew, type FileSelection, listedAnew, NOTHING_SELECTED } from './file-selection.ts';
import { FolderTree } from './folder-tree.tsx';
import type { Folder } from './use-folder.ts';
import type { TreeSource } from './use-folder-tree.ts';

interface FilePaneProps {
  readonly rows: Ref<RowsHandle>;
  readonly title: string;
  readonly folder: Folder;
  /** Breadcrumbs, or whatever says where one is. */
  readonly where: ReactNode;
  readonly actions: (chosen: readonly ListedFile[]) => readonly FileAction[];
  readonly onOpen: (file: ListedFile) => void;
  readonly onUp: () => void;
  readonly live: boolean;
  /** Files of this pane begin to be dragged, by a drag whose data is `id`; null when that is over. */
  readonly onDrag: (drag: { readonly id: string; readonly files: readonly ListedFile[] } | null) => void;
  readonly drop: DropTaker;
  readonly tree: { readonly source: TreeSource; readonly beginning: number; readonly current: string; readonly onGo: (id: string) => void };
}

const FIRST_ORDER: FileOrder = { by: 'name', descending: false };

/** One side: where one is, what can be done, and the names. */
export function FilePane({ rows, title, folder, where, actions, onOpen, onUp, live, onDrag, drop, tree }: FilePaneProps) {
  const text = useText();
  const [order, setOrder] = useState(FIRST_ORDER);
  const [filter, setFilter] = useState('');
  const [hidden, setHidden] = useState(false);
  const [selection, setSelection] = useState<FileSelection>(NOTHING_SELECTED);
  const [withTree, setWithTree] = useState(false);
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  const list = useRef<RowsHandle>(null);
  const moreButton = useRef<HTMLButtonElement>(null);
  useImperativeHandle(rows, () => ({ focus: () => list.current?.focus() }), []);
  const { visit, entries } = folder;
  const files = useMemo(() => shownFiles(entries, { order, filter, hidden }), [entries, order, filter, hidden]);
  const [drawn, setDrawn] = useState({ visit, entries, files });
  if (drawn.visit !== visit || drawn.files !== files) {
    setDrawn({ visit, entries, files });
    const [before, after] = [namesOf(drawn.files), namesOf(files)];
    // What was selected in a folder before is not selected in this one.
    if (drawn.visit !== visit) setSelection(NOTHING_SELECTED);
    else setSelection(drawn.entries === entries ? arrangedAnew(selection, before, after) : listedAnew(selection, before, after, entries));
  }
  const chosen = useMemo(() => files.filter(({ name }) => selection.names.has(name)), [files, selection.names]);
  const offered = actions(chosen);
  const onKey = (event: KeyboardEvent): boolean => {
    const action = offered.find((one) => isKeyOf(one, event));
    if (!action?.can || !live) return false;
    action.run();
    return true;
  };
  const closeMenu = () => {
    setMenu(null);
    list.current?.focus();
  };
  return (
    <section className="files-pane" aria-label={title}>
      <header className="files-where">
        <h2 className="files-title">{title}</h2>
        {where}
      </header>
      <div className="files-tools" role="toolbar" aria-label={text('files.tools', { side: title })}>
        <button type="button" className="button button-icon" aria-pressed={withTree} aria-label={text('files.tree', { side: title })} title={text('files.tree', { side: title })} onClick={() => setWithTree(!withTree)}>
          <Icon name="tree" />
        </button>
        <ToolButton icon="arrowUp" label={text('files.up')} can={live} onClick={onUp} />
        {offered.filter(({ button }) => button === true).map((action) => (
          <ToolButton key={action.id} icon={action.icon} label={action.key === undefined ? action.label : `${action.label} (${action.key})`} can={live && action.can} onClick={action.run} />
        ))}
        <button ref={moreButton} type="button" className="button button-icon" aria-label={`${title}: ${text('files.more')}`} title={`${text('files.more')} (Shift+F10)`} aria-haspopup="menu" aria-expanded={menu !== null} onClick={() => setMenu(placeBelow(moreButton.current))}>
          <Icon name="list" />
        </button>
        <span className="files-space" />
        <input className="input files-filter" type="search" value={filter} placeholder={text('files.filter')} aria-label={`${title}: ${text('files.filter')}`} spellCheck={false} onChange={(event) => setFilter(event.target.value)} />
        <button type="button" className="button button-icon" aria-pressed={hidden} aria-label={`${title}: ${text('files.hidden')}`} title={text('files.hidden')} onClick={() => setHidden(!hidden)}>
          <Icon name={hidden ? 'eye' : 'eyeOff'} />
        </button>
      </div>
      {folder.error && (
        <div className="files-notice">
          <ErrorNotice error={folder.error}>
            <button type="button" className="button button-small" onClick={() => folder.fail(null)}>
              {text('common.close')}
            </button>
          </ErrorNotice>
        </div>
      )}
      <div className="files-lists">
        {withTree && <FolderTree key={tree.beginning} label={text('files.tree', { side: title })} source={tree.source} current={tree.current} entries={entries} onGo={tree.onGo} />}
        <FileRows ref={list} label={title} visit={visit} files={files} busy={folder.loading} order={order} onOrder={setOrder} selection={selection} onSelection={setSelection} onOpen={onOpen} onUp={onUp} onKey={onKey} onMenu={setMenu} onDrag={(drag) => onDrag(drag === null ? null : { id: drag.id, files: files.filter(({ name }) => drag.names.has(name)) })} drop={drop} />
      </div>
      <p className="files-foot tabular" role="status">
        {folder.loading ? text('common.loading') : text('files.shown', { shown: files.length, total: entries.length, count: chosen.length })}
      </p>
      {menu !== null && <ActionMenu label={text('files.actions', { side: title })} actions={live ? offered : offered.map((action) => ({ ...action, can: false }))} place={menu} onClose={closeMenu} onLeave={() => setMenu(null)} />}
    </section>
  );
}

function namesOf(files: readonly ListedFile[]): readonly string[] {
  return files.map(({ name }) => name);
}

function placeBelow(element: HTMLElement | null): MenuPlace {
  const { left, bottom } = element?.getBoundingClientRect() ?? { left: 0, bottom: 0 };
  return { left, top: bottom };
}

function ToolButton({ icon, label, can, onClick }: { readonly icon: IconName; readonly label: string; readonly can: boolean; readonly onClick: () => void }) {
  return (
    <button type="button" className="button button-icon" aria-label={label} title={label} aria-disabled={!can} onClick={() => can && onClick()}>
      <Icon name={icon} />
    </button>
  );
}
