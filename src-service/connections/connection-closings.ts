import { and, eq, inArray, isNotNull, isNull, lt, notInArray, sql, type SQL } from 'drizzle-orm';
import { isErrorCode, knownErrorCode, type ErrorCode } from '../../shared/errors/catalogue.ts';
import type { ConnectionId, GatewayId } from '../../shared/ids.ts';
import { serviceActor } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../store/database.ts';
import { connections, gateways, journalEvents } from '../store/schema.ts';
import type { ConnectionEnd, ConnectionRow, ConnectionTransitions } from './connection-transitions.ts';

/** An ask that its instance did not finish (it crashed) is closed so long after its deadline. */
const ABANDONED_AFTER_MS = 5_000;
/** A journal that cannot be read for so long after a grant's end is not waited for: the entry says that it was not read. */
const UNREAD_JOURNAL_MS = 10 * 60_000;
/** A session whose gateway never came back is closed so long after its `notAfter`: it cannot have run longer. */
const LOST_SESSION_MS = 3_600_000;
/** Connections closed in one round; the next round takes the rest. */
const MAX_A_ROUND = 200;

export interface ConnectionClosingsParts {
  readonly database: Database;
  readonly clock: Pick<Clock, 'now'>;
  readonly transitions: Pick<ConnectionTransitions, 'finish'>;
}

/** Writes the final entries that no gateway will write (rule 12): not used, failed for good, abandoned, lost. */
export class ConnectionClosings {
  readonly #parts: ConnectionClosingsParts;

  constructor(parts: ConnectionClosingsParts) {
    this.#parts = parts;
  }

  /**
   * Grants of a gateway that ended before `completeAt`, up to which its journal was read, and of which it says nothing: not
   * used, or failed where that is what the client claims.
   */
  async closeUnused(gatewayId: GatewayId, completeAt: Date): Promise<number> {
    return this.#close(
      [eq(connections.state, 'granted'), eq(connections.gatewayId, gatewayId), isNull(connections.code), lt(connections.grantExpiresAt, completeAt), this.#ticketNotUsed()],
      (row) => unusedEnd(row, this.#parts.clock.now(), true),
    );
  }

  /**
   * One connection of which its gateway has just confirmed that it holds neither grant nor session. Where its ticket was used
   * and the journal does not tell the outcome yet, it will: evidence goes before what the client claims.
   */
  async closeDropped(connectionId: ConnectionId): Promise<number> {
    return this.#close([eq(connections.id, connectionId), inArray(connections.state, ['asked', 'granted']), sql`(${connections.code} IS NOT NULL OR ${this.#ticketNotUsed()})`], (row) => failedEnd(row, this.#parts.clock.now()) ?? unusedEnd(row, this.#parts.clock.now(), true));
  }

  /** Whatever is overdue: to be called about every second. Any instance may, also at once: each entry is written once. */
  async closeOverdue(): Promise<number> {
    const { database, clock } = this.#parts;
    const now = clock.now();
    const before = (milliseconds: number): Date => new Date(now.getTime() - milliseconds);
    const unreadable = database.select({ id: gateways.id }).from(gateways).where(and(isNull(gateways.removedAt), inArray(gateways.state, ['available', 'degraded', 'draining'])));
    const closed = [
      await this.#close([eq(connections.state, 'asked'), lt(connections.deadlineAt, before(ABANDONED_AFTER_MS))], () => ({ state: 'failed', code: 'connect.deadline', at: now, actor: serviceActor, facts: { abandoned: true } })),
      await this.#close([eq(connections.state, 'granted'), isNotNull(connections.code), lt(connections.deadlineAt, now)], (row) => failedEnd(row, now)),
      await this.#close([eq(connections.state, 'granted'), lt(connections.grantExpiresAt, before(UNREAD_JOURNAL_MS)), notInArray(connections.gatewayId, unreadable), this.#ticketNotUsed()], (row) => unusedEnd(row, now, false)),
      await this.#close([inArray(connections.state, ['granted', 'connected']), lt(connections.notAfter, before(LOST_SESSION_MS)), notInArray(connections.gatewayId, unreadable)], (row) => ({
        state: row.state === 'connected' ? 'ended' : 'failed', code: 'session.gateway-lost', at: now, actor: serviceActor, facts: { journalRead: false },
      })),
    ];
    return closed.reduce((sum, number) => sum + number, 0);
  }

  #ticketNotUsed(): SQL {
    return sql`NOT EXISTS (SELECT FROM ${journalEvents} WHERE ${journalEvents.connectionId} = ${connections.id} AND ${journalEvents.gatewayId} = ${connections.gatewayId} AND ${journalEvents.kind} = 'ticket-used')`;
  }

  async #close(conditions: SQL[], endOf: (row: ConnectionRow) => ConnectionEnd | undefined): Promise<number> {
    const { database, transitions } = this.#parts;
    const due = await database.select().from(connections).where(and(isNull(connections.finalAt), ...conditions)).limit(MAX_A_ROUND);
    let closed = 0;
    for (const row of due) {
      const end = endOf(row);
      if (end === undefined) continue;
      closed += await database.transaction(async (transaction) => {
        // What was read may have gone on meanwhile (a retry, a connect): only what still is so is closed.
        const [still] = await transaction.select().from(connections).where(and(eq(connections.id, row.id), isNull(connections.finalAt), ...conditions)).for('no key update');
        return still !== undefined && (await transitions.finish(transaction, row.id, end)) ? 1 : 0;
      });
    }
    return closed;
  }
}

/** A failure that the gateway reported and after which no other gateway was asked for. */
function failedEnd(row: ConnectionRow, at: Date): ConnectionEnd | undefined {
  return row.code === null ? undefined : { state: 'failed', code: knownErrorCode(row.code), at, actor: serviceActor };
}

/** Not used; or failed, where the client says that it could not use it: its word is all there is, and the entry says that it is a claim. */
function unusedEnd(row: ConnectionRow, at: Date, journalRead: boolean): ConnectionEnd {
  const facts = journalRead ? {} : { journalRead };
  const claimed: ErrorCode | undefined = row.claimCode !== null && isErrorCode(row.claimCode) ? row.claimCode : undefined;
  if (row.claimOutcome === 'failed' && claimed !== undefined) return { state: 'failed', code: claimed, at, actor: serviceActor, facts: { ...facts, byClaim: true } };
  return { state: 'not-used', code: row.claimOutcome === 'cancelled' ? 'connect.cancelled' : 'connect.not-used', at, actor: serviceActor, facts };
}
