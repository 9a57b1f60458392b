import { createHash } from 'node:crypto';
import { and, eq, isNull } from 'drizzle-orm';
import type { GatewayId } from '../../shared/ids.ts';
import { FIRST_PREVIOUS_HASH, journalHashText } from '../../shared/link/journal-hash.ts';
import type { GatewayStatusReport, JournalEvent } from '../../shared/link/messages.ts';
import { storableText } from '../../shared/storable-text.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { serviceActor } from '../audit/audit-log.ts';
import type { ErrorLog } from '../audit/error-log.ts';
import type { Clock } from '../clock.ts';
import type { GatewayRow } from '../gateways/gateway-record.ts';
import type { GatewayLink } from '../link/gateway-link.ts';
import type { Log } from '../logging/log.ts';
import { isDataException } from '../store/data-exception.ts';
import type { Database, Transaction } from '../store/database.ts';
import { gateways, journalEvents } from '../store/schema.ts';
import type { JournalApplication, NoteBudget } from './journal-application.ts';

/** Events of one page: a transaction of some hundred milliseconds at most. */
const PAGE_EVENTS = 200;
/** Notes of odd events that one page may write into the audit log; the events themselves are all kept. */
const MAX_NOTES = 50;
/** What a gateway writes of refused peers in a minute, with all that it counts (`MAX_REFUSED_PEERS`), fits. */
const MAX_NOTES_OF_PEERS = 100;
/** ISO 8601 has a year 0, which databases have not. */
const NO_YEAR = '0000-';
/** Pages of one drain: a gateway cannot hold the reader for ever; the next drain goes on. */
const MAX_PAGES = 500;

/** Where a journal is not whole: numbers, both included, and why. */
interface TrailGap {
  readonly from: number;
  readonly to: number;
  readonly because: 'missing' | 'hash' | 'restarted';
}

export interface JournalIntakeParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly errors: Pick<ErrorLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly application: Pick<JournalApplication, 'apply' | 'unstorable'>;
}

/** What a drain found. */
export interface Drained {
  readonly events: number;
  /** Everything that stood in the journal before this moment has been taken; null where more waits. */
  readonly completeAt: Date | null;
  readonly recordingsClosed: boolean;
}

/**
 * Takes gateways' journals: each event once, by gateway and number, in one transaction with what follows from it and with
 * the cursor; released at the gateway only after the commit (rule 17). The chain is checked; where it has a gap, the audit
 * log says so and the reading goes on (S69). An event that the database does not take as it came is kept without what it refuses, and
 * noted: it stands in the way of none behind it.
 */
export class JournalIntake {
  readonly #parts: JournalIntakeParts;

  constructor(parts: JournalIntakeParts) {
    this.#parts = parts;
  }

