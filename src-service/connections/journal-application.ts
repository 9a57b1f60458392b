import { and, eq, isNull } from 'drizzle-orm';
import { catalogue, knownErrorCode, type ErrorCode } from '../../shared/errors/catalogue.ts';
import type { GatewayId } from '../../shared/ids.ts';
import { journalFacts } from '../../shared/link/journal-facts.ts';
import type { JournalEvent } from '../../shared/link/messages.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { Facts } from '../audit/canonical-json.ts';
import type { Clock } from '../clock.ts';
import type { Transaction } from '../store/database.ts';
import { connectionTries, connections, recordings } from '../store/schema.ts';
import { factsOf, type ConnectionRow, type ConnectionTransitions } from './connection-transitions.ts';

/** A gateway as its journal's reader knows it. */
export interface JournalGateway {
  readonly id: GatewayId;
  readonly name: string;
  readonly segment: string | null;
}

export interface JournalApplicationParts {
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly transitions: Pick<ConnectionTransitions, 'connected' | 'recordingBegan' | 'finish' | 'tried'>;
}

/** Turns events of gateways' journals into the states of connections, each in the transaction that takes the event. */
export class JournalApplication {
  readonly #parts: JournalApplicationParts;

  constructor(parts: JournalApplicationParts) {
    this.#parts = parts;
  }

  /** Applies one event that was not seen before. A gateway speaks only of connections that were granted to it (rule 9); anything else is noted and changes nothing. */
  async apply(transaction: Transaction, gateway: JournalGateway, event: JournalEvent): Promise<void> {
    if (event.connectionId === null) return;
    const [row] = await transaction.select().from(connections).where(eq(connections.id, event.connectionId)).for('update');
    if (row === undefined || !(await this.#wasGranted(transaction, row, gateway.id))) {
      await this.#note(transaction, gateway, event, 'gateway.unexpected-event');
      return;
    }
    switch (event.kind) {
      case 'connected': return this.#connected(transaction, gateway, event, row);
      case 'failed': return this.#failed(transaction, gateway, event, row);
      case 'ended': return this.#ended(transaction, gateway, event, row);
      case 'recording-closed': return this.#recordingClosed(transaction, gateway, event);
      case 'ticket-refused':
      case 'identity-seen': return this.#note(transaction, gateway, event, `connection.${event.kind}`);
      case 'granted':
      case 'ticket-used':
      case 'gateway-started':
      case 'gateway-stopped': return undefined;
      default: return event.kind satisfies never;
    }
  }

  async #connected(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, row: ConnectionRow): Promise<void> {
    const { recordingId, targetIdentity, targetEncrypted, targetAddress } = journalFacts.connected.safeParse(event.facts).data ?? {};
    const at = this.#timeOf(event);
    // Evidence that exists is kept, whatever else is known of the connection.
    if (recordingId !== undefined && recordingId !== null) await this.#parts.transitions.recordingBegan(transaction, row, recordingId, gateway, at);
    const facts: Facts = { recordingId: recordingId ?? null, ...(targetIdentity ? { targetIdentity } : {}), ...(typeof targetEncrypted === 'boolean' ? { targetEncrypted } : {}), ...(targetAddress ? { targetAddress } : {}) };
    if (await this.#parts.transitions.connected(transaction, row, gateway, at, actorOf(gateway), facts)) return;
    // A further channel of the same session is no contradiction; a session after the end, or on a second gateway, is one.
    if (row.state === 'connected' && row.gatewayId === gateway.id) return;
    await this.#note(transaction, gateway, event, 'connection.contradicted');
  }

  async #failed(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, row: ConnectionRow): Promise<void> {
    const { code: said = 'internal', credentialSent = false } = journalFacts.failed.safeParse(event.facts).data ?? {};
    const code = knownErrorCode(said);
    if (row.gatewayId !== gateway.id || row.finalAt !== null) return;
    const retryable = catalogue[code].anotherGateway && credentialSent !== true;
    if (retryable && this.#parts.clock.now() < row.deadlineAt && row.claimOutcome === null) {
      // The client may ask for another gateway until the deadline (rule 4); what is pending is final then.
      await transaction.update(connections).set({ code }).where(and(eq(connections.id, row.id), isNull(connections.finalAt)));
      return;
    }
    await this.#parts.transitions.finish(transaction, row.id, { state: 'failed', code, at: this.#timeOf(event), actor: actorOf(gateway), facts: { credentialSent: credentialSent === true, ...detailOf(event) } });
  }

