import { useVirtualizer } from '@tanstack/react-virtual';
import { type DragEvent, type KeyboardEvent, type MouseEvent, type Ref, useEffect, useId, useImperativeHandle, useRef, useState } from 'react';
import type { ListedFile } from '../../shared/ipc/files-port.ts';
import { useRowHeight } from '../appearance/row-heights.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import type { MenuPlace } from './action-menu.tsx';
import { DRAG_KIND, type DropTaker } from './file-drag.ts';
import type { FileOrder } from './file-order.ts';
import { FileRow } from './file-row.tsx';
import { allOf, type FileSelection, foundAt, movedTo, noneOf, standingAt, toggled } from './file-selection.ts';

export interface RowsHandle {
  readonly focus: () => void;
}

interface FileRowsProps {
  readonly ref: Ref<RowsHandle>;
  readonly label: string;
  /** Another number for each folder whose names these are. */
  readonly visit: number;
  readonly files: readonly ListedFile[];
  readonly busy: boolean;
  readonly order: FileOrder;
  readonly onOrder: (order: FileOrder) => void;
  readonly selection: FileSelection;
  readonly onSelection: (selection: FileSelection) => void;
  readonly onOpen: (file: ListedFile) => void;
  readonly onUp: () => void;
  /** A key that is an action of the pane; true where it was one. */
  readonly onKey: (event: KeyboardEvent) => boolean;
  /** A menu of what can be done with what is selected is wanted there. */
  readonly onMenu: (place: MenuPlace) => void;
  /** What is selected begins to be dragged, by a drag whose data is `id`; null when that is over. */
  readonly onDrag: (drag: { readonly id: string; readonly names: ReadonlySet<string> } | null) => void;
  readonly drop: DropTaker;
}

/** Rows drawn beyond the edges: one flick of the wheel shows no gap. */
const OVERSCAN_ROWS = 10;
const COLUMNS = ['name', 'size', 'modified'] as const;
/** Letters that follow each other so soon are one beginning of a name, as file managers have it. */
const TYPED_TOGETHER_MS = 1000;
/** Longer than any system lets two clicks be one double click (Windows: 900 ms at most). */
const CLICKED_TOGETHER_MS = 1000;

