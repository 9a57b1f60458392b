import { type KeyboardEvent, type ReactNode, type Ref, useMemo, useState } from 'react';
import type { ListedFile } from '../../shared/ipc/files-port.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { type FileOrder, shownFiles } from './file-order.ts';
import { FileRows, type RowsHandle } from './file-rows.tsx';
import { type FileSelection, NOTHING_SELECTED } from './file-selection.ts';
import type { Folder } from './use-folder.ts';

/** One thing that can be done with a pane or what is selected in it. */
export interface FileAction {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  /** The key that does the same in the list. */
  readonly key?: string;
  /** Whether it can be done now. */
  readonly can: boolean;
  readonly run: () => void;
}

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
}

const FIRST_ORDER: FileOrder = { by: 'name', descending: false };

/** One side: where one is, what can be done, and the names. */
export function FilePane({ rows, title, folder, where, actions, onOpen, onUp, live }: FilePaneProps) {
  const text = useText();
  const [order, setOrder] = useState(FIRST_ORDER);
  const [filter, setFilter] = useState('');
  const [hidden, setHidden] = useState(false);
  const [selection, setSelection] = useState<FileSelection>(NOTHING_SELECTED);
  const [visit, setVisit] = useState(folder.visit);
  // What was selected in a folder before is not selected in this one.
  if (visit !== folder.visit) {
    setVisit(folder.visit);
    setSelection(NOTHING_SELECTED);
  }
  const files = useMemo(() => shownFiles(folder.entries, { order, filter, hidden }), [folder.entries, order, filter, hidden]);
  const chosen = useMemo(() => files.filter(({ name }) => selection.names.has(name)), [files, selection.names]);
  const offered = actions(chosen);
  const onKey = (event: KeyboardEvent): boolean => {
    const action = offered.find(({ key }) => key === event.key);
    if (!action?.can || event.ctrlKey || event.altKey || event.metaKey) return false;
    action.run();
    return true;
  };
  return (
    <section className="files-pane" aria-label={title}>
      <header className="files-where">
        <h2 className="files-title">{title}</h2>
        {where}
      </header>
      <div className="files-tools" role="toolbar" aria-label={text('files.tools', { side: title })}>
        <ToolButton icon="arrowUp" label={text('files.up')} can={live} onClick={onUp} />
        {offered.map((action) => (
          <ToolButton key={action.id} icon={action.icon} label={action.key === undefined ? action.label : `${action.label} (${action.key})`} can={live && action.can} onClick={action.run} />
        ))}
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
      <FileRows ref={rows} label={title} files={files} busy={folder.loading} order={order} onOrder={setOrder} selection={selection} onSelection={setSelection} onOpen={onOpen} onUp={onUp} onKey={onKey} />
      <p className="files-foot tabular" role="status">
        {folder.loading ? text('common.loading') : text('files.shown', { shown: files.length, total: folder.entries.length, count: chosen.length })}
      </p>
    </section>
  );
}

function ToolButton({ icon, label, can, onClick }: { readonly icon: IconName; readonly label: string; readonly can: boolean; readonly onClick: () => void }) {
  return (
    <button type="button" className="button button-icon" aria-label={label} title={label} aria-disabled={!can} onClick={() => can && onClick()}>
      <Icon name={icon} />
    </button>
  );
}
