import { and, desc, eq, isNotNull, isNull, lt, or } from 'drizzle-orm';
import type { ConnectionRecord } from '../../shared/api/connections.ts';
import type { User } from '../../shared/api/users.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { connectionId as connectionIdSchema, instant, type ConnectionId, type GatewayId, type UserId } from '../../shared/ids.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import { InputError } from '../http/bound-route.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import type { Log } from '../logging/log.ts';
import type { Database } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { connections, resources } from '../store/schema.ts';
import type { Asker, ConnectionAsksParts } from './connection-asks.ts';
import type { ConnectionClosings } from './connection-closings.ts';
import { factsOf, type ConnectionRow } from './connection-transitions.ts';
import type { Terminations } from './terminations.ts';

/** Live connections that one change of a rule judges again, in one go. */
const MAX_JUDGED = 10_000;

export interface ConnectionsParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly terminations: Pick<Terminations, 'ask' | 'flush'>;
  readonly closings: Pick<ConnectionClosings, 'closeDropped'>;
  readonly decide: ConnectionAsksParts['decide'];
  /** The user as the access rules judge him; undefined where he is disabled or expired. */
  readonly activeUser: (userId: UserId) => Promise<User | undefined>;
  readonly readJournalNow: (gatewayId: GatewayId) => Promise<boolean>;
}

/** Who may see and end connections of others. */
const managers: readonly User['role'][] = ['admin', 'operator'];
const readersOfAll: readonly User['role'][] = ['admin', 'operator', 'auditor'];

