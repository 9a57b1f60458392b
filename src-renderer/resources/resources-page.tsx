import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { windowAction } from '../../shared/ipc/window-actions.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import type { Protocol } from '../../shared/ids.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { Segmented } from '../controls/segmented.tsx';
import { useText } from '../language/use-text.ts';
import { ask, askShowing } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { tagsIn, toggleTag } from './filter-text.ts';
import { ResourceBrowser, type BrowserQuery } from './resource-browser.ts';
import { BulkTags } from './bulk-tags.tsx';
import { ResourceForm } from './resource-form.tsx';
import { ResourceSelection } from './resource-selection.ts';
import { SelectionBar } from './selection-bar.tsx';
import { ResourceDetails } from './resource-details.tsx';
import { ResourceGrid, type GridHandle } from './resource-grid.tsx';
import { SearchBox } from './search-box.tsx';
import { TagBar } from './tag-bar.tsx';
import { TunnelMark } from './tunnel-mark.tsx';

/** What the list's parts may do with a resource. */
export interface ResourceActions {
  readonly connect: (row: ResourceRow, protocol: Protocol) => void;
  readonly diagnose: (row: ResourceRow, protocol: Protocol) => void;
  readonly details: (row: ResourceRow | null) => void;
  readonly favourite: (row: ResourceRow) => void;
}

/** The resource browser: search, tags, list or cards, details. */
export function ResourcesPage() {
  const { mavis } = useParts();
  const text = useText();
  const browser = useMemo(() => new ResourceBrowser(mavis), [mavis]);
  const mayChange = useFed('account', (account) => account.status === 'signed-in' && account.user.role === 'admin') ?? false;
  const selection = useMemo(() => new ResourceSelection(mavis), [mavis]);
  const [form, setForm] = useState<Pick<ResourceRow, 'id' | 'name'> | 'new' | null>(null);
  const [tagging, setTagging] = useState<readonly ResourceRow['id'][] | null>(null);
  const view = useFed('settings', (settings) => settings.resourceView) ?? 'list';
  const state = useStore(browser.store);
  const loading = useFed('inventory', ({ status }) => status === 'empty' || status === 'loading') ?? true;
  const [failure, setFailure] = useState<ShownError | null>(null);
  const grid = useRef<GridHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  useFreshRows(browser);
  useSearchKeys(search);

  const actions = useMemo<ResourceActions>(
    () => ({
      connect: (row, protocol) => {
        void askShowing(setFailure, mavis.sessions.connect({ resourceId: row.id, protocol }));
      },
      diagnose: (row, protocol) => {
        void askShowing(setFailure, mavis.diagnostics.ofResource({ resourceId: row.id, protocol }));
      },
      details: (row) => browser.openDetails(row),
      favourite: (row) => {
        void browser.setFavourite(row, !row.favourite, setFailure);
      },
    }),
    [browser, mavis],
  );
  const change = useCallback(
    (changes: Partial<BrowserQuery>) => {
      // What is selected is what is seen: another question begins without a selection.
      selection.clear();
      browser.change(changes);
    },
    [browser, selection],
  );
  const toggle = useCallback((tag: string) => change({ filter: toggleTag(browser.store.getState().query.filter, tag) }), [browser, change]);
  const toList = useCallback(() => grid.current?.focus(), []);
  const closeDetails = useCallback(() => {
    browser.openDetails(null);
    grid.current?.focus();
  }, [browser]);

  return (
    <div className="page resources">
      <h1 className="visually-hidden">{text('nav.resources')}</h1>
      <div className="resources-head">
        <SearchBox inputRef={search} filter={state.query.filter} problem={state.problem} onChange={(filter) => change({ filter })} onToList={toList} />
        <div className="resources-tools">
          <Segmented
            label={text('resources.only')}
            value={state.query.only}
            options={[
              { value: 'all', label: text('resources.only-all') },
              { value: 'favourites', label: text('resources.only-favourites'), icon: 'star' },
              { value: 'recent', label: text('resources.only-recent'), icon: 'clock' },
            ]}
            onChange={(only) => change({ only, sort: only === 'recent' ? 'recent' : 'name' })}
          />
          <select className="input resources-sort" aria-label={text('resources.sort')} value={state.query.sort} onChange={(event) => change({ sort: sortOf(event.target.value) })}>
            {sorts.map((sort) => (
              <option key={sort} value={sort}>
                {text(`resources.sort-${sort}`)}
              </option>
            ))}
          </select>
          <Segmented
            label={text('resources.view')}
            value={view}
            options={[
              { value: 'list', label: text('resources.view-list'), icon: 'list' },
              { value: 'cards', label: text('resources.view-cards'), icon: 'cards' },
            ]}
            onChange={(resourceView) => void ask(mavis.settings.update({ changes: { resourceView } }))}
          />
          {mayChange && (
            <button type="button" className="button button-small" onClick={() => setForm('new')}>
              <Icon name="plus" />
              {text('resource-form.new')}
            </button>
          )}
          <TunnelMark />
          <span className="resources-count tabular" role="status">
            {/* None found is only said of an inventory that has come. */}
            {state.rowsOf !== null && (state.rows.total > 0 || !loading) && text('resources.count', { total: state.rows.total })}
          </span>
        </div>
        <TagBar tags={state.tags} chosen={tagsIn(state.query.filter).join('\n')} onToggle={toggle} />
      </div>
      <SelectionBar selection={selection} onTags={(ids) => setTagging(ids)} />
      {failure && (
        <div className="page-notice">
          <ErrorNotice error={failure} />
        </div>
      )}
      {state.error && state.rows.total > 0 && (
        <div className="page-notice">
          <ErrorNotice error={state.error}>
            <button type="button" className="button button-small" onClick={() => browser.refresh()}>
              {text('common.retry')}
            </button>
          </ErrorNotice>
        </div>
      )}
      <div className="resources-body" onKeyDown={(event) => onEscape(event, state.details !== null, closeDetails)}>
        {state.rows.total > 0 ? <ResourceGrid ref={grid} browser={browser} view={view} actions={actions} selection={selection} selectable={mayChange} /> : <NothingThere browser={browser} onClear={() => change({ filter: '', only: 'all' })} />}
        {state.details && <ResourceDetails row={state.details} actions={actions} onClose={closeDetails} onEdit={mayChange ? (row) => setForm(row) : undefined} />}
      </div>
      {form !== null && <ResourceForm row={form === 'new' ? null : form} onClose={() => setForm(null)} />}
      {tagging && <BulkTags ids={tagging} onClose={() => setTagging(null)} />}
    </div>
  );
}

