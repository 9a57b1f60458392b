import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type KeyboardEvent, type Ref, useEffect, useId, useImperativeHandle, useRef, useState } from 'react';
import { useRowHeight, useStackedRows } from '../appearance/row-heights.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import type { Column } from '../controls/column.ts';
import type { Identified, Paged } from '../mavis/use-paged.ts';

/** A column of a log, with its share of the width. */
export interface LogColumn<Entry> extends Column<Entry> {
  /** A track of CSS grid: `170px`, `minmax(120px, 1fr)`. */
  readonly width: string;
  /** Where the log is narrow: in the first line of the row, or below it over the whole width. Without it the column is left out there. */
  readonly stacked?: 'line' | 'below';
}

/** What the page may ask of the grid. */
export interface LogGridHandle {
  /** Whether the newest entry is in sight. */
  readonly atTop: () => boolean;
  readonly focus: () => void;
}

interface LogGridProps<Entry> {
  readonly ref: Ref<LogGridHandle>;
  readonly label: string;
  readonly columns: readonly LogColumn<Entry>[];
  readonly list: Paged<Entry>;
  readonly chosen: string | null;
  readonly onChoose: (entry: Entry) => void;
}

/** Rows drawn beyond the edges: one flick of the wheel shows no gap. */
const OVERSCAN_ROWS = 8;
/** Narrower than this, in CSS pixels, the columns of no log have room. */
const COLUMNS_PX = 640;
/** The next page is asked for when so few rows are left below. */
const AHEAD_ROWS = 30;

/**
 * The entries of a log as rows, newest first. Only what is seen is in the document; the next page comes by scrolling. Arrow
 * keys, Page Up and Down, Home and End move; Enter opens the details.
 */
export function LogGrid<Entry extends Identified>({ ref, label, columns, list, chosen, onChoose }: LogGridProps<Entry>) {
  const text = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const gridId = useId();
  const [active, setActive] = useState<string | null>(null);
  const { items, more, status, loadMore } = list;
  const stacked = useStackedRows(scroller, COLUMNS_PX);
  const rowPx = useRowHeight(stacked ? 'log-stacked' : 'log');
  // oxlint-disable-next-line react/incompatible-library -- it tells of a compiler that we do not use
  const virtual = useVirtualizer({ count: items.length, getScrollElement: () => scroller.current, estimateSize: () => rowPx, overscan: OVERSCAN_ROWS, initialRect: { width: 1000, height: 700 }, getItemKey: (index) => items[index]?.id ?? index });
  useEffect(() => void virtual.measure(), [virtual, rowPx]);
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  const activeIndex = items.findIndex((entry) => entry.id === active);
  const shown = (index: number) => index >= (rows.at(0)?.index ?? 0) && index <= last;

  useImperativeHandle(ref, () => ({ atTop: () => (scroller.current?.scrollTop ?? 0) < rowPx / 2, focus: () => scroller.current?.focus() }), [rowPx]);
  useEffect(() => {
    if (more && status === 'ready' && last >= items.length - AHEAD_ROWS) loadMore();
  }, [more, status, last, items.length, loadMore]);

  const move = (index: number) => {
    const to = Math.max(0, Math.min(items.length - 1, index));
    const entry = items[to];
    if (!entry) return;
    setActive(entry.id);
    virtual.scrollToIndex(to, { align: 'auto' });
    if (chosen !== null) onChoose(entry);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((virtual.scrollRect?.height ?? 400) / rowPx) - 1);
    const steps: Readonly<Record<string, number>> = { ArrowDown: activeIndex + 1, ArrowUp: activeIndex - 1, PageDown: activeIndex + page, PageUp: activeIndex - page, Home: 0, End: items.length - 1 };
    const to = Object.hasOwn(steps, event.key) ? steps[event.key] : undefined;
    const entry = items[activeIndex];
    if (to !== undefined) move(to);
    else if ((event.key === 'Enter' || event.key === ' ') && entry) onChoose(entry);
    else return;
    event.preventDefault();
  };
  const tracks: CSSProperties = { '--columns-wide': columns.map(({ width }) => width).join(' '), '--columns-narrow': columns.filter(({ wideOnly }) => wideOnly !== true).map(({ width }) => width).join(' ') };
  const placeOf = ({ wideOnly = false, stacked: place }: LogColumn<Entry>): string => `${wideOnly ? 'wide-only' : ''} log-stacked-${place ?? 'not'}`;
  return (
    <div className="log" style={tracks} data-stacked={stacked}>
      {list.waiting.count > 0 && (
        <button type="button" className="button button-primary button-small log-waiting" onClick={() => { scroller.current?.scrollTo({ top: 0 }); list.reload(); }}>
          <Icon name="chevronUp" />
          {text(list.waiting.atLeast ? 'logs.new-at-least' : 'logs.new', { count: list.waiting.count })}
        </button>
      )}
      <div
        ref={scroller}
        className="log-scroll scroll"
        role="grid"
        aria-label={label}
        aria-rowcount={more ? -1 : items.length + 1}
        aria-colcount={columns.length}
        aria-busy={status === 'loading'}
        aria-activedescendant={activeIndex >= 0 && shown(activeIndex) ? `${gridId}-${String(active)}` : undefined}
        tabIndex={0}
        onKeyDown={onKey}
        onFocus={() => {
          if (activeIndex < 0) setActive(items[0]?.id ?? null);
        }}
      >
        <div className="log-head log-row" role="row" aria-rowindex={1}>
          {columns.map((column) => (
            <span key={column.id} role="columnheader" className={placeOf(column)}>
              {column.label}
            </span>
          ))}
        </div>
        <div className="log-canvas" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {rows.map((row) => {
            const entry = items[row.index];
            return (
              entry && (
                <div
                  key={row.key}
                  id={`${gridId}-${entry.id}`}
                  role="row"
                  aria-rowindex={row.index + 2}
                  aria-selected={entry.id === chosen}
                  className="log-row log-line"
                  data-active={entry.id === active}
                  data-selected={entry.id === chosen}
                  style={{ height: row.size, transform: `translateY(${row.start}px)` }}
                  onClick={() => {
                    setActive(entry.id);
                    onChoose(entry);
                  }}
                >
                  {columns.map((column) => (
                    <span key={column.id} role="gridcell" className={`${placeOf(column)} ellipsis`}>
                      {column.cell(entry)}
                    </span>
                  ))}
                </div>
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}