/** What users and helpdesk do with connections that were asked: list, end, and what clients say of them. */
export class Connections {
  readonly #parts: ConnectionsParts;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
  }

  /** Newest first; users see their own alone (B11). Throws InputError for a cursor that is none. */
  async list(viewer: User, { cursor, limit, live }: { readonly cursor?: string | undefined; readonly limit: number; readonly live?: boolean | undefined }): Promise<{ items: ConnectionRecord[]; nextCursor?: string }> {
    const before = cursor === undefined ? undefined : readCursor(cursor);
    const rows = await this.#parts.database
      .select()
      .from(connections)
      .where(
        and(
          readersOfAll.includes(viewer.role) ? undefined : eq(connections.userId, viewer.id),
          live === undefined ? undefined : live ? isNull(connections.finalAt) : isNotNull(connections.finalAt),
          before === undefined ? undefined : or(lt(connections.askedAt, before.askedAt), and(eq(connections.askedAt, before.askedAt), lt(connections.id, before.id))),
        ),
      )
      .orderBy(desc(connections.askedAt), desc(connections.id))
      .limit(limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return { items: items.map(asRecord), ...(rows.length > limit && last !== undefined ? { nextCursor: encodeCursor('connections', [last.askedAt.toISOString(), last.id]) } : {}) };
  }

  /**
   * Keeps what a client says of its connection as its claim (rule 12). Where the gateway confirms that it holds neither grant
   * nor session, and its journal tells nothing else, the connection ends with it now; else when the grant is over.
   */
  async claim(asker: Asker, connectionId: ConnectionId, { outcome, code }: { readonly outcome: 'failed' | 'cancelled'; readonly code: string }): Promise<void> {
    const { database, clock, terminations, closings, readJournalNow } = this.#parts;
    const gatewayId = await database.transaction(async (transaction) => {
      const [row] = await transaction.select().from(connections).where(eq(connections.id, connectionId)).for('update');
      if (row === undefined || row.userId !== asker.user.id || row.clientKeyThumbprint !== asker.clientKeyThumbprint) throw new MavisError('request.not-found');
      if (row.finalAt !== null || row.state === 'connected') return undefined;
      await transaction.update(connections).set({ claimOutcome: outcome, claimCode: code, claimAt: clock.now() }).where(eq(connections.id, connectionId));
      if (row.gatewayId !== null) await terminations.ask(transaction, [row.gatewayId], { kind: 'connection', id: connectionId }, 'connect.cancelled');
      return row.gatewayId;
    });
    if (gatewayId === undefined) return;
    if (gatewayId === null || ((await terminations.flush(gatewayId)) && (await readJournalNow(gatewayId)))) await closings.closeDropped(connectionId);
  }

  /**
   * Ends a session: one's own, or any for those who manage (others do not learn that it exists, B10). True where the gateway
   * has confirmed it; else it is pending until the gateway's link is back (rule 11).
   */
  async terminate(viewer: User, actor: AuditActor, connectionId: ConnectionId, reason: string): Promise<boolean> {
    const { database, terminations, audit, clock } = this.#parts;
    const row = await database.transaction(async (transaction) => {
      const [found] = await transaction.select().from(connections).where(eq(connections.id, connectionId)).for('update');
      if (found === undefined || (found.userId !== viewer.id && !managers.includes(viewer.role))) throw new MavisError('request.not-found');
      if (found.finalAt !== null || found.gatewayId === null) return found;
      await transaction.update(connections).set({ terminateAskedAt: clock.now(), terminateAskedBy: actor.name, terminateCode: 'session.terminated' }).where(eq(connections.id, connectionId));
      await terminations.ask(transaction, [found.gatewayId], { kind: 'connection', id: connectionId }, 'session.terminated');
      await audit.append(transaction, { kind: 'connection.terminate-asked', actor, reference: found.reference, facts: { ...factsOf(found), reason } });
      await notify(transaction, 'connections', connectionId);
      return found;
    });
    return row.finalAt !== null || row.gatewayId === null ? true : terminations.flush(row.gatewayId);
  }

  /** Judges live connections again after a role or a rule changed (rule 11): those that would not be allowed now end. */
  async judgeAgain(userId: UserId | null): Promise<number> {
    const { database, decide, activeUser, clock, terminations, audit } = this.#parts;
    const live = await database
      .select({ connection: connections, resource: resources })
      .from(connections)
      .innerJoin(resources, eq(resources.id, connections.resourceId))
      .where(and(isNull(connections.finalAt), isNotNull(connections.gatewayId), userId === null ? undefined : eq(connections.userId, userId)))
      .limit(MAX_JUDGED);
    const told = new Set<GatewayId>();
    for (const { connection, resource } of live) {
      const user = await activeUser(connection.userId);
      const allowed = user !== undefined && resource.removedAt === null && (await decide({ user, resource, protocol: connection.protocol, now: clock.now() })).allowed;
      if (allowed || connection.gatewayId === null || connection.terminateAskedAt !== null) continue;
      const { gatewayId } = connection;
      await database.transaction(async (transaction) => {
        await transaction.update(connections).set({ terminateAskedAt: clock.now(), terminateAskedBy: 'mavis-service', terminateCode: 'session.access-changed' }).where(eq(connections.id, connection.id));
        await terminations.ask(transaction, [gatewayId], { kind: 'connection', id: connection.id }, 'session.access-changed');
        await audit.append(transaction, { kind: 'connection.terminate-asked', actor: { kind: 'service', id: null, name: 'mavis-service' }, reference: connection.reference, facts: { ...factsOf(connection), reason: 'access changed' } });
      });
      told.add(gatewayId);
    }
    await Promise.all([...told].map((gatewayId) => terminations.flush(gatewayId)));
    return told.size;
  }

  /** Gateways with connections that have not come to their end: their journals are read often. */
  async busyGateways(): Promise<GatewayId[]> {
    const rows = await this.#parts.database.selectDistinct({ gatewayId: connections.gatewayId }).from(connections).where(and(isNull(connections.finalAt), isNotNull(connections.gatewayId)));
    return rows.flatMap(({ gatewayId }) => (gatewayId === null ? [] : [gatewayId]));
  }

  /** One connection, for the event that tells of it; undefined where there is none. */
  async find(id: string): Promise<ConnectionRow | undefined> {
    const parsed = connectionIdSchema.safeParse(id);
    if (!parsed.success) return undefined;
    const [row] = await this.#parts.database.select().from(connections).where(eq(connections.id, parsed.data));
    return row;
  }
}

function readCursor(cursor: string): { askedAt: Date; id: ConnectionId } {
  const [askedAt = '', id = ''] = decodeCursor('connections', cursor);
  const at = instant.safeParse(askedAt);
  const connection = connectionIdSchema.safeParse(id);
  if (!at.success || !connection.success) throw new InputError('cursor');
  return { askedAt: new Date(at.data), id: connection.data };
}

function asRecord(row: ConnectionRow): ConnectionRecord {
  const { id, reference, userId, userName, resourceId, resourceName, protocol, gatewayName, segment, state, code } = row;
  return { id, reference, userId, userName, resourceId, resourceName, protocol, gatewayName, segment, state, code, askedAt: row.askedAt.toISOString(), connectedAt: row.connectedAt?.toISOString() ?? null, endedAt: row.endedAt?.toISOString() ?? null };
}
