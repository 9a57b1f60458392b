import type { ResourceRow } from '../../shared/ipc/contract.ts';

/** Rows asked for at once: more than a window of 1,440 pixels shows, so that a page is seldom cut in two, and few enough to be checked and to cross to the page in a millisecond. */
export const PAGE_ROWS = 50;
/** Pages kept beside those that are seen; scrolling back a little asks for nothing. */
const KEPT_PAGES = 20;

/** A row of the list by the resource that stands there, which is the same after the list was sorted anew; its place is where it was seen last. */
export interface RowPlace {
  readonly index: number;
  /** Null where the row has not come: the one that comes there is meant. */
  readonly id: ResourceRow['id'] | null;
}

/** The rows of a long list that have come so far, by page. Immutable. */
export class RowWindow {
  readonly total: number;
  readonly #pages: ReadonlyMap<number, readonly ResourceRow[]>;

  constructor(total: number, pages: ReadonlyMap<number, readonly ResourceRow[]> = new Map()) {
    this.total = total;
    this.#pages = pages;
  }

  /** The row at an index; undefined where it has not come yet. */
  row(index: number): ResourceRow | undefined {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS];
  }

  /** Where a row stands now, among those that have come; one that is not among them keeps its place, at which it is not found then. */
  placeOf(place: RowPlace): RowPlace {
    const index = Math.max(0, Math.min(place.index, this.total - 1));
    const there = this.row(index)?.id ?? null;
    if (place.id === null || place.id === there) return place.index === index && place.id === there ? place : { index, id: there };
    for (const [page, rows] of this.#pages) {
      const at = rows.findIndex(({ id }) => id === place.id);
      if (at !== -1) return { index: page * PAGE_ROWS + at, id: place.id };
    }
    return { index, id: place.id };
  }

  /** The row of a place; undefined where it has not come, or where another resource stands now. */
  rowOf({ index, id }: RowPlace): ResourceRow | undefined {
    const row = this.row(index);
    return row?.id === id ? row : undefined;
  }

  /** Pages of a range of indexes that have not come yet, at most `limit`. */
  missing(first: number, last: number, limit = 3): number[] {
    const pages: number[] = [];
    const end = Math.min(last, this.total - 1);
    for (let page = Math.floor(Math.max(0, first) / PAGE_ROWS); page * PAGE_ROWS <= end && pages.length < limit; page++) if (!this.#pages.has(page)) pages.push(page);
    return pages;
  }

  /** With a page that came; the pages farthest from it are let go where there are too many. */
  withPage(page: number, rows: readonly ResourceRow[], total: number): RowWindow {
    const pages = new Map(this.#pages).set(page, rows);
    const far = [...pages.keys()].toSorted((a, b) => Math.abs(b - page) - Math.abs(a - page));
    for (const number of far.slice(0, Math.max(0, pages.size - KEPT_PAGES))) pages.delete(number);
    return new RowWindow(total, pages);
  }

  /** With one row changed wherever it stands. */
  withRow(id: ResourceRow['id'], change: (row: ResourceRow) => ResourceRow): RowWindow {
    return new RowWindow(this.total, new Map([...this.#pages].map(([page, rows]) => [page, rows.some((row) => row.id === id) ? rows.map((row) => (row.id === id ? change(row) : row)) : rows])));
  }
}
