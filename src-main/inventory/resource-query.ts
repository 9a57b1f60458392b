import type { z } from 'zod';
import { isSegmentTag, type ListedResource } from '../../shared/api/resources.ts';
import type { resourceSort } from '../../shared/ipc/contract.ts';
import { parseFilter } from '../../shared/resources/filter.ts';
import { PositionSet } from '../../shared/resources/position-set.ts';
import { SearchIndex } from '../../shared/resources/search-index.ts';

/** More than the page shows of the most frequent, whatever is chosen: each more is checked and sent with every key. */
export const MAX_TAG_COUNTS = 64;

export interface ResourceQuery {
  readonly filter: string;
  readonly sort: z.infer<typeof resourceSort>;
  readonly offset: number;
  readonly limit: number;
  readonly only: 'all' | 'favourites' | 'recent';
}

export interface ResourceQueryResult {
  readonly rows: ListedResource[];
  readonly total: number;
  readonly tags: { tag: string; count: number }[];
  readonly filterProblem: { position: number; code: string } | null;
}

/** What the user marked: ids of favourites, and of the resources last used with when (milliseconds since 1970). */
export interface ResourceMarks {
  readonly favourites: ReadonlySet<string>;
  readonly lastUsedAt: ReadonlyMap<string, number>;
}

/** Answers the resource browser's questions over one index: filter, order, page and counts. Holds the index; makes none of the marks. */
export class ResourceQueries {
  #index: SearchIndex<ListedResource> = SearchIndex.of<ListedResource>([]);
  #byAddress: Uint32Array | undefined;
  #marks: ResourceMarks = { favourites: new Set(), lastUsedAt: new Map() };

  get size(): number {
    return this.#index.size;
  }

  setIndex(index: SearchIndex<ListedResource>): void {
    this.#index = index;
    this.#byAddress = undefined;
  }

  setMarks(marks: ResourceMarks): void {
    this.#marks = marks;
  }

  /** The resource of an id, or undefined. */
  find(id: string): ListedResource | undefined {
    const position = this.#index.positionOf(id);
    return position === undefined ? undefined : this.#index.at(position);
  }

  /** A page of what a query finds; a filter that cannot be read finds nothing and says where it is wrong. */
  query({ filter, sort, offset, limit, only }: ResourceQuery): ResourceQueryResult {
    const parsed = parseFilter(filter);
    if (!parsed.ok) return { rows: [], total: 0, tags: [], filterProblem: { ...parsed.problem } };
    const matched = this.#index.match(parsed.filter);
    const set = only === 'all' ? matched : matched.and(this.#positionsOf(only === 'favourites' ? this.#marks.favourites : this.#marks.lastUsedAt.keys()));
    const total = set.count();
    return { rows: this.#page(set, only === 'recent' ? 'recent' : sort, offset, limit), total, tags: this.#index.tagCounts(set, MAX_TAG_COUNTS), filterProblem: null };
  }

  #page(set: PositionSet, sort: ResourceQuery['sort'], offset: number, limit: number): ListedResource[] {
    if (sort === 'name') return this.#index.page(set, offset, limit);
    if (sort === 'address') return this.#inAddressOrder(set, offset, limit);
    const first = sort === 'favourite' ? this.#favouritesFirst(set) : this.#recentFirst(set);
    const rows = first.slice(offset, offset + limit);
    if (rows.length < limit) {
      const rest = new PositionSet(set.size);
      for (const position of first) rest.add(position);
      rows.push(...set.and(rest.complement()).slice(Math.max(offset - first.length, 0), limit - rows.length));
    }
    return rows.map((position) => this.#index.at(position));
  }

  #favouritesFirst(set: PositionSet): number[] {
    return [...set.and(this.#positionsOf(this.#marks.favourites))];
  }

  #recentFirst(set: PositionSet): number[] {
    return [...this.#marks.lastUsedAt]
      .toSorted(([, a], [, b]) => b - a)
      .flatMap(([id]) => this.#index.positionOf(id) ?? [])
      .filter((position) => set.has(position));
  }

  #inAddressOrder(set: PositionSet, offset: number, limit: number): ListedResource[] {
    this.#byAddress ??= this.#sortByAddress();
    const rows: ListedResource[] = [];
    let skip = offset;
    for (const position of this.#byAddress) {
      if (!set.has(position)) continue;
      if (skip > 0) {
        skip -= 1;
        continue;
      }
      rows.push(this.#index.at(position));
      if (rows.length === limit) break;
    }
    return rows;
  }

  #sortByAddress(): Uint32Array {
    const keys = Array.from({ length: this.#index.size }, (_unused, position) => addressKey(this.#index.at(position).address));
    return Uint32Array.from(keys.keys()).toSorted((a, b) => ((keys[a] ?? '') < (keys[b] ?? '') ? -1 : (keys[a] ?? '') > (keys[b] ?? '') ? 1 : a - b));
  }

  #positionsOf(ids: Iterable<string>): PositionSet {
    const set = new PositionSet(this.#index.size);
    for (const id of ids) {
      const position = this.#index.positionOf(id);
      if (position !== undefined) set.add(position);
    }
    return set;
  }
}

/** Addresses in the order of their numbers: 10.0.0.9 before 10.0.0.10. */
function addressKey(address: string): string {
  return address.toLowerCase().replaceAll(/\d+/g, (digits) => digits.padStart(10, '0'));
}

/** The segment tags of a resource. */
export function segmentsOf(resource: Pick<ListedResource, 'tags'>): string[] {
  return resource.tags.filter((tag) => isSegmentTag(tag));
}
