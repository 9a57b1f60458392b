import type { z } from 'zod';
import { gatewaysRoutes, type SegmentsNow, type SegmentState, type TunnelWay } from '../../shared/api/gateways.ts';
import { type ListedResource, resourcesRoutes } from '../../shared/api/resources.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { ResourceId } from '../../shared/ids.ts';
import { type BackOff, backOffMs } from '../../shared/waiting/back-off.ts';
import type { ipcContract, ResourceRow } from '../../shared/ipc/contract.ts';
import { shown } from '../ipc/shown-error.ts';
import type { Log } from '../logging/log.ts';
import type { ServiceClient } from '../service-client/service-client.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import { availabilityOf, bySegment, noTunnel } from './availability.ts';
import type { IndexThread } from './index-thread.ts';
import type { MarkedResources } from './resource-marks.ts';
import { type ResourceQuery, segmentsOf } from './resource-query.ts';

/** The most that the service gives: a hundred pages for 100,000 resources, each some milliseconds to read. */
const PAGE_SIZE = 1000;
/** More resources than that are not loaded; the page says how many there are. Bounds memory (about 1 KB each). */
const MAX_RESOURCES = 500_000;
/** Changes that come one upon the other are loaded together. */
const RELOAD_PAUSE_MS = 500;
/** Before a load that failed is tried again: a service that was slow once answers the next question. */
const RETRY_PAUSES: BackOff = { firstMs: 2000, longestMs: 30_000 };

type QueryAnswer = z.input<typeof ipcContract.resources.query.result>;

export interface InventoryParts {
  readonly store: OwnedStore<'inventory'>;
  readonly index: Pick<IndexThread, 'ask'>;
  readonly marks: MarkedResources;
  readonly log: Log;
  readonly reloadPauseMs?: number;
  readonly retryPauses?: BackOff;
}

interface Source {
  readonly client: Pick<ServiceClient, 'call'>;
  readonly profileId: string;
  readonly stop: AbortController;
}

/** The resources that the signed-in user may see, whole in memory for search without delay, and what is known of the gateways' segments. */
export class Inventory {
  readonly #parts: InventoryParts;
  #source: Source | undefined;
  #loadedRevision: string | undefined;
  #loading: Promise<void> | undefined;
  #wantedRevision: string | undefined;
  #failures = 0;
  #revision = 0;
  #segments: ReadonlyMap<string | null, SegmentState> = new Map();
  #tunnel: TunnelWay = noTunnel;

  constructor(parts: InventoryParts) {
    this.#parts = parts;
  }

  /**
   * Begins with a service: loads everything. Resolves when it is loaded or has failed, which the store then says; what failed is
   * tried again by itself, after pauses, until it is loaded or ended.
   */
  async begin(client: Pick<ServiceClient, 'call'>, profileId: string): Promise<void> {
    this.end();
    this.#source = { client, profileId, stop: new AbortController() };
    await this.#load();
  }

  /** Forgets everything of the service that was signed out from. */
  end(): void {
    this.#source?.stop.abort();
    this.#source = undefined;
    this.#loadedRevision = undefined;
    this.#wantedRevision = undefined;
    this.#loading = undefined;
    this.#failures = 0;
    this.#segments = new Map();
    this.#tunnel = noTunnel;
    this.#revision += 1;
    this.#parts.store.replace({ status: 'empty', error: null, total: 0, loaded: 0, revision: this.#revision, online: false, segments: [] });
    this.#parts.index.ask({ kind: 'clear' }).catch((error: unknown) => this.#parts.log.error('index not cleared', {}, error));
  }

  /** The service says that what the user may see is at this revision: loads again where ours is another. */
  revisionIs(revision: string): void {
    if (!this.#source || revision === this.#loadedRevision) return;
    this.#wantedRevision = revision;
    // While a load runs it may already read the newer state; it looks at the wanted revision when it ends.
    if (!this.#loading) this.#startLoad();
  }

  /** What the service tells of the ways to the resources: rows that read otherwise by it are told of. */
  setSegments({ items: segments, tunnel }: SegmentsNow): void {
    const before = this.#tunnel;
    this.#segments = bySegment(segments);
    this.#tunnel = tunnel;
    this.#parts.store.update((draft) => {
      if (JSON.stringify(draft.segments) !== JSON.stringify(segments)) draft.segments = segments.map((state) => ({ ...state }));
    });
    if (before.applies !== tunnel.applies || before.available !== tunnel.available) this.#changed();
  }

