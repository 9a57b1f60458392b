import { isDeepStrictEqual } from 'node:util';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayId } from '../../shared/ids.ts';
import type { Clock } from '../clock.ts';
import type { Drained, JournalIntake } from '../connections/journal-intake.ts';
import type { GatewayStatusReport } from '../../shared/link/messages.ts';
import type { GatewayLink } from '../link/gateway-link.ts';
import type { Log } from '../logging/log.ts';
import type { GatewayLease } from './gateway-lease.ts';
import type { GatewayRow } from './gateway-record.ts';
import type { Gateways } from './gateways.ts';
import { SYNC_INTERVAL_MS, type Delay, type StatusSync } from './status-sync.ts';

/** Journals of gateways with open connections are read so often: what a session did stands in the audit log about then. */
const BUSY_JOURNAL_MS = 500;
/** First syncs follow each other by this at most, so that a start knows its gateways at once; many are spread over one interval. */
const FIRST_STEP_MS = 100;

export interface GatewayWatchParts {
  readonly clock: Clock;
  readonly delay: Delay;
  readonly log: Log;
  readonly gateways: Pick<Gateways, 'list' | 'read'>;
  readonly lease: Pick<GatewayLease, 'take' | 'release'>;
  readonly sync: Pick<StatusSync, 'sync'>;
  readonly journal: Pick<JournalIntake, 'drain' | 'restarted'>;
  readonly linkTo: (row: GatewayRow) => GatewayLink;
  readonly forget: (gatewayId: GatewayId) => void;
  /** Pending terminations go before anything else when a gateway answers again (rule 11). */
  readonly flushTerminations: (gatewayId: GatewayId) => Promise<boolean>;
  readonly busyGateways: () => Promise<readonly GatewayId[]>;
  /** A journal was read to its end. */
  readonly drained: (gatewayId: GatewayId, drained: Drained) => Promise<void>;
  /** A gateway answers and this instance holds its lease: its recordings may be pulled. */
  readonly pullRecordings: (row: GatewayRow, link: GatewayLink, epoch: number, signal: AbortSignal) => Promise<void>;
  /** Once in a round of the busy journals: what is overdue is closed. */
  readonly closeOverdue: () => Promise<number>;
}

/** One gateway under watch. */
interface Watched {
  readonly stop: AbortController;
  /** Ends the present wait between two syncs. */
  wake: AbortController;
  running: Promise<void>;
  epoch: number | null;
  answers: boolean;
  journal: Promise<boolean> | undefined;
  pulling: Promise<void> | undefined;
}

/**
 * Watches every gateway of which this instance holds the lease: status every 15 s, spread over the interval (S10), journal,
 * recordings. Owns all that it starts; `stop` ends it and gives the leases back.
 */
