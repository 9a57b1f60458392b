import { createStore, type StoreApi } from 'zustand/vanilla';
import { MAX_RETAGGED } from '../../shared/api/resources.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';
import { ask } from '../mavis/ask.ts';
import type { BrowserQuery } from './resource-browser.ts';

/** Rows of one question to main. */
const ASKED_ROWS = 500;

export interface SelectionState {
  readonly ids: ReadonlySet<ResourceRow['id']>;
  /** Whether more was asked for than one change takes. */
  readonly bounded: boolean;
}

const none: SelectionState = { ids: new Set(), bounded: false };

/** Several resources chosen for one change, by id: rows that are not loaded can be among them. At most as many as one change takes. */
export class ResourceSelection {
  readonly store: StoreApi<SelectionState>;
  readonly #mavis: Pick<WindowApi, 'resources'>;
  /** Where a range begins. */
  #anchor = 0;
  /** Rises with each range and each clearing: an answer to an older question changes nothing. */
  #generation = 0;

  constructor(mavis: Pick<WindowApi, 'resources'>) {
    this.#mavis = mavis;
    this.store = createStore<SelectionState>(() => none);
  }

  clear(): void {
    this.#generation += 1;
    this.store.setState(none, true);
  }

  /** Puts one resource in or takes it out; the next range begins there. */
  toggle(index: number, row: Pick<ResourceRow, 'id'>): void {
    this.#anchor = index;
    const ids = new Set(this.store.getState().ids);
    if (!ids.delete(row.id)) {
      if (ids.size >= MAX_RETAGGED) {
        this.store.setState({ bounded: true });
        return;
      }
      ids.add(row.id);
    }
    this.store.setState({ ids, bounded: false });
  }

  /** A range begins here, where nothing is selected yet. */
  beginAt(index: number): void {
    if (this.store.getState().ids.size === 0) this.#anchor = index;
  }

  /** Selects from where the last range began to an index, in the order of the query. */
  extendTo(index: number, query: BrowserQuery): Promise<void> {
    const first = Math.min(this.#anchor, index);
    return this.#selectRange(query, first, Math.abs(index - this.#anchor) + 1);
  }

  /** Selects everything that the query finds, up to the bound. */
  selectAll(query: BrowserQuery, total: number): Promise<void> {
    this.#anchor = 0;
    return this.#selectRange(query, 0, total);
  }

  async #selectRange(query: BrowserQuery, first: number, count: number): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const wanted = Math.min(count, MAX_RETAGGED);
    const ids = new Set<ResourceRow['id']>();
    for (let offset = first; offset < first + wanted; offset += ASKED_ROWS) {
      const answer = await ask(this.#mavis.resources.query({ ...query, offset, limit: Math.min(ASKED_ROWS, first + wanted - offset) }));
      if (generation !== this.#generation || !answer.ok) return;
      for (const { id } of answer.value.rows) ids.add(id);
    }
    this.store.setState({ ids, bounded: count > wanted }, true);
  }
}
