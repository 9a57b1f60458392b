import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type MouseEvent, type Ref, useEffect, useId, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import { useRowHeight } from '../appearance/row-heights.ts';
import { useText } from '../language/use-text.ts';
import { AvailabilityBadge } from './availability-badge.tsx';
import { ConnectButtons, FavouriteButton } from './connect-buttons.tsx';
import { useFittingTags } from './fitting-tags.ts';
import type { ResourceActions } from './resources-page.tsx';
import type { ResourceSelection } from './resource-selection.ts';
import type { ResourceBrowser } from './resource-browser.ts';
import { TagList } from './tag-list.tsx';

/** What the page may ask of the grid. */
export interface GridHandle {
  readonly focus: () => void;
}

interface ResourceGridProps {
  readonly ref: Ref<GridHandle>;
  readonly browser: ResourceBrowser;
  readonly view: 'list' | 'cards';
  readonly actions: ResourceActions;
  readonly selection: ResourceSelection;
  /** Whether several may be selected: for those who may change resources. */
  readonly selectable: boolean;
}

/** A card is never narrower, so that a name and its buttons stay readable. */
const CARD_MIN_WIDTH_PX = 270;
/** Rows drawn beyond the edges: one flick of the wheel shows no gap. */
const OVERSCAN_ROWS = 6;

/**
 * The list of resources, as rows or as cards. Only what is seen is in the document, so that 100,000 cost no more than 50; a key
 * in the search draws nothing here before its answer has come.
 */