  async #ended(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, row: ConnectionRow): Promise<void> {
    const facts = journalFacts.ended.safeParse(event.facts).data;
    if (row.gatewayId !== gateway.id) return;
    const code = knownErrorCode(facts?.code ?? 'session.ended');
    const numbers = { durationMs: facts?.durationMs, exitStatus: facts?.exitStatus, bytesIn: facts?.bytesIn, bytesOut: facts?.bytesOut, signal: facts?.signal };
    const known = Object.fromEntries(Object.entries(numbers).filter((entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== null));
    await transaction.update(connections).set({ endFacts: known }).where(and(eq(connections.id, row.id), isNull(connections.finalAt)));
    await this.#parts.transitions.finish(transaction, row.id, { state: 'ended', code, at: this.#timeOf(event), actor: actorOf(gateway), facts: known });
  }

  async #recordingClosed(transaction: Transaction, gateway: JournalGateway, event: JournalEvent): Promise<void> {
    const facts = journalFacts['recording-closed'].safeParse(event.facts).data;
    if (facts === undefined) return this.#note(transaction, gateway, event, 'gateway.unexpected-event');
    await transaction
      .update(recordings)
      .set({ state: facts.state, code: facts.code ?? null, endedAt: this.#timeOf(event), ...(typeof facts.durationMs === 'number' ? { durationMs: Math.round(facts.durationMs) } : {}), ...(typeof facts.sizeBytes === 'number' ? { sizeBytes: Math.round(facts.sizeBytes) } : {}) })
      .where(and(eq(recordings.id, facts.recordingId), eq(recordings.gatewayId, gateway.id), isNull(recordings.storedAt)));
  }

  async #wasGranted(transaction: Transaction, row: ConnectionRow, gatewayId: GatewayId): Promise<boolean> {
    if (row.gatewayId === gatewayId) return true;
    const tries = await transaction.select({ gatewayId: connectionTries.gatewayId }).from(connectionTries).where(and(eq(connectionTries.connectionId, row.id), eq(connectionTries.gatewayId, gatewayId)));
    return tries.length > 0;
  }

  async #note(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, kind: string): Promise<void> {
    const [row] = event.connectionId === null ? [] : await transaction.select().from(connections).where(eq(connections.id, event.connectionId));
    await this.#parts.audit.append(transaction, {
      kind,
      actor: actorOf(gateway),
      reference: row?.reference ?? null,
      facts: { ...(row === undefined ? {} : factsOf(row)), gatewayId: gateway.id, gateway: gateway.name, event: event.kind, sequence: event.sequence, claimedConnectionId: event.connectionId, ...detailOf(event) },
    });
  }

  /** The gateway's own time, but never one that is still to come: its clock may be ahead. */
  #timeOf(event: JournalEvent): Date {
    return new Date(Math.min(new Date(event.at).getTime(), this.#parts.clock.now().getTime()));
  }
}

function actorOf(gateway: JournalGateway): AuditActor {
  return { kind: 'gateway', id: gateway.id, name: gateway.name };
}

/** Facts beyond which an entry says nothing: a gateway may write many, an entry is bounded. */
const MAX_DETAILS = 20;
const MAX_DETAIL_CHARACTERS = 300;

/** An event's own facts for the audit entry, bounded in number and length; connection ids and codes stand elsewhere. */
function detailOf(event: JournalEvent): Facts {
  const kept = Object.entries(event.facts).filter(([key]) => key !== 'code' && key !== 'credentialSent').slice(0, MAX_DETAILS);
  return Object.fromEntries(kept.map(([key, value]) => [`gateway.${key.slice(0, 60)}`, typeof value === 'string' ? value.slice(0, MAX_DETAIL_CHARACTERS) : value]));
}

/** Whether a failure leaves another gateway to be tried (rule 4). */
export function mayTryAnother(code: ErrorCode): boolean {
  return catalogue[code].anotherGateway;
}
