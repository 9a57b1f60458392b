import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import type { ListedFile } from '../../shared/ipc/files-port.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { Icon } from '../controls/icon.tsx';
import { parentId, type TreeSource, useFolderTree } from './use-folder-tree.ts';

interface FolderTreeProps {
  readonly label: string;
  readonly source: TreeSource;
  /** The folder that the list shows. */
  readonly current: string;
  /** What is in it. */
  readonly entries: readonly ListedFile[];
  readonly onGo: (id: string) => void;
}

const INDENT_PX = 14;

/** A side's folders beside their list: opened and closed, and gone to, by mouse and by the keys that trees have. */
export function FolderTree({ label, source, current, entries, onGo }: FolderTreeProps) {
  const { lines, toggle } = useFolderTree(source, current, entries);
  const [active, setActive] = useState(current);
  const [shown, setShown] = useState(current);
  const treeId = useId();
  if (shown !== current) {
    setShown(current);
    setActive(current);
  }
  const at = Math.max(0, lines.findIndex(({ id }) => id === active));
  useEffect(() => {
    // In braces: newer engines give a promise, which is no clean-up.
    void document.getElementById(`${treeId}-${at}`)?.scrollIntoView({ block: 'nearest' });
  }, [treeId, at]);
  const onKeyDown = (event: KeyboardEvent) => {
    const line = lines[at];
    if (!line || event.ctrlKey || event.altKey || event.metaKey) return;
    const places: Readonly<Record<string, number>> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 };
    const place = Object.hasOwn(places, event.key) ? places[event.key] : undefined;
    if (place !== undefined) setActive(lines[Math.max(0, Math.min(place, lines.length - 1))]?.id ?? active);
    else if (event.key === 'ArrowRight' && !line.open) toggle(line.id, true);
    else if (event.key === 'ArrowRight') setActive(lines[at + 1]?.depth === line.depth + 1 ? (lines[at + 1]?.id ?? active) : active);
    else if (event.key === 'ArrowLeft' && line.open && !line.bare) toggle(line.id, false);
    else if (event.key === 'ArrowLeft') setActive(parentId(line.id));
    else if (event.key === 'Enter') onGo(line.id);
    else return;
    event.preventDefault();
  };
  return (
    <div className="files-tree scroll" role="tree" aria-label={label} tabIndex={0} aria-activedescendant={`${treeId}-${at}`} onKeyDown={onKeyDown}>
      {lines.map((line, number) => (
        <div
          key={line.id}
          id={`${treeId}-${number}`}
          role="treeitem"
          className="files-branch"
          aria-level={line.depth + 1}
          aria-expanded={line.bare ? undefined : line.open}
          aria-selected={line.id === current}
          data-active={number === at}
          style={{ paddingInlineStart: line.depth * INDENT_PX }}
          onClick={() => {
            setActive(line.id);
            onGo(line.id);
          }}
        >
          <span
            className="files-twig"
            aria-hidden
            onClick={(event) => {
              event.stopPropagation();
              setActive(line.id);
              toggle(line.id, !line.open);
            }}
          >
            {!line.bare && <Icon name={line.open ? 'chevronDown' : 'chevronRight'} />}
          </span>
          <Icon name="folder" />
          <bdi className="ellipsis" title={printableFileName(line.name)}>{printableFileName(line.name)}</bdi>
        </div>
      ))}
    </div>
  );
}