export const ResourceGrid = memo(function ResourceGrid({ ref, browser, view, actions, selection, selectable }: ResourceGridProps) {
  const text = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const gridId = useId();
  const rows = useStore(browser.store, (state) => state.rows);
  const active = useStore(browser.store, (state) => state.active);
  const selected = useStore(selection.store, ({ ids }) => (ids.size === 0 ? undefined : ids));
  const columns = useColumns(scroller, view);
  const rowPx = useRowHeight(view === 'list' ? 'resource' : 'card');
  const lines = Math.ceil(rows.total / columns);
  // oxlint-disable-next-line react/incompatible-library -- it tells of a compiler that we do not use
  const virtual = useVirtualizer({
    count: lines,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: OVERSCAN_ROWS,
    initialRect: { width: 1000, height: 700 },
  });
  const items = virtual.getVirtualItems();
  const firstIndex = (items.at(0)?.index ?? 0) * columns;
  const lastIndex = ((items.at(-1)?.index ?? 0) + 1) * columns - 1;
  const fitting = useFittingTags(scroller, { view, columns, loaded: rows.row(firstIndex) !== undefined });

  useImperativeHandle(ref, () => ({ focus: () => scroller.current?.focus() }), []);
  useEffect(() => void browser.see(firstIndex, lastIndex), [browser, firstIndex, lastIndex, rows]);
  useEffect(() => void virtual.measure(), [virtual, rowPx]);
  // Another query begins at its top.
  useEffect(
    () =>
      browser.store.subscribe((now, before) => {
        if (now.query !== before.query && scroller.current && scroller.current.scrollTop > 0) scroller.current.scrollTop = 0;
      }),
    [browser],
  );

  const activate = (index: number) => {
    browser.activate(index);
    virtual.scrollToIndex(Math.floor(Math.max(0, Math.min(index, rows.total - 1)) / columns), { align: 'auto' });
  };
  const press = (index: number, event: Pick<MouseEvent, 'ctrlKey' | 'metaKey' | 'shiftKey'>): boolean => {
    const row = rows.row(index);
    if (!selectable || !row || !(event.ctrlKey || event.metaKey || event.shiftKey)) return false;
    if (event.shiftKey) {
      selection.beginAt(active);
      void selection.extendTo(index, browser.store.getState().query);
    } else selection.toggle(index, row);
    return true;
  };
  /** Runs with the active row once the rows are those of what was typed; not where something else was typed meanwhile. */
  const onActiveRow = async (act: (row: ResourceRow) => void) => {
    if (!(await browser.answered())) return;
    const row = browser.store.getState().rows.row(active);
    if (row) act(row);
  };
  const onKey = (event: KeyboardEvent) => {
    const own = event.target === event.currentTarget;
    if (selectable && own && runSelectionKey(event, { selection, browser, active, onActiveRow })) {
      event.preventDefault();
      return;
    }
    const step = stepOf(event.key, columns, pageLines(virtual, rowPx) * columns, rows.total);
    if (step !== undefined) {
      activate(active + step);
      if (selectable && event.shiftKey) {
        selection.beginAt(active);
        void selection.extendTo(Math.max(0, Math.min(active + step, rows.total - 1)), browser.store.getState().query);
      }
    }
    else {
      const act = own ? keyAction(event, actions) : undefined;
      if (!act) return;
      void onActiveRow(act);
    }
    event.preventDefault();
  };

  return (
    <div className="resources-list">
      {view === 'list' && <ColumnHeads />}
      <div
        ref={scroller}
        className="resources-scroll scroll"
        role="grid"
        aria-label={text('resources.list')}
        aria-rowcount={lines}
        aria-colcount={columns}
        aria-multiselectable={selectable}
        aria-activedescendant={rows.row(active) && active >= firstIndex && active <= lastIndex ? `${gridId}-${active}` : undefined}
        tabIndex={0}
        onKeyDown={onKey}
      >
        <div className="resources-canvas" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => (
            <div key={item.key} className={view === 'list' ? 'resource-line' : 'card-line'} role="row" data-columns={columns} aria-rowindex={item.index + 1} style={{ height: item.size, transform: `translateY(${item.start}px)`, '--columns': columns }}>
              {Array.from({ length: columns }, (_, column) => item.index * columns + column)
                .filter((index) => index < rows.total)
                .map((index) => (
                  <ResourceCell key={index} id={`${gridId}-${index}`} index={index} row={rows.row(index)} active={index === active} selected={isSelected(rows.row(index), selected)} view={view} actions={actions} fitting={fitting} onActivate={activate} onPress={press} />
                ))}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
});

/** How far a key moves; undefined for a key that does not move. */
function stepOf(key: string, columns: number, page: number, total: number): number | undefined {
  const steps: Readonly<Record<string, number>> = { ArrowDown: columns, ArrowUp: -columns, PageDown: page, PageUp: -page, Home: -total, End: total, ...(columns > 1 ? { ArrowRight: 1, ArrowLeft: -1 } : {}) };
  return Object.hasOwn(steps, key) ? steps[key] : undefined;
}

function pageLines(virtual: Virtualizer<HTMLDivElement, Element>, rowPx: number): number {
  return Math.max(1, Math.floor((virtual.scrollRect?.height ?? 400) / rowPx) - 1);
}

function isSelected(row: ResourceRow | undefined, selected: ReadonlySet<ResourceRow['id']> | undefined): boolean | undefined {
  return selected === undefined ? undefined : row !== undefined && selected.has(row.id);
}

interface SelectionKeyParts {
  readonly selection: ResourceSelection;
  readonly browser: ResourceBrowser;
  readonly active: number;
  readonly onActiveRow: (act: (row: ResourceRow) => void) => Promise<void>;
}

/** Ctrl+A selects all that is found, Ctrl+Space the active one, Escape ends the selection; false for any other key. */
function runSelectionKey(event: KeyboardEvent, { selection, browser, active, onActiveRow }: SelectionKeyParts): boolean {
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key.toLowerCase() === 'a') void selectAll(selection, browser);
  else if (control && event.key === ' ') void onActiveRow((row) => selection.toggle(active, row));
  else if (event.key === 'Escape' && selection.store.getState().ids.size > 0) selection.clear();
  else return false;
  event.stopPropagation();
  return true;
}

async function selectAll(selection: ResourceSelection, browser: ResourceBrowser): Promise<void> {
  if (!(await browser.answered())) return;
  const { query, rows } = browser.store.getState();
  await selection.selectAll(query, rows.total);
}

/** Enter connects, Space opens the details, F marks; undefined for any other key. */
function keyAction({ key, repeat, ctrlKey, metaKey, altKey }: KeyboardEvent, actions: ResourceActions): ((row: ResourceRow) => void) | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  if (key === ' ') return actions.details;
  if (key.toLowerCase() === 'f') return actions.favourite;
  if (key !== 'Enter') return undefined;
  return (row) => {
    const [protocol] = row.allowedProtocols;
    if (protocol && !repeat) actions.connect(row, protocol);
    else if (!protocol) actions.details(row);
  };
}