  /** Reads what is new. Rejects with the link's error, or where the store fails. */
  async drain(gatewayId: GatewayId, link: Pick<GatewayLink, 'journalRead' | 'journalRelease'>, epoch: number, signal: AbortSignal): Promise<Drained> {
    let events = 0;
    let recordingsClosed = false;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const cursor = await this.#cursor(gatewayId, epoch);
      if (cursor === undefined) return { events, completeAt: null, recordingsClosed };
      const askedAt = this.#parts.clock.now();
      const read = await link.journalRead({ epoch, after: cursor, limit: PAGE_EVENTS }, { signal });
      if (read.length === 0) return { events, completeAt: askedAt, recordingsClosed };
      const upTo = await this.#take(gatewayId, epoch, read);
      if (upTo === undefined) return { events, completeAt: null, recordingsClosed };
      events += read.length;
      recordingsClosed ||= read.some(({ kind }) => kind === 'recording-closed');
      await link.journalRelease({ epoch, upTo }, { signal });
    }
    return { events, completeAt: null, recordingsClosed };
  }

  /**
   * A journal whose head is before what was taken, or at its number with another hash, has begun anew: its disk was lost or put
   * back (S69). The reading begins anew too. `taken` is what stood here before the gateway was asked for its head: what was
   * taken since may well be ahead of the head that it told.
   */
  async restarted(gatewayId: GatewayId, epoch: number, taken: Pick<GatewayRow, 'journalCursor' | 'journalHash'>, head: GatewayStatusReport['journalHead']): Promise<boolean> {
    const other = head.sequence === taken.journalCursor && taken.journalHash !== null && head.hash !== taken.journalHash;
    if (head.sequence >= taken.journalCursor && !other) return false;
    return this.#parts.database.transaction(async (transaction) => {
      const row = await this.#lock(transaction, gatewayId, epoch);
      if (row === undefined) return false;
      await this.#incomplete(transaction, row, { from: row.journalCursor + 1, to: row.journalCursor + 1, because: 'restarted' });
      // What was taken of the one before stays: it is evidence, and numbers of its own keep the two apart.
      await transaction.update(gateways).set({ journal: row.journal + 1, journalCursor: 0, journalHash: null }).where(eq(gateways.id, gatewayId));
      return true;
    });
  }

  async #cursor(gatewayId: GatewayId, epoch: number): Promise<number | undefined> {
    const [row] = await this.#parts.database.select({ cursor: gateways.journalCursor }).from(gateways).where(and(eq(gateways.id, gatewayId), eq(gateways.leaseEpoch, epoch), isNull(gateways.removedAt)));
    return row?.cursor;
  }

  /** Takes a page; gives the number up to which it may be released, or undefined where the lease went elsewhere. */
  async #take(gatewayId: GatewayId, epoch: number, events: readonly JournalEvent[]): Promise<number | undefined> {
    try {
      return await this.#takePage(gatewayId, epoch, events, 'together');
    } catch (error) {
      if (!isDataException(error)) throw error;
      return await this.#takePage(gatewayId, epoch, events, 'each-apart');
    }
  }

  #takePage(gatewayId: GatewayId, epoch: number, events: readonly JournalEvent[], how: 'together' | 'each-apart'): Promise<number | undefined> {
    const { database, log } = this.#parts;
    return database.transaction(async (transaction) => {
      const row = await this.#lock(transaction, gatewayId, epoch);
      if (row === undefined) return undefined;
      let { journalCursor: cursor, journalHash: hash } = row;
      const notes = { left: MAX_NOTES, ofPeers: MAX_NOTES_OF_PEERS };
      for (const event of events) {
        // What was taken before, or comes twice in a page, counts once.
        if (event.sequence <= cursor) continue;
        const gap = gapBefore(event, cursor, hash);
        if (gap !== undefined) await this.#incomplete(transaction, row, gap);
        await (how === 'together' ? this.#keep(transaction, row, event, notes) : this.#keepApart(transaction, row, event, notes));
        cursor = event.sequence;
        hash = event.hash;
      }
      if (notes.left < 0) log.warn('odd events of a gateway were more than a page may note', { gatewayId, count: MAX_NOTES - notes.left });
      await transaction.update(gateways).set({ journalCursor: cursor, journalHash: hash }).where(eq(gateways.id, gatewayId));
      return cursor;
    });
  }

  /** Keeps an event as far as it can be kept, with what follows from it. */
  async #keep(transaction: Transaction, row: GatewayRow, event: JournalEvent, notes: NoteBudget): Promise<void> {
    const { application, log } = this.#parts;
    const storable = this.#storable(event);
    if (!(await this.#insert(transaction, row, storable ?? event))) return;
    if (storable !== undefined) {
      log.warn('an event of a gateway held what cannot be stored', { gatewayId: row.id, sequence: event.sequence });
      await application.unstorable(transaction, row, event, notes);
    }
    await application.apply(transaction, row, storable ?? event, notes);
  }

  /** Keeps an event by itself; one that the database refuses is kept without its facts, and nothing follows from it but a note. */
  async #keepApart(transaction: Transaction, row: GatewayRow, event: JournalEvent, notes: NoteBudget): Promise<void> {
    const { application, log } = this.#parts;
    try {
      await transaction.transaction((apart) => this.#keep(apart, row, event, notes));
    } catch (error) {
      if (!isDataException(error)) throw error;
      log.error('an event of a gateway could not be stored as it came', { gatewayId: row.id, sequence: event.sequence, error });
      if (await this.#insert(transaction, row, { ...(this.#storable(event) ?? event), facts: {} })) await application.unstorable(transaction, row, event, notes);
    }
  }

  /** The event as a database can keep it: with facts that it takes, and where no database has its time with the time at which it came. Undefined where it can be kept as it came. */
  #storable(event: JournalEvent): JournalEvent | undefined {
    const facts = withStorableFacts(event);
    return event.at.startsWith(NO_YEAR) ? { ...(facts ?? event), at: this.#parts.clock.now().toISOString() } : facts;
  }

  /** Whether the event is new. */
  async #insert(transaction: Transaction, row: GatewayRow, event: JournalEvent): Promise<boolean> {
    const { sequence, at, kind, connectionId, reference, facts, hash } = event;
    const inserted = await transaction
      .insert(journalEvents)
      .values({ gatewayId: row.id, journal: row.journal, sequence, at: new Date(at), kind, connectionId, reference, facts, hash, receivedAt: this.#parts.clock.now() })
      .onConflictDoNothing()
      .returning({ sequence: journalEvents.sequence });
    return inserted.length > 0;
  }

  async #lock(transaction: Transaction, gatewayId: GatewayId, epoch: number): Promise<GatewayRow | undefined> {
    const [row] = await transaction.select().from(gateways).where(and(eq(gateways.id, gatewayId), eq(gateways.leaseEpoch, epoch), isNull(gateways.removedAt))).for('no key update');
    return row;
  }

  async #incomplete(transaction: Transaction, row: GatewayRow, { from, to, because }: TrailGap): Promise<void> {
    const { audit, errors, log } = this.#parts;
    const facts = { gatewayId: row.id, gateway: row.name, from, to, because };
    await audit.append(transaction, { kind: 'audit.trail-incomplete', actor: serviceActor, facts });
    await errors.append(transaction, { code: 'audit.trail-incomplete', gatewayName: row.name, facts });
    log.error('the journal of a gateway is not whole', { gatewayId: row.id, gatewayName: row.name, code: 'audit.trail-incomplete', sequence: from });
  }
}

/** The event with facts that a database can keep; undefined where it can keep them as they came. */
function withStorableFacts(event: JournalEvent): JournalEvent | undefined {
  const entries = Object.entries(event.facts);
  const facts = entries.map(([name, value]) => [storableText(name), typeof value === 'string' ? storableText(value) : value] as const);
  return facts.every(([name, value], place) => name === entries[place]?.[0] && value === entries[place]?.[1]) ? undefined : { ...event, facts: Object.fromEntries(facts) };
}

/** The hash that an event must have after the one before it. */
function expectedHash(previous: string, { hash: _hash, ...event }: JournalEvent): string {
  return createHash('sha256').update(journalHashText(previous, event)).digest('base64url');
}

function gapBefore(event: JournalEvent, cursor: number, hash: string | null): TrailGap | undefined {
  // The event after a gap cannot be checked against one that is not there; the chain goes on from it.
  if (event.sequence > cursor + 1) return { from: cursor + 1, to: event.sequence - 1, because: 'missing' };
  return expectedHash(hash ?? FIRST_PREVIOUS_HASH, event) === event.hash ? undefined : { from: event.sequence, to: event.sequence, because: 'hash' };
}
