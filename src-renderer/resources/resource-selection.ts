import { createStore, type StoreApi } from 'zustand/vanilla';
import { MAX_RETAGGED } from '../../shared/api/resources.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';
import { ask } from '../mavis/ask.ts';
import type { BrowserQuery } from './resource-browser.ts';
import type { RowPlace, RowWindow } from './row-window.ts';

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
  #anchor: RowPlace = { index: 0, id: null };
  /** Rises with each range and each other change: an answer to an older question changes nothing. */
  #generation = 0;
  /** The generation whose range is on its way. */
  #ranging: number | undefined;

  constructor(mavis: Pick<WindowApi, 'resources'>) {
    this.#mavis = mavis;
    this.store = createStore<SelectionState>(() => none);
  }

  clear(): void {
    this.#generation += 1;
    this.store.setState(none, true);
  }

  /** Puts one resource in or takes it out; the next range begins there. */
  toggle(index: number, { id }: Pick<ResourceRow, 'id'>): void {
    this.#anchor = { index, id };
    this.#generation += 1;
    const ids = new Set(this.store.getState().ids);
    if (!ids.delete(id)) {
      if (ids.size >= MAX_RETAGGED) {
        this.store.setState({ bounded: true });
        return;
      }
      ids.add(id);
    }
    this.store.setState({ ids, bounded: false });
  }

  /** A range begins here, where nothing is selected yet. */
  beginAt(place: RowPlace): void {
    if (this.store.getState().ids.size === 0 && this.#ranging !== this.#generation) this.#anchor = place;
  }

  /** Selects from where the last range began to a row, in the order of the query whose rows these are. */
  extendTo(place: RowPlace, query: BrowserQuery, rows: RowWindow): Promise<void> {
    const [from, to] = [rows.placeOf(this.#anchor), rows.placeOf(place)];
    return from.index <= to.index ? this.#selectRange(query, from, to) : this.#selectRange(query, to, from);
  }

  /** Selects everything that the query finds, up to the bound. */
  selectAll(query: BrowserQuery, total: number): Promise<void> {
    this.#anchor = { index: 0, id: null };
    return this.#selectRange(query, this.#anchor, { index: total - 1, id: null });
  }

  async #selectRange(query: BrowserQuery, first: RowPlace, last: RowPlace): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    this.#ranging = generation;
    const found = await this.#idsOf(query, first, last, () => generation === this.#generation);
    if (generation !== this.#generation) return;
    this.#ranging = undefined;
    if (found) this.store.setState({ ids: new Set(found), bounded: last.index - first.index >= MAX_RETAGGED }, true);
  }

  /** Ids of a range, up to the bound; undefined where main has another resource at its ends by now: a range between these is not what was chosen. */
  async #idsOf(query: BrowserQuery, first: RowPlace, last: RowPlace, wanted: () => boolean): Promise<ResourceRow['id'][] | undefined> {
    const end = Math.min(last.index + 1, first.index + MAX_RETAGGED);
    const ids: ResourceRow['id'][] = [];
    for (let offset = first.index; offset < end; offset += ASKED_ROWS) {
      const answer = await ask(this.#mavis.resources.query({ ...query, offset, limit: Math.min(ASKED_ROWS, end - offset) }));
      if (!wanted() || !answer.ok) return undefined;
      ids.push(...answer.value.rows.map(({ id }) => id));
    }
    const isAt = ({ index, id }: RowPlace): boolean => id === null || index >= end || ids[index - first.index] === id;
    return isAt(first) && isAt(last) ? ids : undefined;
  }
}