/** Cards side by side; one for the list. */
function useColumns(scroller: { readonly current: HTMLElement | null }, view: 'list' | 'cards'): number {
  const [fitting, setFitting] = useState(1);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setFitting(Math.max(1, Math.floor((element.clientWidth - 24) / CARD_MIN_WIDTH_PX))));
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  return view === 'list' ? 1 : fitting;
}

function ColumnHeads() {
  const text = useText();
  return (
    <div className="resource-heads resource-columns" aria-hidden="true">
      <span />
      <span>{text('resources.column-name')}</span>
      <span className="column-address">{text('resources.column-address')}</span>
      <span className="column-os">{text('resources.column-os')}</span>
      <span className="column-availability">{text('resources.column-availability')}</span>
      <span className="column-tags">{text('resources.column-tags')}</span>
      <span>{text('resources.column-protocols')}</span>
    </div>
  );
}

interface ResourceCellProps {
  readonly id: string;
  readonly index: number;
  readonly row: ResourceRow | undefined;
  readonly active: boolean;
  /** Among several that are selected; undefined where none is. */
  readonly selected: boolean | undefined;
  readonly view: 'list' | 'cards';
  readonly actions: ResourceActions;
  /** How many of a resource's tags have room. */
  readonly fitting: (tags: readonly string[]) => number;
  readonly onActivate: (index: number) => void;
  /** A press with a key that selects: true where it did. */
  readonly onPress: (index: number, event: Pick<MouseEvent, 'ctrlKey' | 'metaKey' | 'shiftKey'>) => boolean;
}

const ResourceCell = memo(
  function ResourceCell({ id, index, row, active, selected, view, actions, fitting, onActivate, onPress }: ResourceCellProps) {
    const open = (event: MouseEvent) => {
      onActivate(index);
      if (onPress(index, event)) return;
      if (row) actions.details(row);
    };
    return (
      <div id={id} role="gridcell" className={view === 'list' ? 'resource-row resource-columns' : 'card'} data-active={active} data-chosen={selected === true} aria-selected={selected ?? active} aria-busy={row === undefined} onClick={open}>
        {row === undefined ? <span className="row-pending" /> : view === 'list' ? <ListRow row={row} actions={actions} shownTags={fitting(row.tags)} /> : <Card row={row} actions={actions} shownTags={fitting(row.tags)} />}
      </div>
    );
  },
  // `onActivate` and `onPress` are made anew with each drawing; a cell whose row, place or activity changed gets the newest.
  (before, after) => before.row === after.row && before.active === after.active && before.selected === after.selected && before.index === after.index && before.view === after.view && before.actions === after.actions && before.fitting === after.fitting && before.id === after.id,
);

interface ShownRowProps {
  readonly row: ResourceRow;
  readonly actions: ResourceActions;
  readonly shownTags: number;
}

function ListRow({ row, actions, shownTags }: ShownRowProps) {
  const text = useText();
  return (
    <>
      <FavouriteButton row={row} actions={actions} inGrid />
      <span className="row-name">
        <span className="row-title ellipsis">{row.name}</span>
        <span className="row-description ellipsis">{row.description}</span>
      </span>
      <span className="column-address mono ellipsis">{row.address}</span>
      <span className="column-os ellipsis">{text(`operating-system.${row.operatingSystem}`)}</span>
      <span className="column-availability">
        <AvailabilityBadge row={row} />
      </span>
      <span className="column-tags">
        <TagList tags={row.tags} shown={shownTags} />
      </span>
      <ConnectButtons row={row} actions={actions} inGrid />
    </>
  );
}

function Card({ row, actions, shownTags }: ShownRowProps) {
  const text = useText();
  return (
    <>
      <span className="card-head">
        <span className="row-title ellipsis">{row.name}</span>
        <FavouriteButton row={row} actions={actions} inGrid />
      </span>
      <span className="card-line-2 ellipsis">
        <span className="mono">{row.address}</span> · {text(`operating-system.${row.operatingSystem}`)}
      </span>
      <span className="row-description ellipsis">{row.description}</span>
      <TagList tags={row.tags} shown={shownTags} />
      <span className="card-foot">
        <AvailabilityBadge row={row} />
        <ConnectButtons row={row} actions={actions} inGrid />
      </span>
    </>
  );
}
