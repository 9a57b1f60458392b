import type { ServiceEvent } from '../../shared/api/events.ts';
import { gatewaysRoutes } from '../../shared/api/gateways.ts';
import type { Role } from '../../shared/api/roles.ts';
import { asMavisError, type MavisError } from '../../shared/errors/mavis-error.ts';
import { type BackOff, backOffMs } from '../../shared/waiting/back-off.ts';
import { shown } from '../ipc/shown-error.ts';
import type { Log } from '../logging/log.ts';
import type { ServiceClient } from '../service-client/service-client.ts';
import type { OwnedStore } from '../stores/owned-store.ts';

/** A service that was slow once answers the next question. */
const RETRY_PAUSES: BackOff = { firstMs: 2000, longestMs: 30_000 };

export interface GatewayListParts {
  readonly store: OwnedStore<'gateways'>;
  /** The role that is signed in now; undefined where nobody is. */
  readonly role: () => Role | undefined;
  readonly log: Log;
  readonly retryPauses?: BackOff;
}

interface Source {
  readonly client: Pick<ServiceClient, 'call'>;
  readonly stop: AbortController;
}

/**
 * The gateways as those see them who may list them (rule 26): the whole list when the event stream begins and whenever a page
 * asks, and each change as it is told. Nobody else's app asks for them. A reading that failed is tried again by itself.
 */
export class GatewayList {
  readonly #parts: GatewayListParts;
  #source: Source | undefined;
  #reading: Promise<void> | undefined;
  /** Rises with each event, so that an answer that was on its way meanwhile is asked again. */
  #told = 0;
  /** Readings that failed one after the other. */
  #failures = 0;

  constructor(parts: GatewayListParts) {
    this.#parts = parts;
  }

  begin(client: Pick<ServiceClient, 'call'>): void {
    this.end();
    this.#source = { client, stop: new AbortController() };
  }

  /** Forgets the gateways of the service that was signed out from. */
  end(): void {
    this.#source?.stop.abort();
    this.#source = undefined;
    this.#reading = undefined;
    this.#failures = 0;
    this.#parts.store.replace({ status: 'empty', error: null, items: {} });
  }

  /** Reads the whole list; a failure is in the store. Does nothing for those who may not list gateways. One reading at a time. */
  refresh(): Promise<void> {
    const source = this.#source;
    const role = this.#parts.role();
    if (!source || role === undefined || !mayList(role)) return Promise.resolve();
    const reading = this.#reading ?? this.#read(source).finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  /** Takes what the service tells of changed gateways. */
  take(event: Extract<ServiceEvent, { kind: 'gateways' }>): void {
    if (!this.#source) return;
    this.#told += 1;
    this.#parts.store.update(({ items }) => {
      for (const gateway of event.changed) items[gateway.id] = gateway;
      for (const id of event.removed) delete items[id];
    });
    if (event.askAgain) void this.refresh();
  }

  async #read(source: Source): Promise<void> {
    const { store } = this.#parts;
    store.update((draft) => {
      if (draft.status !== 'ready') draft.status = 'loading';
    });
    try {
      let told: number;
      let answer;
      do {
        told = this.#told;
        answer = await source.client.call(gatewaysRoutes.gatewayList, { params: {}, query: {}, body: {} }, { signal: source.stop.signal });
      } while (told !== this.#told && this.#source === source);
      if (this.#source !== source) return;
      const { items } = answer;
      this.#failures = 0;
      store.update((draft) => {
        draft.status = 'ready';
        draft.error = null;
        for (const gateway of items) if (JSON.stringify(draft.items[gateway.id]) !== JSON.stringify(gateway)) draft.items[gateway.id] = gateway;
        const present = new Set<string>(items.map(({ id }) => id));
        for (const id of Object.keys(draft.items)) if (!present.has(id)) delete draft.items[id];
      });
    } catch (thrown) {
      if (this.#source === source) this.#fail(source, asMavisError(thrown));
    }
  }

  #fail(source: Source, error: MavisError): void {
    this.#parts.log.warn('gateways not listed', { code: error.code }, error);
    this.#parts.store.update((draft) => {
      draft.status = 'failed';
      draft.error = shown(error);
    });
    this.#failures += 1;
    const failures = this.#failures;
    const timer = setTimeout(() => {
      // Whatever was read since has ended this row of failures, or begun a pause of its own.
      if (this.#source === source && this.#failures === failures) void this.refresh();
    }, backOffMs(this.#parts.retryPauses ?? RETRY_PAUSES, failures));
    timer.unref();
  }
}

function mayList(role: Role): boolean {
  const { access } = gatewaysRoutes.gatewayList;
  return typeof access !== 'string' && access.includes(role);
}
