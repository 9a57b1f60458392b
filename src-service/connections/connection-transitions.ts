import { and, eq, inArray, isNull, or } from 'drizzle-orm';
import type { TriedGateway } from '../../shared/api/connections.ts';
import { knownErrorCode, type ErrorCode } from '../../shared/errors/catalogue.ts';
import type { AccessRuleId, ConnectionId, GatewayId, RecordingId } from '../../shared/ids.ts';
import type { SessionPolicy } from '../../shared/policy/session-policy.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { Facts } from '../audit/canonical-json.ts';
import type { ErrorLog } from '../audit/error-log.ts';
import type { Clock } from '../clock.ts';
import type { Queryable, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { connectionTries, connections, recordings } from '../store/schema.ts';

/** A connection as the store holds it. */
export type ConnectionRow = typeof connections.$inferSelect;
export type NewConnection = typeof connections.$inferInsert;

/** How a connection came to its end. */
export interface ConnectionEnd {
  readonly state: 'ended' | 'failed' | 'not-used';
  readonly code: ErrorCode;
  readonly at: Date;
  readonly actor: AuditActor;
  /** More than the connection's own fields: duration, exit, bytes. */
  readonly facts?: Facts;
}

/** The gateways by which a connection goes, and whether Tunnel is why. */
export interface GrantedWay {
  readonly first: { readonly id: GatewayId; readonly name: string } | null;
  readonly last: { readonly id: GatewayId; readonly name: string; readonly segment: string | null };
  readonly tunnel: boolean;
  /** The rule that gives it: another than at first where rules changed before a retry. */
  readonly rule: { readonly id: AccessRuleId; readonly name: string };
  /** The gateways that could not be used before. */
  readonly tried: readonly TriedGateway[];
}

/** What only the one who asks knows of a connection: where from, and the name of the rule that gives it; null where none does. */
export interface AskedFrom {
  readonly actor: AuditActor;
  /** The peer's IP address. */
  readonly address: string;
  readonly accessRuleName: string | null;
}

/** Each connection that is asked goes through here and nowhere else. */
export interface ConnectionTransitionsParts {
  readonly audit: Pick<AuditLog, 'append'>;
  readonly errors: Pick<ErrorLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * The state machine of a connection: asked, granted (again, on another gateway), connected, and exactly one of ended, failed
 * or not used (rule 12). Every step is conditional and in one transaction with its audit entry, and a failure with its
 * error-log entry (S12, S16, S17, S18), so that two who race write one final entry between them.
 */
export class ConnectionTransitions {
  readonly #parts: ConnectionTransitionsParts;

  constructor(parts: ConnectionTransitionsParts) {
    this.#parts = parts;
  }

  /** Writes that a connection was asked, by whom and by which rule, before anything is decided on its way. */
  async asked(transaction: Transaction, connection: NewConnection, { actor, address, accessRuleName }: AskedFrom): Promise<void> {
    await transaction.insert(connections).values(connection);
    const { id, reference, userId, userName, resourceId, resourceName, protocol, accessRuleId = null } = connection;
    const facts = { connectionId: id, userId, user: userName, resourceId, resource: resourceName, protocol, address, accessRuleId, accessRule: accessRuleName };
    await this.#parts.audit.append(transaction, { kind: 'connection.asked', actor, reference, facts });
  }

  /** Writes that the gateways of a way took their grants; false where the connection came to its end meanwhile, or is to end. */
  async granted(transaction: Transaction, connectionId: ConnectionId, { first, last, tunnel, rule, tried }: GrantedWay, grantExpiresAt: Date, actor: AuditActor): Promise<boolean> {
    const [row] = await transaction
      .update(connections)
      .set({
        state: 'granted', gatewayId: last.id, gatewayName: last.name, segment: last.segment, firstGatewayId: first?.id ?? null, firstGatewayName: first?.name ?? null, tunnel,
        grantedAt: this.#parts.clock.now(), grantExpiresAt, code: null,
      })
      .where(and(eq(connections.id, connectionId), isNull(connections.finalAt), isNull(connections.terminateAskedAt), inArray(connections.state, ['asked', 'granted'])))
      .returning();
    if (row === undefined) return false;
    await this.#parts.audit.append(transaction, { kind: 'connection.granted', actor, reference: row.reference, facts: { ...factsOf(row), accessRuleId: rule.id, accessRule: rule.name, ...triedFacts(tried) } });
    await notify(transaction, 'connections', connectionId);
    return true;
  }

  /** Writes that a session goes on over another first gateway (rule 10); false where it came to its end meanwhile, or is to end. */
  async firstReplaced(transaction: Transaction, before: ConnectionRow, first: { readonly id: GatewayId; readonly name: string }, actor: AuditActor): Promise<boolean> {
    const [row] = await transaction
      .update(connections)
      .set({ firstGatewayId: first.id, firstGatewayName: first.name })
      .where(and(eq(connections.id, before.id), isNull(connections.finalAt), isNull(connections.terminateAskedAt), inArray(connections.state, ['granted', 'connected'])))
      .returning();
    if (row === undefined) return false;
    const facts = { ...factsOf(row), 'before.firstGatewayId': before.firstGatewayId, 'before.firstGateway': before.firstGatewayName, 'after.firstGatewayId': first.id, 'after.firstGateway': first.name };
    await this.#parts.audit.append(transaction, { kind: 'connection.first-gateway-replaced', actor, reference: row.reference, facts });
    await notify(transaction, 'connections', before.id);
    return true;
  }

  /** Takes a connection off a gateway that its client could not use; false where it went on or came to its end meanwhile. */
  async movedOn(transaction: Transaction, connectionId: ConnectionId, gatewayId: GatewayId): Promise<boolean> {
    const moved = await transaction
      .update(connections)
      .set({ state: 'asked', gatewayId: null, gatewayName: null, segment: null, firstGatewayId: null, firstGatewayName: null, grantExpiresAt: null, code: null })
      .where(and(eq(connections.id, connectionId), eq(connections.state, 'granted'), eq(connections.gatewayId, gatewayId)))
      .returning({ id: connections.id });
    return moved.length > 0;
  }

  /** Puts a connection that is tried again under the rule that gives it now, its policy and its end: rules may have changed since it was asked. */
  async judgedAnew(database: Pick<Queryable, 'update'>, connectionId: ConnectionId, { rule, policy, notAfter }: { readonly rule: { readonly id: AccessRuleId }; readonly policy: SessionPolicy; readonly notAfter: Date }): Promise<void> {
    await database.update(connections).set({ accessRuleId: rule.id, policy, notAfter }).where(and(eq(connections.id, connectionId), isNull(connections.finalAt)));
  }

  /** Writes one try of a gateway that failed, and its error-log entry (S12). */
  async tried(transaction: Transaction, { id: connectionId, reference }: Pick<ConnectionRow, 'id' | 'reference'>, tried: TriedGateway, reportedBy: 'service' | 'client' | 'gateway'): Promise<void> {
    await this.#parts.errors.append(transaction, { code: knownErrorCode(tried.code), reference, gatewayName: tried.gatewayName, facts: { connectionId, gatewayId: tried.gatewayId, leg: tried.leg, reportedBy, final: false } });
    const ordinal = (await transaction.select({ ordinal: connectionTries.ordinal }).from(connectionTries).where(eq(connectionTries.connectionId, connectionId))).length;
    await transaction.insert(connectionTries).values({ connectionId, ordinal, ...tried, reportedBy, at: this.#parts.clock.now() });
  }

  /** Writes that the protocol itself is connected (S15): the recording exists from here on, never before (S19). False where it is connected already, has ended, or goes by another gateway. */
  async connected(transaction: Transaction, row: ConnectionRow, gateway: { readonly id: GatewayId; readonly name: string; readonly segment: string | null }, at: Date, actor: AuditActor, facts: Facts): Promise<boolean> {
    const [connected] = await transaction
      .update(connections)
      .set({ state: 'connected', connectedAt: at, gatewayId: gateway.id, gatewayName: gateway.name, segment: gateway.segment, code: null })
      .where(and(eq(connections.id, row.id), isNull(connections.finalAt), inArray(connections.state, ['asked', 'granted']), or(isNull(connections.gatewayId), eq(connections.gatewayId, gateway.id))))
      .returning();
    if (connected === undefined) return false;
    await this.#parts.audit.append(transaction, { kind: 'connection.connected', actor, reference: row.reference, facts: { ...factsOf(connected), ...facts } });
    await notify(transaction, 'connections', row.id);
    return true;
  }

  /** Writes a recording that has begun; nothing where it is known. */
  async recordingBegan(transaction: Transaction, row: ConnectionRow, recordingId: RecordingId, gateway: { readonly id: GatewayId; readonly name: string }, at: Date): Promise<void> {
    const { id: connectionId, reference, userId, userName, resourceId, resourceName, protocol } = row;
    const began = await transaction
      .insert(recordings)
      .values({ id: recordingId, connectionId, reference, userId, userName, resourceId, resourceName, protocol, gatewayId: gateway.id, gatewayName: gateway.name, startedAt: at, state: 'recording' })
      .onConflictDoNothing()
      .returning({ id: recordings.id });
    if (began.length > 0) await notify(transaction, 'recordings', recordingId);
  }

  /** Writes the one final entry; false where it stands already. */
  async finish(transaction: Transaction, connectionId: ConnectionId, { state, code, at, actor, facts }: ConnectionEnd): Promise<boolean> {
    const [row] = await transaction
      .update(connections)
      .set({ state, code, endedAt: at, finalAt: this.#parts.clock.now() })
      .where(and(eq(connections.id, connectionId), isNull(connections.finalAt)))
      .returning();
    if (row === undefined) return false;
    const tried = await transaction.select().from(connectionTries).where(eq(connectionTries.connectionId, connectionId)).orderBy(connectionTries.ordinal);
    const all: Facts = {
      ...factsOf(row),
      code,
      ...triedFacts(tried),
      ...(row.claimOutcome === null ? {} : { claimedOutcome: row.claimOutcome, claimedCode: row.claimCode }),
      ...(row.connectedAt === null ? {} : { connectedAt: row.connectedAt.toISOString() }),
      ...facts,
    };
    await this.#parts.audit.append(transaction, { kind: `connection.${state}`, actor, reference: row.reference, facts: all });
    // Who cancelled knows it: that is nothing for operators to look into.
    if (state === 'failed' && code !== 'connect.cancelled') await this.#parts.errors.append(transaction, { code, reference: row.reference, gatewayName: row.gatewayName, facts: flat(all) });
    await notify(transaction, 'connections', connectionId);
    return true;
  }
}

/** What each entry of a connection says of it. */
export function factsOf(row: ConnectionRow): Facts {
  return {
    connectionId: row.id,
    userId: row.userId,
    user: row.userName,
    resourceId: row.resourceId,
    resource: row.resourceName,
    protocol: row.protocol,
    gatewayId: row.gatewayId,
    gateway: row.gatewayName,
    segment: row.segment,
    ...(row.tunnel ? { tunnel: true } : {}),
    ...(row.foreignClient ? { foreignClient: true } : {}),
    ...(row.firstGatewayId === null ? {} : { firstGatewayId: row.firstGatewayId, firstGateway: row.firstGatewayName }),
  };
}

/** The gateways that could not be used, each with its leg and code; nothing where there are none. */
function triedFacts(tried: readonly Pick<TriedGateway, 'gatewayName' | 'leg' | 'code'>[]): Facts {
  return tried.length === 0 ? {} : { tried: tried.map(({ gatewayName, leg, code }) => `${gatewayName} ${leg} ${code}`) };
}

/** The gateways that hold something of a connection: the one that reaches the target first, so that it can still say why it ends. */
export function gatewaysOf({ gatewayId, firstGatewayId }: Pick<ConnectionRow, 'gatewayId' | 'firstGatewayId'>): GatewayId[] {
  return [gatewayId, firstGatewayId].filter((id) => id !== null);
}

/** The error log has no lists. */
function flat(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, typeof value === 'object' && value !== null ? value.join('; ') : value]));
}