  setOnline(online: boolean): void {
    this.#parts.store.update((draft) => {
      draft.online = online;
    });
  }

  /** Rows, total and tag counts of a query of the resource browser. */
  async query(query: ResourceQuery): Promise<QueryAnswer> {
    const answer = await this.#parts.index.ask({ kind: 'query', query });
    if (answer.kind !== 'result') throw new MavisError('internal');
    const { rows, ...rest } = answer.result;
    return { ...rest, rows: rows.map((row) => this.#row(row)) };
  }

  /** The resource of an id as the user may see it; throws `resource.unknown`. */
  async find(id: ResourceId): Promise<ListedResource> {
    const answer = await this.#parts.index.ask({ kind: 'find', id });
    if (answer.kind !== 'found') throw new MavisError('internal');
    if (!answer.resource) throw new MavisError('resource.unknown');
    return answer.resource;
  }

  async setFavourite(id: ResourceId, favourite: boolean): Promise<void> {
    const { profileId } = this.#require();
    await this.#parts.marks.setFavourite(profileId, id, favourite);
    await this.#tellMarks();
    this.#changed();
  }

  async noteUse(id: ResourceId): Promise<void> {
    const { profileId } = this.#require();
    await this.#parts.marks.noteUse(profileId, id);
    await this.#tellMarks();
    this.#changed();
  }

  #require(): Source {
    if (!this.#source) throw new MavisError('sign-in.required');
    return this.#source;
  }

  #row(resource: ListedResource): ResourceRow {
    const marks = this.#source ? this.#parts.marks.of(this.#source.profileId) : undefined;
    const usedAt = marks?.lastUsedAt.get(resource.id);
    const segments = segmentsOf(resource);
    return {
      ...resource,
      allowedProtocols: resource.allowedProtocols ?? resource.protocols,
      favourite: marks?.favourites.has(resource.id) ?? false,
      lastUsedAt: usedAt === undefined ? null : new Date(usedAt).toISOString(),
      segments,
      availability: availabilityOf(segments, this.#segments, this.#tunnel),
    };
  }

  async #tellMarks(): Promise<void> {
    if (!this.#source) return;
    const marks = this.#parts.marks.of(this.#source.profileId);
    await this.#parts.index.ask({ kind: 'marks', favourites: [...marks.favourites], lastUsedAt: [...marks.lastUsedAt] });
  }

  /** Tells pages that rows may read otherwise now. */
  #changed(): void {
    this.#revision += 1;
    this.#parts.store.update((draft) => {
      draft.revision = this.#revision;
    });
  }

  #startLoad(): void {
    this.#load().catch((error: unknown) => this.#parts.log.error('inventory not loaded', {}, error));
  }

  /** Begins the one load that may run: the service's events may name a revision before the first has come far. */
  #load(): Promise<void> {
    const source = this.#require();
    const loading = this.#loadAll(source).finally(() => {
      if (this.#loading !== loading) return;
      this.#loading = undefined;
      const wanted = this.#wantedRevision;
      if (this.#failures > 0) this.#loadLater(source, backOffMs(this.#parts.retryPauses ?? RETRY_PAUSES, this.#failures));
      else if (wanted !== undefined && wanted !== this.#loadedRevision) this.#loadLater(source, this.#parts.reloadPauseMs ?? RELOAD_PAUSE_MS);
    });
    this.#loading = loading;
    return loading;
  }

  #loadLater(source: Source, pauseMs: number): void {
    const timer = setTimeout(() => {
      if (this.#source === source && !this.#loading) this.#startLoad();
    }, pauseMs);
    timer.unref();
  }

  async #loadAll(source: Source): Promise<void> {
    const { store, log, index } = this.#parts;
    const isCurrent = (): boolean => this.#source === source;
    store.update((draft) => {
      draft.status = 'loading';
      draft.error = null;
      draft.loaded = 0;
    });
    try {
      await this.#tellMarks();
      // What another source loads meanwhile is not this one's to discard, and below not its to declare ready.
      if (!isCurrent()) return;
      await index.ask({ kind: 'discard' });
      const segments = await source.client.call(gatewaysRoutes.segmentList, { params: {}, query: {}, body: {} }, { signal: source.stop.signal });
      if (isCurrent()) this.setSegments(segments);
      const revision = await this.#loadPages(source, isCurrent);
      if (!isCurrent()) return;
      await index.ask({ kind: 'finish' });
      if (!isCurrent()) return;
      this.#loadedRevision = revision;
      this.#failures = 0;
      if (this.#wantedRevision === revision) this.#wantedRevision = undefined;
      this.#revision += 1;
      store.update((draft) => {
        draft.status = 'ready';
        draft.revision = this.#revision;
      });
    } catch (thrown) {
      if (!isCurrent()) return;
      const error = asMavisError(thrown);
      this.#failures += 1;
      log.warn('inventory not loaded', { code: error.code }, thrown);
      store.update((draft) => {
        draft.status = 'failed';
        draft.error = shown(error);
      });
    }
  }

  async #loadPages(source: Source, isCurrent: () => boolean): Promise<string> {
    const { store, index } = this.#parts;
    let cursor: string | undefined;
    let loaded = 0;
    for (;;) {
      const page = await source.client.call(resourcesRoutes.resourceList, { params: {}, query: { cursor, limit: PAGE_SIZE, filter: '' }, body: {} }, { signal: source.stop.signal });
      if (!isCurrent()) return page.revision;
      await index.ask({ kind: 'add', items: page.items });
      loaded += page.items.length;
      store.update((draft) => {
        draft.total = page.total;
        draft.loaded = loaded;
      });
      cursor = page.nextCursor;
      if (cursor === undefined || page.items.length === 0 || loaded >= MAX_RESOURCES) return page.revision;
    }
  }
}