const sorts = ['name', 'address', 'recent', 'favourite'] as const;

function sortOf(value: string): BrowserQuery['sort'] {
  return sorts.find((sort) => sort === value) ?? 'name';
}

function onEscape(event: KeyboardEvent, detailsOpen: boolean, close: () => void): void {
  // An input method's Escape gives up what it composes in the search, and nothing beside it.
  if (event.key !== 'Escape' || event.nativeEvent.isComposing || !detailsOpen) return;
  event.stopPropagation();
  close();
}

/** Asks for the rows at first, and again when main's inventory or the states of the segments change. */
function useFreshRows(browser: ResourceBrowser): void {
  const { inventory } = useParts().stores;
  useEffect(() => {
    browser.refresh();
    return inventory.subscribe((now, before) => {
      const same = now.status === 'ready' && before.status === 'ready' && now.state.revision === before.state.revision && now.state.status === before.state.status && now.state.segments === before.state.segments;
      if (!same) browser.refresh();
    });
  }, [browser, inventory]);
}

/** `/` and the menu's item go to the search field from anywhere in the page. */
function useSearchKeys(search: { readonly current: HTMLInputElement | null }): void {
  const { mavis } = useParts();
  useEffect(() => {
    const toSearch = () => {
      search.current?.focus();
      search.current?.select();
    };
    const onKey = (event: globalThis.KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.matches('input:not([type="radio"]):not([type="checkbox"]), textarea, select, dialog *');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      toSearch();
    };
    document.addEventListener('keydown', onKey);
    const end = mavis.events.onAction((action) => {
      if (action === windowAction.enum['resources.search']) toSearch();
    });
    return () => {
      document.removeEventListener('keydown', onKey);
      end();
    };
  }, [mavis, search]);
}

/** What stands in place of the list: loading, failed, or empty, and each says who must act. */
function NothingThere({ browser, onClear }: { readonly browser: ResourceBrowser; readonly onClear: () => void }) {
  const text = useText();
  const { query, rowsOf, error } = useStore(browser.store);
  const inventory = useFed('inventory', (state) => state);
  const failure = error ?? inventory?.error ?? null;
  if (failure) {
    return (
      <div className="resources-nothing">
        <EmptyState icon="warning" title={text('resources.failed')}>
          <ErrorNotice error={failure} />
          <button type="button" className="button" onClick={() => browser.refresh()}>
            {text('common.retry')}
          </button>
        </EmptyState>
      </div>
    );
  }
  if (rowsOf === null || !inventory || inventory.status === 'empty' || inventory.status === 'loading') {
    return (
      <div className="resources-nothing">
        <p className="badge" role="status">
          <span className="spinner" />
          {text('resources.loading', { loaded: inventory?.loaded ?? 0, total: inventory?.total ?? 0 })}
        </p>
      </div>
    );
  }
  if (query.filter.trim() !== '') {
    return (
      <div className="resources-nothing">
        <EmptyState icon="search" title={text('resources.no-match')} remedy={text('resources.no-match-remedy')}>
          <button type="button" className="button" onClick={onClear}>
            {text('resources.clear-search')}
          </button>
        </EmptyState>
      </div>
    );
  }
  const empty = {
    all: <EmptyState icon="server" title={text('resources.empty')} remedy={text('resources.empty-remedy')} />,
    favourites: <EmptyState icon="star" title={text('resources.no-favourites')} remedy={text('resources.no-favourites-remedy')} />,
    recent: <EmptyState icon="clock" title={text('resources.no-recent')} remedy={text('resources.no-recent-remedy')} />,
  };
  return <div className="resources-nothing">{empty[query.only]}</div>;
}
