import type { ServiceEvent } from '../../shared/api/events.ts';
import { serviceKeysRoutes } from '../../shared/api/service-keys.ts';
import { knownErrorCode } from '../../shared/errors/catalogue.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { ChangesState } from '../../shared/ipc/stores.ts';
import type { GatewayList } from '../gateways/gateway-list.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Log } from '../logging/log.ts';
import type { LogWork } from '../logs/log-work.ts';
import type { Profiles } from '../profiles/profiles.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import { followEvents } from '../service-client/event-stream.ts';
import { StreamRenewal } from '../service-client/stream-renewal.ts';
import type { SignedIn } from './account.ts';

export interface SignedInWorkParts {
  readonly inventory: Pick<Inventory, 'begin' | 'end' | 'revisionIs' | 'setSegments' | 'setOnline'>;
  readonly gateways: Pick<GatewayList, 'begin' | 'end' | 'refresh' | 'take'>;
  readonly profiles: Pick<Profiles, 'takePins'>;
  readonly changes: OwnedStore<'changes'>;
  readonly logWork: Pick<LogWork, 'end'>;
  /** The service has ended the sign-in. */
  readonly onLost: (error: MavisError) => void;
  readonly log: Log;
  readonly random: () => number;
}

/** What runs for as long as a sign-in holds: the inventory, and the service's events. One at a time; the next begins when the one before was stopped. */
export class SignedInWork {
  readonly #parts: SignedInWorkParts;
  readonly #renewal = new StreamRenewal();
  #stop: AbortController | undefined;
  /** One after the other: an older answer must not come last. */
  #pins: Promise<void> = Promise.resolve();

  constructor(parts: SignedInWorkParts) {
    this.#parts = parts;
  }

  /** The sign-in that holds now; undefined when it has ended. */
  change(signedIn: SignedIn | undefined): void {
    this.stop();
    if (!signedIn) return;
    const { inventory, gateways, onLost, log, random } = this.#parts;
    const stop = new AbortController();
    this.#stop = stop;
    const { client, profile } = signedIn;
    inventory.begin(client, profile.id).catch((error: unknown) => log.error('inventory not begun', {}, error));
    gateways.begin(client);
    followEvents({
      client, log, random,
      signal: stop.signal,
      renewal: this.#renewal,
      onOnline: (online) => {
        if (!stop.signal.aborted) inventory.setOnline(online);
      },
      onEvent: (event) => {
        if (stop.signal.aborted) return;
        this.#take(event);
        // Told once a stream, since what was announced while it was down was told to nobody.
        if (event.kind === 'hello' || (event.kind === 'changed' && event.what === 'service-keys')) this.#pins = this.#pins.then(() => this.#followPins(signedIn));
      },
      onSignedOut: (error) => {
        if (!stop.signal.aborted) onLost(error);
      },
    }).catch((error: unknown) => log.error('events not followed', {}, error));
  }

  /** The machine slept, or is in another network: what the service told meanwhile is caught up at once. */
  renewEvents(): void {
    this.#renewal.renew();
  }

  stop(): void {
    if (!this.#stop) return;
    this.#stop.abort();
    this.#stop = undefined;
    this.#parts.inventory.end();
    this.#parts.gateways.end();
    this.#parts.logWork.end();
  }

  /** Learns by which keys the service may show itself from now on (rule 15), over a connection that has proved itself by one that is known. Never rejects. */
  async #followPins({ client, profile }: SignedIn): Promise<void> {
    const { profiles, log } = this.#parts;
    if (profile.pin === null) return;
    try {
      const { pins } = await client.call(serviceKeysRoutes.servicePins, { params: {}, query: {}, body: {} });
      const taken = await profiles.takePins(profile.id, pins);
      if (taken !== undefined) client.usePin(taken);
    } catch (error) {
      log.warn('the pins of the service were not learnt', { code: asMavisError(error).code }, error);
    }
  }

  #count(what: keyof ChangesState): void {
    this.#parts.changes.update((draft) => {
      draft[what] += 1;
    });
  }

  #take(event: ServiceEvent): void {
    const { inventory, gateways, changes, onLost } = this.#parts;
    switch (event.kind) {
      case 'hello':
        // What happened while the stream was down was told to nobody.
        for (const what of Object.keys(changes.state) as (keyof ChangesState)[]) this.#count(what);
        inventory.revisionIs(event.inventoryRevision);
        // What happened to gateways while the stream was down is in the list.
        void gateways.refresh();
        break;
      case 'inventory':
        inventory.revisionIs(event.revision);
        break;
      case 'segments':
        inventory.setSegments(event);
        break;
      case 'gateways':
        gateways.take(event);
        break;
      case 'signed-out':
        onLost(new MavisError(knownErrorCode(event.code)));
        break;
      case 'connection':
        // A session of ours hears of its end from its gateway; the page lists other connections by asking.
        this.#count('connections');
        break;
      case 'changed':
        this.#count(event.what);
        break;
      default:
        event satisfies never;
    }
  }
}
