import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';
import { ask, askShowing } from '../mavis/ask.ts';
import { PAGE_ROWS, type RowPlace, RowWindow } from './row-window.ts';

/** What is asked for: the filter's text, which resources, in which order. */
export interface BrowserQuery {
  readonly filter: string;
  readonly only: 'all' | 'favourites' | 'recent';
  readonly sort: 'name' | 'address' | 'recent' | 'favourite';
}

export interface BrowserState {
  readonly query: BrowserQuery;
  /** Rows of the newest answer: those of the query before stay until the new ones are here, so that nothing flashes. */
  readonly rows: RowWindow;
  /** The query that the rows answer: null before the first answer, and another than `query` until its own has come, or where that cannot be read. */
  readonly rowsOf: BrowserQuery | null;
  /** The newest query that main answered: by rows, by what is wrong in it, or by an error. */
  readonly answered: BrowserQuery | null;
  readonly tags: readonly { readonly tag: string; readonly count: number }[];
  readonly problem: { readonly position: number; readonly code: string } | null;
  readonly error: ShownError | null;
  /** The row that keys act on, for as long as its resource is found at its place. */
  readonly active: RowPlace;
  /** The resource whose details are open. */
  readonly details: ResourceRow | null;
}

/**
 * The resource browser's state and its way to main. One question at a time is on its way; of those that come up meanwhile only
 * the newest is asked, and an answer to an older query is dropped, so that fast typing shows the last letter first.
 */
export class ResourceBrowser {
  readonly store: StoreApi<BrowserState>;
  readonly #mavis: Pick<WindowApi, 'resources'>;
  /** Rises with each new query; answers carry the one that they belong to. */
  #generation = 0;
  #busy = false;
  #waiting: (() => Promise<void>) | undefined;
  #visible: readonly [number, number] = [0, PAGE_ROWS - 1];

  constructor(mavis: Pick<WindowApi, 'resources'>) {
    this.#mavis = mavis;
    this.store = createStore<BrowserState>(() => ({
      query: { filter: '', only: 'all', sort: 'name' },
      rows: new RowWindow(0),
      rowsOf: null,
      answered: null,
      tags: [],
      problem: null,
      error: null,
      active: { index: 0, id: null },
      details: null,
    }));
  }

  /** Changes the query and asks for its first rows, of which the first will be the active one. */
  change(changes: Partial<BrowserQuery>): void {
    this.store.setState(({ query }) => ({ query: { ...query, ...changes } }));
    this.#visible = [0, PAGE_ROWS - 1];
    this.#ask(true);
  }

  /** Asks again for what is seen, because the inventory or its states changed. */
  refresh(): void {
    this.#ask(true);
  }

  /** Tells which rows are seen; those that have not come are asked for. */
  see(first: number, last: number): void {
    this.#visible = [first, last];
    if (this.store.getState().rowsOf !== null && this.store.getState().rows.missing(first, last).length > 0) this.#ask(false);
  }

  /** Makes the resource of an id the active one, or the row of an index, which may not have come. */
  activate(index: number, id: RowPlace['id'] = null): void {
    this.store.setState(({ rows }) => ({ active: rows.placeOf({ index, id }) }));
  }

  /** Runs what a press on a row asks: where rows of what was typed are on their way, once they are here, and only if that row is among them. */
  async press({ id }: Pick<ResourceRow, 'id'>, act: () => void): Promise<void> {
    const { query, answered } = this.store.getState();
    if (answered !== query) {
      await this.whenAnswered();
      const { query: now, rows } = this.store.getState();
      if (now !== query || !rows.rowOf(rows.placeOf({ index: 0, id }))) return;
    }
    act();
  }

  /**
   * Whether, once main has answered the query of now, that is still the query and its rows are here. What a key does waits for
   * them: it is meant for what was typed, not for what is about to go, nor for what stays where that cannot be read.
   */
  async whenAnswered(): Promise<boolean> {
    const { query } = this.store.getState();
    const over = (state: BrowserState): boolean => state.query !== query || state.answered === query;
    if (!over(this.store.getState())) {
      await new Promise<void>((resolve) => {
        const end = this.store.subscribe((state) => {
          if (!over(state)) return;
          end();
          resolve();
        });
      });
    }
    const { query: now, rowsOf } = this.store.getState();
    return now === query && rowsOf === query;
  }

  openDetails(row: ResourceRow | null): void {
    this.store.setState({ details: row });
  }

  /** Marks or unmarks a favourite: at once on the page, and taken back where main refuses. */
  async setFavourite(row: ResourceRow, favourite: boolean, showFailure: (error: ShownError | null) => void): Promise<void> {
    this.#changeRow(row.id, favourite);
    const answer = await askShowing(showFailure, this.#mavis.resources.setFavourite({ resourceId: row.id, favourite }));
    if (!answer.ok) this.#changeRow(row.id, !favourite);
  }

  #changeRow(id: ResourceRow['id'], favourite: boolean): void {
    this.store.setState(({ rows, details }) => ({
      rows: rows.withRow(id, (row) => ({ ...row, favourite })),
      details: details?.id === id ? { ...details, favourite } : details,
    }));
  }

  #ask(anew: boolean): void {
    if (anew) this.#generation += 1;
    const generation = this.#generation;
    const question = () => this.#question(generation, anew);
    if (this.#busy) {
      // A new query wins over a scroll that waits; a scroll never pushes out a query.
      if (anew || this.#waiting === undefined) this.#waiting = question;
      return;
    }
    void this.#run(question);
  }

  async #run(question: () => Promise<void>): Promise<void> {
    this.#busy = true;
    let next: (() => Promise<void>) | undefined = question;
    while (next) {
      this.#waiting = undefined;
      await next();
      next = this.#waiting;
    }
    this.#busy = false;
  }

  async #question(generation: number, anew: boolean): Promise<void> {
    const { query: typed, rowsOf, rows } = this.store.getState();
    // More of the rows that are shown, which are of an older query where the one of now cannot be read.
    const query = anew ? typed : (rowsOf ?? typed);
    const [first, last] = this.#visible;
    const pages = anew ? [Math.floor(first / PAGE_ROWS)] : rows.missing(first, last);
    for (const page of pages) {
      if (generation !== this.#generation) return;
      const answer = await ask(this.#mavis.resources.query({ ...query, offset: page * PAGE_ROWS, limit: PAGE_ROWS }));
      if (generation !== this.#generation) return;
      if (!answer.ok) {
        // Rows of the query before are no answer to this one.
        this.store.setState((state) => ({ error: answer.error, rows: state.rowsOf === query ? state.rows : new RowWindow(0), rowsOf: query, answered: typed }));
        return;
      }
      const { rows: found, filterProblem, tags, total } = answer.value;
      this.store.setState((state) => {
        // A filter that cannot be read leaves the rows of the one before: half a word must not empty the list.
        if (filterProblem) return { problem: filterProblem, error: null, answered: typed };
        const now = (anew ? new RowWindow(total) : state.rows).withPage(page, found, total);
        return {
          rows: now,
          rowsOf: query,
          answered: typed,
          tags,
          problem: query === typed ? null : state.problem,
          error: null,
          active: now.placeOf(state.rowsOf === query ? state.active : { index: 0, id: null }),
          details: found.find((row) => row.id === state.details?.id) ?? state.details,
        };
      });
    }
    if (anew && this.store.getState().rows.missing(...this.#visible).length > 0) this.#ask(false);
  }
}