export class GatewayWatch {
  readonly #parts: GatewayWatchParts;
  readonly #watched = new Map<GatewayId, Watched>();
  readonly #stopped = new AbortController();
  #rounds: Promise<void> | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(parts: GatewayWatchParts) {
    this.#parts = parts;
  }

  /** Begins to watch. */
  async start(): Promise<void> {
    await this.#refresh();
    this.#rounds = this.#runRounds();
  }

  /** A gateway was added, changed or removed, here or by another instance: looks at it now. Null: any may have. */
  changed(gatewayId: GatewayId | null): void {
    if (this.#stopped.signal.aborted) return;
    this.#refreshing = this.#refreshing.then(() => this.#refresh()).then(
      () => this.#wake(gatewayId),
      (error: unknown) => this.#parts.log.error('gateways could not be listed', { error }),
    );
  }

  /** Asks a gateway for its status now. */
  #wake(gatewayId: GatewayId | null): void {
    for (const [id, watched] of this.#watched) if (gatewayId === null || gatewayId === id) watched.wake.abort();
  }

  /** Reads what a gateway's journal has now; false where it could not be read, or where another instance reads it. */
  async readJournalNow(gatewayId: GatewayId): Promise<boolean> {
    const watched = this.#watched.get(gatewayId);
    if (watched === undefined || watched.epoch === null) return false;
    // A reading that runs may have begun before what is asked for was written: another follows it.
    await watched.journal;
    return this.#readJournal(gatewayId, watched);
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the service stops'));
    for (const watched of this.#watched.values()) watched.stop.abort(new Error('the service stops'));
    await this.#refreshing;
    await this.#rounds;
    await Promise.all([...this.#watched.values()].map(({ running }) => running));
    this.#watched.clear();
    await this.#parts.lease.release();
  }

  async #refresh(): Promise<void> {
    const rows = await this.#parts.gateways.list();
    if (this.#stopped.signal.aborted) return;
    const present = new Set(rows.map(({ id }) => id));
    for (const [id, watched] of this.#watched) {
      if (present.has(id)) continue;
      watched.stop.abort(new Error('the gateway was removed'));
      this.#watched.delete(id);
      this.#parts.forget(id);
    }
    const added = rows.filter(({ id }) => !this.#watched.has(id));
    const stepMs = Math.min(FIRST_STEP_MS, SYNC_INTERVAL_MS / Math.max(1, added.length));
    for (const [place, { id }] of added.entries()) {
      const watched: Watched = { stop: new AbortController(), wake: new AbortController(), running: Promise.resolve(), epoch: null, answers: false, journal: undefined, pulling: undefined };
      this.#watched.set(id, watched);
      watched.running = this.#watch(id, watched, place * stepMs);
    }
  }

  async #watch(gatewayId: GatewayId, watched: Watched, firstMs: number): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = watched.stop;
    await this.#pause(watched, firstMs);
    while (!signal.aborted) {
      const begun = clock.monotonicMs();
      watched.wake = new AbortController();
      try {
        await this.#attend(gatewayId, watched);
      } catch (error) {
        if (!signal.aborted) this.#parts.log.error('a gateway could not be attended to', { gatewayId, error });
      }
      await this.#pause(watched, Math.max(0, SYNC_INTERVAL_MS - (clock.monotonicMs() - begun)));
    }
    await watched.journal;
    await watched.pulling;
  }

  async #attend(gatewayId: GatewayId, watched: Watched): Promise<void> {
    const { gateways, lease, sync, journal, linkTo, flushTerminations } = this.#parts;
    const { signal } = watched.stop;
    const epoch = await lease.take(gatewayId);
    watched.epoch = epoch;
    watched.answers = false;
    if (epoch === null) return;
    const row = await gateways.read(gatewayId);
    if (row.tlsKey === null) return;
    const link = linkTo(row);
    let report = await sync.sync(row, link, epoch, signal);
    if (report !== undefined && (await this.#sendPortMap(row, link, epoch, report))) report = await sync.sync(row, link, epoch, signal);
    if (report === undefined) return;
    watched.answers = true;
    await flushTerminations(gatewayId);
    await journal.restarted(gatewayId, epoch, row, report.journalHead);
    await this.#readJournal(gatewayId, watched);
    this.#pull(row, link, epoch, watched);
  }

  /** Sends the port map where the gateway goes by another one (S75); true where it was taken. What a gateway does not take now is sent with the next sync. */
  async #sendPortMap(row: GatewayRow, link: GatewayLink, epoch: number, { portMap }: GatewayStatusReport): Promise<boolean> {
    const { portPreference, over443 } = row;
    if (portMap === undefined || isDeepStrictEqual(portMap, { portPreference, over443 })) return false;
    try {
      await link.setPortMap({ epoch, portPreference, over443 });
      return true;
    } catch (error) {
      this.#parts.log.warn('a gateway did not take its port map', { gatewayId: row.id, gatewayName: row.name, code: asMavisError(error).code, error });
      return false;
    }
  }

  #pull(row: GatewayRow, link: GatewayLink, epoch: number, watched: Watched): void {
    const { pullRecordings, log } = this.#parts;
    watched.pulling ??= pullRecordings(row, link, epoch, watched.stop.signal)
      .catch((error: unknown) => {
        if (!watched.stop.signal.aborted) log.warn('recordings could not be pulled now', { gatewayId: row.id, code: asMavisError(error).code, error });
      })
      .finally(() => (watched.pulling = undefined));
  }

  /** Reads a journal to its end, one reading at a time; false where it could not be read. Never rejects. */
  #readJournal(gatewayId: GatewayId, watched: Watched): Promise<boolean> {
    watched.journal ??= this.#drain(gatewayId, watched)
      .catch((error: unknown) => {
        if (!watched.stop.signal.aborted) this.#parts.log.warn('a journal could not be read now', { gatewayId, code: asMavisError(error).code, error });
        return false;
      })
      .finally(() => (watched.journal = undefined));
    return watched.journal;
  }

  async #drain(gatewayId: GatewayId, watched: Watched): Promise<boolean> {
    const { gateways, journal, linkTo, drained } = this.#parts;
    const { epoch } = watched;
    if (epoch === null) return false;
    const row = await gateways.read(gatewayId);
    if (row.tlsKey === null) return false;
    const link = linkTo(row);
    const result = await journal.drain(gatewayId, link, epoch, watched.stop.signal);
    await drained(gatewayId, result);
    if (result.recordingsClosed) this.#pull(row, link, epoch, watched);
    return result.completeAt !== null;
  }

  async #runRounds(): Promise<void> {
    const { signal } = this.#stopped;
    const { delay, busyGateways, closeOverdue, log } = this.#parts;
    while (!signal.aborted) {
      try {
        await delay(BUSY_JOURNAL_MS, signal);
        const busy = (await busyGateways()).flatMap((id) => {
          const watched = this.#watched.get(id);
          return watched?.answers === true ? [this.#readJournal(id, watched)] : [];
        });
        await Promise.all(busy);
        await closeOverdue();
      } catch (error) {
        if (!signal.aborted) log.error('open connections could not be followed', { error });
      }
    }
  }

  /** Waits for the time, for a wake, or for the end. Never rejects. */
  async #pause(watched: Watched, milliseconds: number): Promise<void> {
    const signal = AbortSignal.any([watched.stop.signal, watched.wake.signal]);
    if (signal.aborted) return;
    try {
      await this.#parts.delay(milliseconds, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
