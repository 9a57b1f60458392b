import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, type Ref, useEffect, useId, useImperativeHandle, useRef } from 'react';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import type { ListedFile } from '../../shared/ipc/files-port.ts';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { type FileOrder, permissionLetters } from './file-order.ts';
import { allOf, type FileSelection, movedTo, toggled } from './file-selection.ts';

export interface RowsHandle {
  readonly focus: () => void;
}

interface FileRowsProps {
  readonly ref: Ref<RowsHandle>;
  readonly label: string;
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
}

const ROW_PX = 28;
/** Rows drawn beyond the edges: one flick of the wheel shows no gap. */
const OVERSCAN_ROWS = 10;
const COLUMNS = ['name', 'size', 'modified'] as const;

/** A folder's names as a grid of which only what is seen is in the document, operated by keyboard from end to end. A name is text alone, whatever it holds (A6). */
export function FileRows({ ref, label, files, busy, order, onOrder, selection, onSelection, onOpen, onUp, onKey }: FileRowsProps) {
  const text = useText();
  const formats = useFormats();
  const scroller = useRef<HTMLDivElement>(null);
  const gridId = useId();
  // oxlint-disable-next-line react/incompatible-library -- it tells of a compiler that we do not use
  const virtual = useVirtualizer({ count: files.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: OVERSCAN_ROWS, initialRect: { width: 600, height: 500 } });
  const items = virtual.getVirtualItems();
  const active = Math.min(selection.active, files.length - 1);
  useImperativeHandle(ref, () => ({ focus: () => scroller.current?.focus() }), []);
  useEffect(() => {
    if (scroller.current && files.length > 0 && selection.active === 0) scroller.current.scrollTop = 0;
  }, [files, selection.active]);

  const names = () => files.map(({ name }) => name);
  const goTo = (index: number, extend: boolean) => {
    onSelection(movedTo(selection, index, names(), extend));
    if (files.length > 0) virtual.scrollToIndex(Math.max(0, Math.min(index, files.length - 1)), { align: 'auto' });
  };
  const press = (index: number, event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey) onSelection(toggled(selection, index, names()));
    else goTo(index, event.shiftKey);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((virtual.scrollRect?.height ?? 300) / ROW_PX) - 1);
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -files.length, End: files.length };
    const control = event.ctrlKey || event.metaKey;
    const file = files[active];
    if (Object.hasOwn(steps, event.key) && !control) goTo(active + (steps[event.key] ?? 0), event.shiftKey);
    else if (control && event.key.toLowerCase() === 'a') onSelection(allOf(selection, names()));
    else if (event.key === ' ') onSelection(toggled(selection, active, names()));
    else if (event.key === 'Enter' && file && !control) onOpen(file);
    else if (event.key === 'Backspace') onUp();
    else if (!onKey(event)) return;
    event.preventDefault();
  };

  return (
    <div className="files-list">
      <div className="files-heads files-columns">
        {COLUMNS.map((by) => (
          <button key={by} type="button" className={`files-head files-${by}`} aria-pressed={order.by === by} onClick={() => onOrder({ by, descending: order.by === by && !order.descending })}>
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
        onKeyDown={onKeyDown}
      >
        <div className="files-canvas" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const file = files[item.index];
            if (!file) return null;
            return (
              <div key={item.key} className="files-line" role="row" aria-rowindex={item.index + 1} style={{ height: item.size, transform: `translateY(${item.start}px)` }}>
                <div
                  id={`${gridId}-${item.index}`}
                  role="gridcell"
                  className="files-row files-columns"
                  data-active={item.index === active}
                  data-chosen={selection.names.has(file.name)}
                  aria-selected={selection.names.has(file.name)}
                  onClick={(event) => press(item.index, event)}
                  onDoubleClick={() => onOpen(file)}
                >
                  <span className="files-name">
                    <Icon name={ICONS[file.kind]} />
                    <span className="visually-hidden">{text(`files.kind-${file.kind}`)} </span>
                    <bdi className="ellipsis" title={printableFileName(file.name)}>{printableFileName(file.name)}</bdi>
                  </span>
                  <span className="files-size tabular">{file.kind === 'folder' ? '' : formats.bytes(file.size)}</span>
                  <span className="files-modified tabular ellipsis">{file.modifiedAtSeconds === 0 ? '' : formats.dateTime(new Date(file.modifiedAtSeconds * 1000).toISOString())}</span>
                  <span className="files-mode mono ellipsis" title={file.owner}>{file.mode === null ? '' : `${permissionLetters(file.mode)} ${file.owner}`}</span>
                </div>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

const ICONS = { folder: 'folder', file: 'file', link: 'link', other: 'question' } as const;
