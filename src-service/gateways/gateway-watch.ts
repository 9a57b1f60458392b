import { isDeepStrictEqual } from 'node:util';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayId } from '../../shared/ids.ts';
import type { Clock } from '../clock.ts';
import type { Drained, JournalIntake } from '../connections/journal-intake.ts';
import type { GatewayStatusReport } from '../../shared/link/messages.ts';
import type { GatewayLink } from '../link/gateway-link.ts';
import { isLinkFault } from '../link/link-errors.ts';
import type { Log } from '../logging/log.ts';
import { HEARTBEAT_MS, type GatewayLease } from './gateway-lease.ts';
import type { GatewayRow } from './gateway-record.ts';
import type { Gateways } from './gateways.ts';
import { SYNC_INTERVAL_MS, type Delay, type StatusSync } from './status-sync.ts';

/** Journals of gateways with open connections are read so often: what a session did stands in the audit log about then. */
const BUSY_JOURNAL_MS = 500;
/** Journals that are read at once; the rest comes with the next round, and those that were read longest ago come first. */
const MAX_JOURNALS_AT_ONCE = 64;
/** Where the database did not answer, a gateway is attended to again after this: its interval is not lost. */
const ATTEND_AGAIN_MS = 1_000;
/** First syncs follow each other by this at most, so that a start knows its gateways at once; many are spread over one interval. */
const FIRST_STEP_MS = 100;
/** The gateways of an instance that died are taken over within this: all at once would be as many handshakes at once. */
const TAKE_OVER_MS = 4_000;
const TAKE_OVER_STEP_MS = 20;
/** Recordings are pulled when a journal tells of one that was closed; that a gateway has none left over is looked at so often. */
const RECORDINGS_AGAIN_MS = 5 * 60_000;

export interface GatewayWatchParts {
  readonly clock: Clock;
  readonly delay: Delay;
  readonly log: Log;
  readonly gateways: Pick<Gateways, 'list' | 'read'>;
  readonly lease: Pick<GatewayLease, 'take' | 'heartbeat' | 'release'>;
  readonly sync: Pick<StatusSync, 'sync'>;
  readonly journal: Pick<JournalIntake, 'drain' | 'restarted'>;
  readonly linkTo: (row: GatewayRow) => GatewayLink;
  readonly forget: (gatewayId: GatewayId) => void;
  /** A gateway answers: it hears where this service is, if it has not. */
  readonly announceAddresses: (row: GatewayRow, link: GatewayLink) => Promise<void>;
  /** It hears too by which keys this service comes, if it has not (rule 15). */
  readonly announceKeys: (row: GatewayRow, link: GatewayLink) => Promise<void>;
  /** What a gateway says of its keys (rule 15). Never rejects. */
  readonly followKeys: (row: GatewayRow, link: GatewayLink, report: GatewayStatusReport) => Promise<void>;
  /** Pending terminations go before anything else when a gateway answers again (rule 11). */
  readonly flushTerminations: (gatewayId: GatewayId) => Promise<boolean>;
  readonly busyGateways: () => Promise<readonly GatewayId[]>;
  /** A journal was read to its end. */
  readonly drained: (gatewayId: GatewayId, drained: Drained) => Promise<void>;
  /** A gateway answers and this instance holds its lease: its recordings may be pulled. Gives whether none that was closed is left there. */
  readonly pullRecordings: (row: GatewayRow, link: GatewayLink, epoch: number, signal: AbortSignal) => Promise<boolean>;
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
  /** Asked for its status at this moment. */
  attending: boolean;
  /** What follows a good sync: pending terminations, journal. */
  following: Promise<void> | undefined;
  journal: Promise<boolean> | undefined;
  journalReadAtMs: number;
  pulling: Promise<void> | undefined;
  pullAgain: boolean;
  /** When the last pull of recordings ended well; undefined where one is due. */
  pulledAtMs: number | undefined;
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
  #heartbeats: Promise<void> | undefined;
  #takingOver: Promise<void> | undefined;
  /** Gateways that changed since they were last listed; one listing answers all that came meanwhile. */
  readonly #changed = new Set<GatewayId | null>();
  #refreshing: Promise<void> | undefined;

  constructor(parts: GatewayWatchParts) {
    this.#parts = parts;
  }

  /** Begins to watch. */
  async start(): Promise<void> {
    // Heard before it takes a lease: others would take it away at once.
    await this.#parts.lease.heartbeat();
    await this.#refresh();
    this.#rounds = this.#runRounds();
    this.#heartbeats = this.#runHeartbeats();
  }

