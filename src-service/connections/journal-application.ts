import { and, eq, inArray, isNull, like } from 'drizzle-orm';
import { catalogue, knownErrorCode, type ErrorCode } from '../../shared/errors/catalogue.ts';
import type { GatewayId } from '../../shared/ids.ts';
import { journalFacts } from '../../shared/link/journal-facts.ts';
import { journalKind, type JournalEvent, type JournalKind } from '../../shared/link/messages.ts';
import { storableText } from '../../shared/storable-text.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { Facts } from '../audit/canonical-json.ts';
import type { ErrorLog } from '../audit/error-log.ts';
import type { Clock } from '../clock.ts';
import type { Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { auditEntries, connectionForwards, connectionTries, connections, recordings } from '../store/schema.ts';
import { factsOf, type ConnectionRow, type ConnectionTransitions } from './connection-transitions.ts';
import type { Terminations } from './terminations.ts';

/** A gateway as its journal's reader knows it. */
export interface JournalGateway {
  readonly id: GatewayId;
  readonly name: string;
  readonly segment: string | null;
}

/** How many notes of odd events a page may still write, and how many of peers who were refused: neither a gateway that was taken over nor garbage at its ports floods the audit log, or hides the other. */
export interface NoteBudget {
  left: number;
  ofPeers: number;
}

export interface JournalApplicationParts {
  readonly audit: Pick<AuditLog, 'append'>;
  readonly errors: Pick<ErrorLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly transitions: Pick<ConnectionTransitions, 'connected' | 'recordingBegan' | 'finish' | 'tried'>;
  readonly terminations: Pick<Terminations, 'ask'>;
}

/** Turns events of gateways' journals into the states of connections, each in the transaction that takes the event. */
export class JournalApplication {
  readonly #parts: JournalApplicationParts;

  constructor(parts: JournalApplicationParts) {
    this.#parts = parts;
  }

  /**
   * Applies one event that was not seen before. A gateway speaks only of connections that were granted to it (rule 9);
   * anything else is noted, as far as `notes` goes, and changes nothing.
   */
  async apply(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, notes: NoteBudget): Promise<void> {
    if (event.connectionId === null) {
      await this.#ofGateway(transaction, gateway, event, notes);
      return;
    }
    const [row] = await transaction.select().from(connections).where(eq(connections.id, event.connectionId)).for('no key update');
    if (row === undefined || !(await this.#wasGranted(transaction, row, gateway.id, event))) {
      await this.#note(transaction, gateway, event, 'gateway.unexpected-event', notes);
      return;
    }
    const { data: kind } = journalKind.safeParse(event.kind);
    switch (kind) {
      case 'connected': return this.#connected(transaction, gateway, event, row, notes);
      case 'failed': return this.#failed(transaction, gateway, event, row);
      case 'ended': return this.#ended(transaction, gateway, event, row);
      case 'recording-closed': return this.#recordingClosed(transaction, gateway, event, row, notes);
      case 'ticket-refused':
      case 'cut':
      case 'resumed':
      case 'identity-seen': return this.#note(transaction, gateway, event, `connection.${kind}`, notes);
      case 'forwarding': return this.#forwarding(transaction, gateway, event, row, notes);
      case 'forwarded': return this.#forwarded(transaction, gateway, event, row, notes);
      case 'forward-ended': return this.#forwardEnded(transaction, gateway, event, row, notes);
      case 'watch-began':
      case 'watch-ended': return this.#watched(transaction, gateway, event, row, notes);
      case 'granted':
      case 'ticket-used':
      case 'gateway-started':
      case 'gateway-stopped': return undefined;
      case 'peer-refused': return this.#note(transaction, gateway, event, 'gateway.unexpected-event', notes);
      case undefined: return this.#note(transaction, gateway, event, UNKNOWN_EVENT, notes);
      default: return kind satisfies never;
    }
  }

  /** Notes an event of which something, or all, could not be kept as it came. */
  async unstorable(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, notes: NoteBudget): Promise<void> {
    await this.#note(transaction, gateway, { ...event, facts: {} }, 'gateway.unexpected-event', notes);
  }

  async #connected(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, row: ConnectionRow, notes: NoteBudget): Promise<void> {
    const { recordingId, targetIdentity, targetEncrypted, targetAddress } = journalFacts.connected.safeParse(event.facts).data ?? {};
    const at = this.#timeOf(event);
    // Evidence that exists is kept, whatever else is known of the connection.
    if (recordingId !== undefined && recordingId !== null) await this.#parts.transitions.recordingBegan(transaction, row, recordingId, gateway, at);
    const facts: Facts = { recordingId: recordingId ?? null, ...(targetIdentity ? { targetIdentity } : {}), ...(typeof targetEncrypted === 'boolean' ? { targetEncrypted } : {}), ...(targetAddress ? { targetAddress } : {}) };
    if (await this.#parts.transitions.connected(transaction, row, gateway, at, actorOf(gateway), facts)) return;
    // A further channel of the same session is no contradiction; a session after the end, or on a second gateway, is one.
    if (row.state === 'connected' && row.gatewayId === gateway.id) return;
    await this.#note(transaction, gateway, event, 'connection.contradicted', notes);
    // One that was tried before the gateway in use has a session that nobody would find to end.
    if (row.finalAt === null && row.gatewayId !== gateway.id) await this.#parts.terminations.ask(transaction, [gateway.id], { kind: 'connection', id: row.id }, 'connect.cancelled');
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
    const { code: _code, ...numbers } = facts ?? {};
    const known = Object.fromEntries(Object.entries(numbers).filter((entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== null));
    await transaction.update(connections).set({ endFacts: known }).where(and(eq(connections.id, row.id), isNull(connections.finalAt)));
    await this.#parts.transitions.finish(transaction, row.id, { state: 'ended', code, at: this.#timeOf(event), actor: actorOf(gateway), facts: known });
  }

  /** `connection.agent-forwarded`, `connection.agent-used`, `connection.x11-forwarded`, `connection.x11-opened`: the counts stand in the final entry. */
  async #forwarding(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, row: ConnectionRow, notes: NoteBudget): Promise<void> {
    const facts = journalFacts.forwarding.safeParse(event.facts).data;
    if (facts === undefined || row.gatewayId !== gateway.id || row.connectedAt === null) {
      await this.#note(transaction, gateway, event, 'gateway.unexpected-event', notes);
      return;
    }
    const kind = `connection.${facts.what}-${facts.event === 'granted' ? 'forwarded' : facts.what === 'agent' ? 'used' : 'opened'}`;
    // Once for each connection, so that none is lost to the budget of odd events, and no gateway can write without end.
    const [before] = await transaction.select({ id: auditEntries.id }).from(auditEntries).where(and(eq(auditEntries.reference, row.reference), eq(auditEntries.kind, kind))).limit(1);
    if (before !== undefined) await this.#note(transaction, gateway, event, 'gateway.unexpected-event', notes);
    else await this.#parts.audit.append(transaction, { kind, actor: actorOf(gateway), reference: row.reference, facts: { ...factsOf(row), gatewayId: gateway.id, gateway: gateway.name } });
  }

  /** One entry for each beginning and each end of a watch that was asked for: what a gateway tells of others is noted as odd. */
  async #watched(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, row: ConnectionRow, notes: NoteBudget): Promise<void> {
    const kind = event.kind === 'watch-began' ? 'watch-began' : 'watch-ended';
    const facts = journalFacts[kind].safeParse(event.facts).data;
    const before = facts === undefined ? [] : await transaction.select({ kind: auditEntries.kind, actorId: auditEntries.actorId, actorName: auditEntries.actorName }).from(auditEntries).where(and(eq(auditEntries.reference, row.reference), inArray(auditEntries.kind, ['connection.watch-asked', `connection.${kind}`]), like(auditEntries.facts, `%"watchId":"${facts.watchId}"%`)));
    const asked = before.find((entry) => entry.kind === 'connection.watch-asked');
    if (facts === undefined || asked === undefined || before.length > 1 || row.gatewayId !== gateway.id) {
      await this.#note(transaction, gateway, event, 'gateway.unexpected-event', notes);
      return;
    }
    const { watchId, ...told } = facts;
    const numbers = Object.fromEntries(Object.entries(told).filter((entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== null));
    await this.#parts.audit.append(transaction, { kind: `connection.${kind}`, actor: actorOf(gateway), reference: row.reference, facts: { ...factsOf(row), watchId, watcherId: asked.actorId, watcher: asked.actorName, ...numbers } });
  }

  async #recordingClosed(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, row: ConnectionRow, notes: NoteBudget): Promise<void> {
    const facts = journalFacts['recording-closed'].safeParse(event.facts).data;
    if (facts === undefined) return this.#note(transaction, gateway, event, 'gateway.unexpected-event', notes);
    // Further channels of a session have recordings of their own, of which only their end is told.
    if (row.connectedAt !== null) await this.#parts.transitions.recordingBegan(transaction, row, facts.recordingId, gateway, row.connectedAt);
    await transaction
      .update(recordings)
      .set({ state: facts.state, code: facts.code ?? null, endedAt: this.#timeOf(event), ...(typeof facts.durationMs === 'number' ? { durationMs: Math.round(facts.durationMs) } : {}), ...(typeof facts.bytes === 'number' ? { sizeBytes: Math.round(facts.bytes) } : {}) })
      .where(and(eq(recordings.id, facts.recordingId), eq(recordings.gatewayId, gateway.id), isNull(recordings.storedAt)));
    await notify(transaction, 'recordings', facts.recordingId);
  }

  /** Transit at a first hop, once for each forward that was granted (S22): evidence beside the session's own, never its end. */
  async #forwarded(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, row: ConnectionRow, notes: NoteBudget): Promise<void> {
    const facts = journalFacts.forwarded.safeParse(event.facts).data;
    const at = this.#timeOf(event);
    const is = and(eq(connectionForwards.ticketSha256, facts?.ticketSha256 ?? ''), eq(connectionForwards.connectionId, row.id), eq(connectionForwards.gatewayId, gateway.id), isNull(connectionForwards.forwardedAt));
    const [forward] = facts === undefined ? [] : await transaction.update(connectionForwards).set({ forwardedAt: at }).where(is).returning();
    if (facts === undefined || forward === undefined) return this.#note(transaction, gateway, event, 'gateway.unexpected-event', notes);
    await this.#transit(transaction, gateway, row, 'connection.forwarded', { nextGatewayId: forward.nextGatewayId, nextGateway: forward.nextGatewayName, nextAddress: facts.nextAddress ?? null, nextPort: facts.nextPort ?? null });
  }

  async #forwardEnded(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, row: ConnectionRow, notes: NoteBudget): Promise<void> {
    const facts = journalFacts['forward-ended'].safeParse(event.facts).data;
    const is = and(eq(connectionForwards.ticketSha256, facts?.ticketSha256 ?? ''), eq(connectionForwards.connectionId, row.id), eq(connectionForwards.gatewayId, gateway.id), isNull(connectionForwards.endedAt));
    const [forward] = facts === undefined ? [] : await transaction.update(connectionForwards).set({ endedAt: this.#timeOf(event) }).where(is).returning();
    if (facts === undefined || forward === undefined) return this.#note(transaction, gateway, event, 'gateway.unexpected-event', notes);
    const { forwarded, durationMs, bytesIn, bytesOut } = facts;
    await this.#transit(transaction, gateway, row, 'connection.forward-ended', {
      nextGatewayId: forward.nextGatewayId, nextGateway: forward.nextGatewayName, code: knownErrorCode(facts.code), forwarded: forwarded ?? null, durationMs: durationMs ?? null, bytesIn: bytesIn ?? null, bytesOut: bytesOut ?? null,
    });
  }

  #transit(transaction: Transaction, gateway: JournalGateway, row: ConnectionRow, kind: string, facts: Facts): Promise<unknown> {
    return this.#parts.audit.append(transaction, { kind, actor: actorOf(gateway), reference: row.reference, facts: { ...factsOf(row), firstGatewayId: gateway.id, firstGateway: gateway.name, ...facts } });
  }

  /** A first hop was granted the forward alone: what it says of the session itself is none of its business. */
  async #wasGranted(transaction: Transaction, row: ConnectionRow, gatewayId: GatewayId, { kind }: JournalEvent): Promise<boolean> {
    if (row.gatewayId === gatewayId) return true;
    if (OF_FORWARDS.has(kind)) {
      const forwards = await transaction.select({ gatewayId: connectionForwards.gatewayId }).from(connectionForwards).where(and(eq(connectionForwards.connectionId, row.id), eq(connectionForwards.gatewayId, gatewayId))).limit(1);
      if (forwards.length > 0) return true;
    }
    const tries = await transaction.select({ gatewayId: connectionTries.gatewayId }).from(connectionTries).where(and(eq(connectionTries.connectionId, row.id), eq(connectionTries.gatewayId, gatewayId)));
    return tries.length > 0;
  }

  /** What a gateway tells of itself: its starts and stops, damage that it found in its own journal (S69), tickets that named no connection. */
  async #ofGateway(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, notes: NoteBudget): Promise<void> {
    if (!journalKind.safeParse(event.kind).success) await this.#note(transaction, gateway, event, UNKNOWN_EVENT, notes);
    if (event.kind === 'peer-refused') await this.#peerRefused(transaction, gateway, event, notes);
    if (event.kind !== 'gateway-started' && event.kind !== 'gateway-stopped' && event.kind !== 'ticket-refused') return;
    await this.#note(transaction, gateway, event, event.kind === 'ticket-refused' ? 'connection.ticket-refused' : event.kind.replace('-', '.'), notes);
    const { code, from, to } = event.kind === 'gateway-started' ? (journalFacts['gateway-started'].safeParse(event.facts).data ?? {}) : {};
    if (code !== 'audit.trail-incomplete') return;
    const facts = { gatewayId: gateway.id, gateway: gateway.name, from: from ?? null, to: to ?? null, because: 'damaged' };
    await this.#parts.audit.append(transaction, { kind: 'audit.trail-incomplete', actor: actorOf(gateway), facts });
    await this.#parts.errors.append(transaction, { code: 'audit.trail-incomplete', gatewayName: gateway.name, facts });
  }

  /** Who was sent away by a gateway before anything was known of him. One who showed a key of his own is for operators too: a client of another version, or the service with a key that the gateway does not know. */
  async #peerRefused(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, notes: NoteBudget): Promise<void> {
    const told = journalFacts['peer-refused'].safeParse(event.facts).data;
    if (told === undefined) return this.#note(transaction, gateway, event, 'gateway.unexpected-event', notes);
    notes.ofPeers -= 1;
    if (notes.ofPeers < 0) return;
    const code = knownErrorCode(told.code);
    const { what, address = null, port = null, count, clientKeyThumbprint = null } = told;
    const facts: Facts = { gatewayId: gateway.id, gateway: gateway.name, segment: gateway.segment, code, what, address, port, count, ...(clientKeyThumbprint === null ? {} : { clientKeyThumbprint }) };
    await this.#parts.audit.append(transaction, { kind: 'gateway.peer-refused', actor: actorOf(gateway), facts });
    if (clientKeyThumbprint !== null) await this.#parts.errors.append(transaction, { code, gatewayName: gateway.name, facts });
  }

  async #note(transaction: Transaction, gateway: JournalGateway, event: JournalEvent, kind: string, notes: NoteBudget): Promise<void> {
    notes.left -= 1;
    if (notes.left < 0) return;
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

