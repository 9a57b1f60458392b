import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type MouseEvent, type Ref, useCallback, useEffect, useId, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import { useRowHeight, useStackedRows } from '../appearance/row-heights.ts';
import { useText } from '../language/use-text.ts';
import { AvailabilityBadge } from './availability-badge.tsx';
import { ConnectButtons, FavouriteButton } from './connect-buttons.tsx';
import { useFittingTags } from './fitting-tags.ts';
import type { ResourceActions } from './resources-page.tsx';
import type { ResourceSelection } from './resource-selection.ts';
import type { ResourceBrowser } from './resource-browser.ts';
import type { RowPlace } from './row-window.ts';
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
/** Narrower than this, in CSS pixels, a row has no room for its buttons beside the name. */
const COLUMNS_PX = 440;
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
  const stacked = useStackedRows(scroller, COLUMNS_PX);
  const kind = view === 'list' ? 'resource' : 'card';
  const rowPx = useRowHeight(stacked ? `${kind}-stacked` : kind);
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

  const activate = useCallback(
    (index: number, id: RowPlace['id'] = null) => {
      browser.activate(index, id);
      virtual.scrollToIndex(Math.floor(browser.store.getState().active.index / columns), { align: 'auto' });
    },
    [browser, virtual, columns],
  );
  const pressed = useMemo<ResourceActions>(
    () => ({
      ...actions,
      connect: (row, protocol) => void browser.press(row, () => actions.connect(row, protocol)),
      favourite: (row) => void browser.press(row, () => actions.favourite(row)),
    }),
    [browser, actions],
  );
  const extend = useCallback(
    (from: RowPlace, to: RowPlace) => {
      const { rows: now, rowsOf, query } = browser.store.getState();
      selection.beginAt(from);
      void selection.extendTo(to, rowsOf ?? query, now);
    },
    [browser, selection],
  );
  const press = useCallback(
    (index: number, row: ResourceRow, { target, ctrlKey, metaKey, shiftKey }: MouseEvent) =>
      browser.press(row, () => {
        const before = browser.store.getState().active;
        activate(index, row.id);
        // A button of the row does by itself what it says.
        if (isButton(target)) return;
        if (selectable && shiftKey) extend(before, { index, id: row.id });
        else if (selectable && (ctrlKey || metaKey)) selection.toggle(index, row);
        else actions.details(row);
      }),
    [browser, selection, selectable, actions, activate, extend],
  );
  /** Runs once the rows are those of what was typed; not where something else was typed meanwhile. */
  const onRows = async (act: () => void) => {
    if (await browser.whenAnswered()) act();
  };
  const onActiveRow = (act: (row: ResourceRow, index: number) => void) =>
    onRows(() => {
      const { rows: now, active: place } = browser.store.getState();
      const row = now.rowOf(place);
      if (row) act(row, place.index);
    });
  const steps = (key: string) => stepOf(key, columns, pageLines(virtual, rowPx) * columns, browser.store.getState().rows.total);
  const move = (key: string, extending: boolean) => {
    const from = browser.store.getState().active;
    activate(from.index + (steps(key) ?? 0));
    if (extending) extend(from, browser.store.getState().active);
  };
  const onKey = (event: KeyboardEvent) => {
    const own = event.target === event.currentTarget;
    if (selectable && own && runSelectionKey(event, { selection, browser, onActiveRow })) {
      event.preventDefault();
      return;
    }
    if (steps(event.key) !== undefined) void onRows(() => move(event.key, selectable && event.shiftKey));
    else {
      const act = own ? keyAction(event, actions) : undefined;
      if (!act) return;
      void onActiveRow(act);
    }
    event.preventDefault();
  };
  /** The focus stays with the grid, whose keys act on the active row: a button that had it would go on acting on its own. */
  const onMouseDown = (event: MouseEvent) => {
    if (!isButton(event.target)) return;
    event.preventDefault();
    scroller.current?.focus({ preventScroll: true });
  };

  return (
    <div className="resources-list" data-stacked={stacked}>
      {view === 'list' && <ColumnHeads />}
      <div
        ref={scroller}
        className="resources-scroll scroll"
        role="grid"
        aria-label={text('resources.list')}
        aria-rowcount={lines}
        aria-colcount={columns}
        aria-multiselectable={selectable}
        aria-activedescendant={rows.rowOf(active) && active.index >= firstIndex && active.index <= lastIndex ? `${gridId}-${active.index}` : undefined}
        tabIndex={0}
        onKeyDown={onKey}
        onMouseDown={onMouseDown}
      >
        <div className="resources-canvas" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => (
            <div key={item.key} className={view === 'list' ? 'resource-line' : 'card-line'} role="row" data-columns={columns} aria-rowindex={item.index + 1} style={{ height: item.size, transform: `translateY(${item.start}px)`, '--columns': columns }}>
              {Array.from({ length: columns }, (_, column) => item.index * columns + column)
                .filter((index) => index < rows.total)
                .map((index) => ({ index, row: rows.row(index) }))
                .map(({ index, row }) => (
                  // By its resource: a press that began on one ends on no other that takes its place meanwhile.
                  <ResourceCell key={row?.id ?? index} id={`${gridId}-${index}`} index={index} row={row} active={index === active.index && (row?.id ?? null) === active.id} selected={isSelected(row, selected)} view={view} actions={pressed} fitting={fitting} onPress={press} />
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

function isButton(target: EventTarget): boolean {
  return target instanceof Element && target.closest('button') !== null;
}

function isSelected(row: ResourceRow | undefined, selected: ReadonlySet<ResourceRow['id']> | undefined): boolean | undefined {
  return selected === undefined ? undefined : row !== undefined && selected.has(row.id);
}

interface SelectionKeyParts {
  readonly selection: ResourceSelection;
  readonly browser: ResourceBrowser;
  readonly onActiveRow: (act: (row: ResourceRow, index: number) => void) => Promise<void>;
}

/** Ctrl+A selects all that is found, Ctrl+Space the active one, Escape ends the selection; false for any other key. */
function runSelectionKey(event: KeyboardEvent, { selection, browser, onActiveRow }: SelectionKeyParts): boolean {
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key.toLowerCase() === 'a') void selectAll(selection, browser);
  else if (control && event.key === ' ') void onActiveRow((row, index) => selection.toggle(index, row));
  else if (event.key === 'Escape' && selection.store.getState().ids.size > 0) selection.clear();
  else return false;
  event.stopPropagation();
  return true;
}

async function selectAll(selection: ResourceSelection, browser: ResourceBrowser): Promise<void> {
  if (!(await browser.whenAnswered())) return;
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
  /** A press on the row, or on a button in it. */
  readonly onPress: (index: number, row: ResourceRow, event: MouseEvent) => Promise<void>;
}

const ResourceCell = memo(function ResourceCell({ id, index, row, active, selected, view, actions, fitting, onPress }: ResourceCellProps) {
  // In the way down to it: a button of the row keeps its press to itself.
  const onClick = (event: MouseEvent) => {
    if (row) void onPress(index, row, event);
  };
  return (
    <div id={id} role="gridcell" className={view === 'list' ? 'resource-row resource-columns' : 'card'} data-active={active} data-chosen={selected === true} aria-selected={selected ?? active} aria-busy={row === undefined} onClickCapture={onClick}>
      {row === undefined ? <span className="row-pending" /> : view === 'list' ? <ListRow row={row} actions={actions} shownTags={fitting(row.tags)} /> : <Card row={row} actions={actions} shownTags={fitting(row.tags)} />}
    </div>
  );
});

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