  /** A gateway was added, changed or removed, here or by another instance: looks at it now. Null: any may have; they are listed anew. */
  changed(gatewayId: GatewayId | null): void {
    if (this.#stopped.signal.aborted) return;
    this.#changed.add(gatewayId);
    this.#refreshing ??= this.#refreshChanged().finally(() => (this.#refreshing = undefined));
  }

  /**
   * A gateway's link stands (again). Where no sync asked for it, its state is asked for now, not at the next interval. Gives
   * whether a sync runs, which then sends what is pending for the gateway.
   */
  linkOpened(gatewayId: GatewayId): boolean {
    const watched = this.#watched.get(gatewayId);
    if (watched === undefined || watched.epoch === null) return false;
    if (!watched.attending && !watched.answers) watched.wake.abort();
    return watched.attending;
  }

  /** Whether this instance holds a gateway's lease. */
  holds(gatewayId: GatewayId): boolean {
    return (this.#watched.get(gatewayId)?.epoch ?? null) !== null;
  }

  /** A way to these gateways stands again: those that do not answer are asked now, not at the next interval. */
  askSilent(gatewayIds: readonly GatewayId[]): void {
    for (const gatewayId of gatewayIds) {
      const watched = this.#watched.get(gatewayId);
      if (watched !== undefined && watched.epoch !== null && !watched.attending && !watched.answers) watched.wake.abort();
    }
  }

  /** A gateway's link is gone: nothing is asked of it again before its next good sync has sent what is pending for it. */
  linkLost(gatewayId: GatewayId): void {
    const watched = this.#watched.get(gatewayId);
    if (watched !== undefined) watched.answers = false;
  }

  async #refreshChanged(): Promise<void> {
    while (this.#changed.size > 0 && !this.#stopped.signal.aborted) {
      const changed = [...this.#changed];
      this.#changed.clear();
      try {
        await this.#refresh();
        for (const gatewayId of changed) if (gatewayId !== null) this.#wake(gatewayId);
      } catch (error) {
        this.#parts.log.error('gateways could not be listed', { error });
      }
    }
  }

  /** Asks a gateway for its status now, and for its recordings after it. */
  #wake(gatewayId: GatewayId): void {
    const watched = this.#watched.get(gatewayId);
    if (watched === undefined) return;
    watched.pulledAtMs = undefined;
    watched.wake.abort();
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
    await this.#heartbeats;
    await this.#takingOver;
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
      const watched: Watched = { stop: new AbortController(), wake: new AbortController(), running: Promise.resolve(), epoch: null, answers: false, attending: false, following: undefined, journal: undefined, journalReadAtMs: 0, pulling: undefined, pullAgain: false, pulledAtMs: undefined };
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
      watched.attending = true;
      let intervalMs = SYNC_INTERVAL_MS;
      try {
        await this.#attend(gatewayId, watched);
      } catch (error) {
        intervalMs = ATTEND_AGAIN_MS;
        if (!signal.aborted) this.#parts.log.error('a gateway could not be attended to', { gatewayId, error });
      }
      watched.attending = false;
      await this.#pause(watched, Math.max(0, intervalMs - (clock.monotonicMs() - begun)));
    }
    await watched.following;
    await watched.journal;
    await watched.pulling;
  }