/** A folder's names as a grid of which only what is seen is in the document, operated by keyboard from end to end. A name is text alone, whatever it holds (A6). */
export function FileRows({ ref, label, visit, files, busy, order, onOrder, selection, onSelection, onOpen, onUp, onKey, onMenu, onDrag, drop }: FileRowsProps) {
  const text = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const typed = useRef({ letters: '', atMs: Number.NEGATIVE_INFINITY });
  const pressed = useRef({ name: '', atMs: Number.NEGATIVE_INFINITY });
  const gridId = useId();
  /** Over what something is dragged: a folder's name, null for the pane itself. */
  const [over, setOver] = useState<{ readonly into: string | null } | undefined>(undefined);
  const rowPx = useRowHeight('file');
  // oxlint-disable-next-line react/incompatible-library -- it tells of a compiler that we do not use
  const virtual = useVirtualizer({ count: files.length, getScrollElement: () => scroller.current, estimateSize: () => rowPx, overscan: OVERSCAN_ROWS, initialRect: { width: 600, height: 500 } });
  useEffect(() => void virtual.measure(), [virtual, rowPx]);
  const items = virtual.getVirtualItems();
  const active = Math.min(selection.active, files.length - 1);
  useImperativeHandle(ref, () => ({ focus: () => scroller.current?.focus() }), []);
  useEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
  }, [visit]);

  const names = () => files.map(({ name }) => name);
  const show = (index: number) => {
    if (files.length > 0) virtual.scrollToIndex(Math.max(0, Math.min(index, files.length - 1)), { align: 'auto' });
  };
  const arrange = (by: FileOrder['by']) => {
    onOrder({ by, descending: order.by === by && !order.descending });
    if (active <= 0 && scroller.current) scroller.current.scrollTop = 0;
  };
  const goTo = (index: number, extend: boolean) => {
    onSelection(movedTo(selection, index, names(), extend));
    show(index);
  };
  const standAt = (index: number) => {
    onSelection(standingAt(selection, index, names()));
    show(index);
  };
  const press = (file: ListedFile, index: number, event: MouseEvent) => {
    if (event.detail === 1) pressed.current = { name: file.name, atMs: event.timeStamp };
    if (event.ctrlKey || event.metaKey) onSelection(toggled(selection, index, names()));
    else goTo(index, event.shiftKey);
  };
  /** Both clicks were on it: between them the list may have become another, or a dialog gone from over it. */
  const openPressed = (file: ListedFile, event: MouseEvent) => {
    const { name, atMs } = pressed.current;
    if (name === file.name && event.timeStamp - atMs < CLICKED_TOGETHER_MS) onOpen(file);
  };
  /** What is not selected is, alone, before something is done with it. */
  const grasp = (file: ListedFile, index: number): ReadonlySet<string> => {
    if (selection.names.has(file.name)) return selection.names;
    const grasped = movedTo(selection, index, names(), false);
    onSelection(grasped);
    return grasped.names;
  };
  const typeAhead = (event: KeyboardEvent): boolean => {
    const going = event.timeStamp - typed.current.atMs < TYPED_TOGETHER_MS;
    if ([...event.key].length !== 1 || event.ctrlKey || event.metaKey || event.altKey || (event.key === ' ' && !going)) return false;
    const letters = going ? typed.current.letters + event.key : event.key;
    typed.current = { letters, atMs: event.timeStamp };
    const found = foundAt(letters, letters.length === 1 ? active + 1 : active, names());
    if (found !== undefined) goTo(found, false);
    return true;
  };
  const openMenu = () => {
    const shown = scroller.current?.querySelector('[data-active="true"]')?.getBoundingClientRect() ?? scroller.current?.getBoundingClientRect();
    const file = files[active];
    if (file && selection.names.size === 0) grasp(file, active);
    onMenu({ left: (shown?.left ?? 0) + rowPx, top: shown?.bottom ?? 0 });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((virtual.scrollRect?.height ?? 300) / rowPx) - 1);
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -files.length, End: files.length };
    const control = event.ctrlKey || event.metaKey;
    const file = files[active];
    const step = Object.hasOwn(steps, event.key) && !event.altKey ? steps[event.key] : undefined;
    if (step !== undefined && control && !event.shiftKey) standAt(active + step);
    else if (step !== undefined) goTo(active + step, event.shiftKey);
    else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) openMenu();
    else if (control && event.key.toLowerCase() === 'a') onSelection(allOf(selection, names()));
    else if (event.key === 'Escape' && selection.names.size > 0) onSelection(noneOf(selection));
    else if (typeAhead(event)) typed.current.atMs = event.timeStamp;
    else if (event.key === ' ') onSelection(toggled(selection, active, names()));
    else if (event.key === 'Enter' && file && !control && !event.altKey) onOpen(file);
    else if (event.key === 'Backspace') onUp();
    else if (!onKey(event)) return;
    event.preventDefault();
  };
  /** The folder over which something is dragged, or the pane. */
  const placeOf = (event: DragEvent): string | null => {
    const index = Number(event.target instanceof Element ? (event.target.closest('[data-index]')?.getAttribute('data-index') ?? -1) : -1);
    const file = files[index];
    return file?.kind === 'folder' ? file.name : null;
  };
  const onDragOver = (event: DragEvent) => {
    if (!drop.takes(event.dataTransfer)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    const into = placeOf(event);
    if (over?.into !== into) setOver({ into });
  };
  const onDrop = (event: DragEvent) => {
    setOver(undefined);
    // Whatever is dropped: a page that opened it would be gone.
    event.preventDefault();
    if (drop.takes(event.dataTransfer)) drop.take(event.dataTransfer, placeOf(event));
  };

  return (
    <div className="files-list">
      <div className="files-heads files-columns">
        {COLUMNS.map((by) => (
          <button key={by} type="button" className={`files-head files-${by}`} aria-pressed={order.by === by} onClick={() => arrange(by)}>
            {text(`files.column-${by}`)}
            {order.by === by && <Icon name={order.descending ? 'chevronDown' : 'chevronUp'} />}
          </button>
        ))}
        <span className="files-head files-mode">{text('files.column-mode')}</span>
      </div>
      <div
        ref={scroller}
        className="files-scroll scroll"
        role="grid"
        aria-label={label}
        aria-busy={busy}
        aria-rowcount={files.length}
        aria-colcount={1}
        aria-multiselectable
        aria-activedescendant={items.some(({ index }) => index === active) ? `${gridId}-${active}` : undefined}
        tabIndex={0}
        data-over={over !== undefined && over.into === null}
        onKeyDown={onKeyDown}
        onClick={(event) => {
          if (event.target === event.currentTarget || event.target === event.currentTarget.firstChild) onSelection(noneOf(selection));
        }}
        onContextMenu={(event) => {
          event.preventDefault();
          onMenu({ left: event.clientX, top: event.clientY });
        }}
        onDragOver={onDragOver}
        onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget instanceof Node ? event.relatedTarget : null) && setOver(undefined)}
        onDrop={onDrop}
      >
        <div className="files-canvas" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const file = files[item.index];
            if (!file) return null;
            return (
              <div key={item.key} className="files-line" role="row" aria-rowindex={item.index + 1} style={{ height: item.size, transform: `translateY(${item.start}px)` }}>
                <FileRow
                  id={`${gridId}-${item.index}`}
                  index={item.index}
                  file={file}
                  active={item.index === active}
                  chosen={selection.names.has(file.name)}
                  over={over?.into === file.name && file.kind === 'folder'}
                  onClick={(event) => press(file, item.index, event)}
                  onOpen={(event) => openPressed(file, event)}
                  onGrasp={() => void grasp(file, item.index)}
                  onDragStart={(event) => {
                    const id = crypto.randomUUID();
                    event.dataTransfer.setData(DRAG_KIND, id);
                    event.dataTransfer.effectAllowed = 'copy';
                    onDrag({ id, names: grasp(file, item.index) });
                  }}
                  onDragEnd={() => onDrag(null)}
                />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
