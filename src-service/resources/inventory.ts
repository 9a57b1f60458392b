import { and, asc, eq, gt, isNull, or, sql } from 'drizzle-orm';
import { isSegmentTag, type ResourceSummary } from '../../shared/api/resources.ts';
import type { ResourceId } from '../../shared/ids.ts';
import type { Filter } from '../../shared/resources/filter.ts';
import type { PositionSet } from '../../shared/resources/position-set.ts';
import { SearchIndex } from '../../shared/resources/search-index.ts';
import type { Notice } from '../notices/notice.ts';
import type { Database, Store } from '../store/database.ts';
import { inventoryRevision, resources } from '../store/schema.ts';

/** Rows a query while loading: few enough that no single answer holds the event loop for long. */
const LOAD_ROWS = 2_000;

/** A page of the inventory as one user sees it. */
export interface InventoryPage {
  readonly items: ResourceSummary[];
  readonly total: number;
  readonly nextCursor?: readonly string[];
}

/**
 * All resources in memory, as a search index, beside their revision in the database. Requests read only this; a change in
 * the database is taken over before the request that made it is answered, and soon after by the other instances.
 */
export class Inventory {
  readonly #database: Database;
  readonly #listen: Store['listen'];
  readonly #changed: Pick<Notice<void>, 'publish'>;
  #index = SearchIndex.of<ResourceSummary>([]);
  #revision = 0;
  /** One refresh at a time; each sees everything that committed before it began. */
  #refreshing: Promise<void> = Promise.resolve();
  #stopListening: (() => Promise<void>) | undefined;

  constructor({ database, listen, changed }: { database: Database; listen: Store['listen']; changed: Pick<Notice<void>, 'publish'> }) {
    this.#database = database;
    this.#listen = listen;
    this.#changed = changed;
  }

  /** The index as it is now; immutable, replaced at each change. */
  get index(): SearchIndex<ResourceSummary> {
    return this.#index;
  }

  /** Grows with every change of the inventory. */
  get revision(): string {
    return String(this.#revision);
  }

  /** Loads everything and keeps it current; `failed` is told where a refresh after a notice failed. */
  async start(failed: (error: unknown) => void): Promise<void> {
    this.#stopListening = await this.#listen('inventory', () => void this.refresh().catch(failed));
    await this.#load();
  }

  async stop(): Promise<void> {
    await this.#stopListening?.();
    await this.#refreshing;
  }

  /** Takes over what changed in the database since the last time. */
  refresh(): Promise<void> {
    const next = this.#refreshing.catch(() => undefined).then(() => this.#takeOver());
    this.#refreshing = next;
    return next;
  }

  /** At most `limit` of the resources in `visible` that match, in the order of names, after the position that the page before gave. */
  page(visible: PositionSet, filter: Filter, after: readonly string[] | undefined, limit: number): InventoryPage {
    const matching = filter.kind === 'all' ? visible : visible.and(this.#index.match(filter));
    const total = matching.count();
    const offset = after === undefined ? 0 : this.#offsetAfter(matching, after);
    const items = this.#index.page(matching, offset, limit);
    const last = items.at(-1);
    return { items, total, ...(last !== undefined && offset + items.length < total ? { nextCursor: [this.revision, String(offset + items.length), last.name, last.id] } : {}) };
  }

  /** Tags of the resources in `visible` that match, most frequent first. */
  tags(visible: PositionSet, filter: Filter, limit: number): { tags: { tag: string; count: number }[]; total: number } {
    const matching = filter.kind === 'all' ? visible : visible.and(this.#index.match(filter));
    return { tags: this.#index.tagCounts(matching, limit), total: matching.count() };
  }

  /** The segments that resources in `visible` name, and whether some name none (rule 26). */
  segments(visible: PositionSet): { segments: string[]; untagged: boolean } {
    const segments = this.#index.tagCounts(visible, Number.POSITIVE_INFINITY).map(({ tag }) => tag).filter(isSegmentTag);
    const untagged = visible.and(this.#index.match({ kind: 'tagged', tagged: false })).count() > 0;
    return { segments, untagged };
  }

  /** A resource by id, whoever may see it. */
  find(id: ResourceId): { resource: ResourceSummary; position: number } | undefined {
    const position = this.#index.positionOf(id);
    return position === undefined ? undefined : { resource: this.#index.at(position), position };
  }

  /** While the inventory is the same the offset holds; after a change the page goes on behind the name that was last. */
  #offsetAfter(matching: PositionSet, [revision, offset = '0', name = '', id = '']: readonly string[]): number {
    if (revision === this.revision) return Math.max(0, Math.trunc(Number(offset)) || 0);
    const end = this.#firstAfter(name.toLowerCase(), id);
    let before = 0;
    matching.forEach((position) => {
      if (position < end) before += 1;
    });
    return before;
  }

  #firstAfter(sortKey: string, id: string): number {
    let low = 0;
    let high = this.#index.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { name, id: other } = this.#index.at(middle);
      const key = name.toLowerCase();
      if (key < sortKey || (key === sortKey && other <= id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #load(): Promise<void> {
    // The revision first: what changes while loading is taken over again by the refresh after it.
    const revision = await this.#readRevision();
    const builder = SearchIndex.builder<ResourceSummary>();
    let after: { name: string; id: ResourceId } | undefined;
    do {
      const position = after;
      const rows = await this.#database
        .select()
        .from(resources)
        .where(and(isNull(resources.removedAt), position === undefined ? undefined : or(gt(sql`lower(${resources.name})`, sql`lower(${position.name})`), and(eq(sql`lower(${resources.name})`, sql`lower(${position.name})`), gt(resources.id, position.id)))))
        .orderBy(asc(sql`lower(${resources.name})`), asc(resources.id))
        .limit(LOAD_ROWS);
      builder.add(rows.map(toSummary));
      after = rows.length === LOAD_ROWS ? rows.at(-1) : undefined;
    } while (after !== undefined);
    this.#index = builder.finish();
    this.#revision = revision;
    await this.refresh();
  }

  async #takeOver(): Promise<void> {
    const revision = await this.#readRevision();
    if (revision === this.#revision) return;
    const rows = await this.#database.select().from(resources).where(gt(resources.revision, this.#revision));
    const kept = rows.filter((row) => row.removedAt === null).map(toSummary);
    const removed = rows.filter((row) => row.removedAt !== null).map((row) => row.id);
    this.#index = this.#index.withChanges(kept, removed);
    this.#revision = Math.max(revision, ...rows.map((row) => row.revision));
    await this.#changed.publish();
  }

  async #readRevision(): Promise<number> {
    const [row] = await this.#database.select().from(inventoryRevision);
    if (row === undefined) throw new Error('the inventory has no revision');
    return row.revision;
  }
}

function toSummary(row: typeof resources.$inferSelect): ResourceSummary {
  return { id: row.id, name: row.name, address: row.address, protocols: row.protocols.map((one) => one.protocol), operatingSystem: row.operatingSystem, description: row.description, tags: row.tags };
}