  async #attend(gatewayId: GatewayId, watched: Watched): Promise<void> {
    const { lease, sync, linkTo } = this.#parts;
    const leased = await lease.take(gatewayId);
    const another = leased !== null && leased.epoch !== watched.epoch;
    watched.epoch = leased?.epoch ?? null;
    if (leased === null || leased.row.tlsKey === null) {
      watched.answers = false;
      return;
    }
    const { row, epoch } = leased;
    if (another) watched.pulledAtMs = undefined;
    const link = linkTo(row);
    const { signal } = watched.stop;
    let report = await sync.sync(row, link, epoch, signal);
    if (report !== undefined && (await this.#sendPortMap(row, link, epoch, report))) report = await sync.sync(row, link, epoch, signal);
    if (report === undefined) {
      watched.answers = false;
      return;
    }
    // Not waited for: a long journal must not keep the next sync.
    watched.following ??= this.#follow(row, link, epoch, watched, report)
      .catch((error: unknown) => {
        if (!watched.stop.signal.aborted) this.#parts.log.error('a gateway could not be followed', { gatewayId, error });
      })
      .finally(() => (watched.following = undefined));
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

  /** What a good sync leads to: terminations that are pending go first, then its journal is read where it has anything new. */
  async #follow(row: GatewayRow, link: GatewayLink, epoch: number, watched: Watched, report: GatewayStatusReport): Promise<void> {
    const { flushTerminations, announceAddresses, announceKeys, followKeys, journal, clock } = this.#parts;
    const { journalHead: head } = report;
    await flushTerminations(row.id);
    watched.answers = true;
    await announceAddresses(row, link);
    await announceKeys(row, link);
    await followKeys(row, link, report);
    const begunAnew = await journal.restarted(row.id, epoch, row, head);
    if (begunAnew || head.sequence > row.journalCursor) await this.#readJournal(row.id, watched);
    if (watched.pulledAtMs === undefined || clock.monotonicMs() - watched.pulledAtMs >= RECORDINGS_AGAIN_MS) this.#pull(row, link, epoch, watched);
  }

  /** Pulls recordings, one pull at a time; what is asked for meanwhile is another one after it. */
  #pull(row: GatewayRow, link: GatewayLink, epoch: number, watched: Watched): void {
    const { pullRecordings, log, clock } = this.#parts;
    const { signal } = watched.stop;
    watched.pulledAtMs = undefined;
    watched.pullAgain = watched.pulling !== undefined;
    if (watched.pullAgain) return;
    const begunMs = clock.monotonicMs();
    watched.pulling = pullRecordings(row, link, epoch, signal)
      .then((all) => void (watched.pulledAtMs = all ? begunMs : undefined))
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn('recordings could not be pulled now', { gatewayId: row.id, code: asMavisError(error).code, error });
      })
      .finally(() => {
        watched.pulling = undefined;
        if (watched.pullAgain && !signal.aborted) this.#pull(row, link, epoch, watched);
      });
  }

  /** Reads a journal to its end, one reading at a time; false where it could not be read. Never rejects. */
  #readJournal(gatewayId: GatewayId, watched: Watched): Promise<boolean> {
    watched.journal ??= this.#drain(gatewayId, watched)
      .catch((error: unknown) => {
        const { code } = asMavisError(error);
        // Not asked again before its next good status: one that hangs would hold a place in every round.
        if (isLinkFault(code)) watched.answers = false;
        if (!watched.stop.signal.aborted) this.#parts.log.warn('a journal could not be read now', { gatewayId, code, error });
        return false;
      })
      .finally(() => (watched.journal = undefined));
    return watched.journal;
  }

  async #drain(gatewayId: GatewayId, watched: Watched): Promise<boolean> {
    const { gateways, journal, linkTo, drained } = this.#parts;
    const { epoch } = watched;
    watched.journalReadAtMs = this.#parts.clock.monotonicMs();
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
        this.#readBusy(await busyGateways());
        await closeOverdue();
      } catch (error) {
        if (!signal.aborted) log.error('open connections could not be followed', { error });
      }
    }
  }

  /** Begins to read the journals of busy gateways; none waits for another, so that one that hangs holds up nobody else's. */
  #readBusy(gatewayIds: readonly GatewayId[]): void {
    const running = [...this.#watched.values()].filter(({ journal }) => journal !== undefined).length;
    const due = gatewayIds
      .flatMap((id) => {
        const watched = this.#watched.get(id);
        return watched !== undefined && watched.answers && watched.journal === undefined ? [{ id, watched }] : [];
      })
      .toSorted((a, b) => a.watched.journalReadAtMs - b.watched.journalReadAtMs);
    // Each is owned by what it reads for (`Watched.journal`), which waits for it at its end.
    for (const { id, watched } of due.slice(0, Math.max(0, MAX_JOURNALS_AT_ONCE - running))) void this.#readJournal(id, watched);
  }

  async #runHeartbeats(): Promise<void> {
    const { signal } = this.#stopped;
    const { delay, lease, log } = this.#parts;
    while (!signal.aborted) {
      try {
        await delay(HEARTBEAT_MS, signal);
        const free = await lease.heartbeat();
        if (free.length > 0) this.#takingOver ??= this.#takeOver(free).finally(() => (this.#takingOver = undefined));
      } catch (error) {
        if (!signal.aborted) log.error('this instance could not say that it lives', { error });
      }
    }
  }

  /** Asks the gateways of an instance that is gone for their status, one after the other. Never rejects. */
  async #takeOver(free: readonly GatewayId[]): Promise<void> {
    const stepMs = Math.min(TAKE_OVER_STEP_MS, TAKE_OVER_MS / free.length);
    for (const id of free) {
      const watched = this.#watched.get(id);
      if (watched !== undefined && !watched.attending) watched.wake.abort();
      try {
        await this.#parts.delay(stepMs, this.#stopped.signal);
      } catch {
        return;
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