/** An event of a newer gateway, of which this service knows no meaning. */
const UNKNOWN_EVENT = 'gateway.unknown-event';

/** What a first hop's journal says of a connection. */
const OF_FORWARDS: ReadonlySet<string> = new Set(['granted', 'ticket-used', 'ticket-refused', 'forwarded', 'forward-ended', 'cut', 'resumed'] satisfies JournalKind[]);

function actorOf(gateway: JournalGateway): AuditActor {
  return { kind: 'gateway', id: gateway.id, name: gateway.name };
}

/** Facts beyond which an entry says nothing: a gateway may write many, an entry is bounded. */
const MAX_DETAILS = 20;
const MAX_DETAIL_CHARACTERS = 300;

/** An event's own facts for the audit entry, bounded in number and length; connection ids and codes stand elsewhere. */
function detailOf(event: JournalEvent): Facts {
  const kept = Object.entries(event.facts).filter(([key]) => key !== 'code' && key !== 'credentialSent').slice(0, MAX_DETAILS);
  return Object.fromEntries(kept.map(([key, value]) => [`gateway.${key.slice(0, 60)}`, typeof value === 'string' ? storableText(value, MAX_DETAIL_CHARACTERS) : value]));
}

/** Whether a failure leaves another gateway to be tried (rule 4). */
export function mayTryAnother(code: ErrorCode): boolean {
  return catalogue[code].anotherGateway;
}
