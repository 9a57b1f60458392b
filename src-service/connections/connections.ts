import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, lt, or } from 'drizzle-orm';
import type { ConnectionRecord } from '../../shared/api/connections.ts';
import type { User } from '../../shared/api/users.ts';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { connectionId as connectionIdSchema, instant, type ConnectionId, type ConnectionReference, type GatewayId, type UserId } from '../../shared/ids.ts';
import { serviceActor, type AuditActor, type AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import { InputError } from '../http/bound-route.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import type { Log } from '../logging/log.ts';
import type { Database } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { connections, resources } from '../store/schema.ts';
import { givesLess, type AccessDecision, type Asker, type Decide } from './connection-access.ts';
import type { ConnectionClosings } from './connection-closings.ts';
import { factsOf, gatewaysOf, type ConnectionRow } from './connection-transitions.ts';
import type { Terminations } from './terminations.ts';

/** Live connections that are read at once to be judged again: some megabytes. */
const JUDGED_AT_ONCE = 1000;
/** A gateway ends its sessions at their `notAfter` by itself; one that is this late was not told of an end that moved nearer. */
const OVERDUE_MS = 2_000;
/** Overdue ones that are ended in one round; the next takes the rest. */
const MAX_OVERDUE = 200;

export interface ConnectionsParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly terminations: Pick<Terminations, 'ask' | 'flush'>;
  readonly closings: Pick<ConnectionClosings, 'closeDropped'>;
  readonly decide: Decide;
  /** The user as the access rules judge him; undefined where he is disabled or expired. */
  readonly activeUser: (userId: UserId) => Promise<User | undefined>;
  readonly readJournalNow: (gatewayId: GatewayId) => Promise<boolean>;
  /** Connections that are read at once to be judged again. */
  readonly judgedAtOnce?: number;
}

/** Connections that have not come to their end, in the form that their index has: these questions are asked twice a second. */
const isOpen = and(isNull(connections.finalAt), inArray(connections.state, ['asked', 'granted', 'connected']));

/** Who may see and end connections of others. */
const managers: readonly User['role'][] = ['admin', 'operator'];
export const readersOfAll: readonly User['role'][] = ['admin', 'operator', 'auditor'];

/** What users and helpdesk do with connections that were asked: list, end, and what clients say of them. */
export class Connections {
  readonly #parts: ConnectionsParts;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
  }

  /** Newest first; users see their own alone (B11). Throws InputError for a cursor that is none. */
  async list(viewer: User, { cursor, limit, live, reference }: { readonly cursor?: string | undefined; readonly limit: number; readonly live?: boolean | undefined; readonly reference?: ConnectionReference | undefined }): Promise<{ items: ConnectionRecord[]; nextCursor?: string }> {
    const before = cursor === undefined ? undefined : readCursor(cursor);
    const rows = await this.#parts.database
      .select()
      .from(connections)
      .where(
        and(
          readersOfAll.includes(viewer.role) ? undefined : eq(connections.userId, viewer.id),
          reference === undefined ? undefined : eq(connections.reference, reference),
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
   * nor session, and its journal tells nothing else, the connection ends with it now; else when the grant is over. A session that stands is ended
   * only where the client says that its own part of it has crashed.
   */
  async claim(asker: Asker, connectionId: ConnectionId, { outcome, code }: { readonly outcome: 'failed' | 'cancelled'; readonly code: string }): Promise<void> {
    const { database, clock, log, terminations, closings, readJournalNow } = this.#parts;
    let firstGatewayId: GatewayId | undefined;
    const gatewayId = await database.transaction(async (transaction) => {
      const [row] = await transaction.select().from(connections).where(eq(connections.id, connectionId)).for('no key update');
      if (row === undefined || row.userId !== asker.user.id || row.clientKeyThumbprint !== asker.clientKeyThumbprint) throw new MavisError('request.not-found');
      if (row.finalAt !== null) return undefined;
      await transaction.update(connections).set({ claimOutcome: outcome, claimCode: code, claimAt: clock.now() }).where(eq(connections.id, connectionId));
      // How a session that stands ends is its gateway's to say, and the claim goes beside it. One whose process in the client has
      // crashed is resumed by nobody: its gateway need not wait for it.
      const crashed = code === 'session.crashed';
      if (row.state === 'connected' && !crashed) return undefined;
      await terminations.ask(transaction, gatewaysOf(row), { kind: 'connection', id: connectionId }, row.state === 'connected' ? 'session.crashed' : 'connect.cancelled');
      if (row.firstGatewayId !== null) firstGatewayId = row.firstGatewayId;
      return row.gatewayId;
    });
    if (gatewayId === undefined) return;
    // What the last gateway says decides how the connection ended; the first one is only told.
    if (firstGatewayId !== undefined) terminations.flush(firstGatewayId).catch((error: unknown) => log.error('a dropped forward could not be sent', { error }));
    if (gatewayId === null || ((await terminations.flush(gatewayId)) && (await readJournalNow(gatewayId)))) await closings.closeDropped(connectionId);
  }

  /**
   * Ends a session: one's own, or any for those who manage (others do not learn that it exists, B10). True where the gateway
   * has confirmed it; else it is pending until the gateway's link is back (rule 11).
   */
  async terminate(viewer: User, actor: AuditActor, connectionId: ConnectionId, reason: string): Promise<boolean> {
    const { database, terminations, audit, clock } = this.#parts;
    const row = await database.transaction(async (transaction) => {
      const [found] = await transaction.select().from(connections).where(eq(connections.id, connectionId)).for('no key update');
      if (found === undefined || (found.userId !== viewer.id && !managers.includes(viewer.role))) throw new MavisError('request.not-found');
      if (found.finalAt !== null) return found;
      // One that no gateway has yet gets none any more: `ConnectionTransitions.granted` looks for this.
      await transaction.update(connections).set({ terminateAskedAt: clock.now(), terminateAskedBy: actor.name, terminateCode: 'session.terminated' }).where(eq(connections.id, connectionId));
      await terminations.ask(transaction, gatewaysOf(found), { kind: 'connection', id: connectionId }, 'session.terminated', actor.name);
      await audit.append(transaction, { kind: 'connection.terminate-asked', actor, reference: found.reference, facts: { ...factsOf(found), reason } });
      await notify(transaction, 'connections', connectionId);
      return found;
    });
    if (row.finalAt !== null) return true;
    // One after the other, the last gateway first: it says goodbye to the user through the first.
    let confirmed = true;
    for (const gatewayId of gatewaysOf(row)) confirmed = (await terminations.flush(gatewayId)) && confirmed;
    return confirmed;
  }

  /**
   * Judges live connections again after a role, a rule or a resource changed (rule 11), those that are still being granted among
   * them: what would not be allowed now ends, or would be given less than was granted, and what would end sooner now does (rule 2).
   */
  async judgeAgain(userId: UserId | null): Promise<number> {
    const { decide, clock } = this.#parts;
    const users = new Map<UserId, Promise<User | undefined>>();
    const told = new Set<GatewayId>();
    for await (const { connection, resource } of this.#live(userId)) {
      const reading = users.get(connection.userId) ?? this.#parts.activeUser(connection.userId);
      users.set(connection.userId, reading);
      const user = await reading;
      const decision = user === undefined || resource.removedAt !== null ? undefined : await decide({ user, resource, protocol: connection.protocol, now: clock.now() });
      const stillGiven = user !== undefined && decision?.allowed === true && (!connection.foreignClient || decision.policy.foreignClients);
      // One that is still asked, anew perhaps, has no grant that could give more: its grant is judged by itself once it is written.
      const narrowed = stillGiven && connection.state !== 'asked' && givesLess(decision, user, { ...connection, direct: !connection.tunnel, signedOn: connection.state === 'connected' });
      if (stillGiven && !narrowed) {
        await this.#shorten(connection, decision);
        continue;
      }
      for (const gatewayId of await this.#askEnd(connection.id, 'session.access-changed', narrowed ? 'less is given than was granted' : 'access changed')) told.add(gatewayId);
    }
    await this.#flush(told);
    return told.size;
  }

  /** Connections that have not come to their end and are not to end, all of them, some at a time; one that is asked meanwhile goes by the new rules anyhow. */
  async *#live(userId: UserId | null): AsyncGenerator<{ readonly connection: ConnectionRow; readonly resource: typeof resources.$inferSelect }> {
    for (let after: ConnectionId | undefined; ; ) {
      const some = await this.#parts.database
        .select({ connection: connections, resource: resources })
        .from(connections)
        .innerJoin(resources, eq(resources.id, connections.resourceId))
        .where(and(isOpen, isNull(connections.terminateAskedAt), userId === null ? undefined : eq(connections.userId, userId), after === undefined ? undefined : gt(connections.id, after)))
        .orderBy(asc(connections.id))
        .limit(this.#parts.judgedAtOnce ?? JUDGED_AT_ONCE);
      yield* some;
      after = some.at(-1)?.connection.id;
      if (after === undefined) return;
    }
  }

  /** Ends what has outlived its `notAfter`, which moved nearer after the grant: its gateway goes by the old one. Waits for no gateway. */
  async endOverdue(): Promise<number> {
    const { database, clock, log } = this.#parts;
    const due = await database
      .select({ id: connections.id })
      .from(connections)
      .where(and(isOpen, isNull(connections.terminateAskedAt), isNotNull(connections.gatewayId), lt(connections.notAfter, new Date(clock.now().getTime() - OVERDUE_MS))))
      .limit(MAX_OVERDUE);
    const told = new Set<GatewayId>();
    for (const { id } of due) {
      for (const gatewayId of await this.#askEnd(id, 'session.not-after', 'the end of access came')) told.add(gatewayId);
    }
    this.#flush(told).catch((error: unknown) => log.error('ends of access could not be sent', { error }));
    return due.length;
  }

  /** Gateways with connections that have not come to their end: their journals are read often. */
  async busyGateways(): Promise<GatewayId[]> {
    const rows = await this.#parts.database.selectDistinct({ gatewayId: connections.gatewayId, firstGatewayId: connections.firstGatewayId }).from(connections).where(and(isOpen, isNotNull(connections.gatewayId)));
    return [...new Set(rows.flatMap(gatewaysOf))];
  }

  /** Writes an end that is asked by the service itself; gives the gateways to tell, none where there are none (yet) or it ended meanwhile. */
  #askEnd(connectionId: ConnectionId, code: ErrorCode, reason: string): Promise<readonly GatewayId[]> {
    const { database, clock, terminations, audit } = this.#parts;
    return database.transaction(async (transaction) => {
      // Read anew under its lock: it may have got its gateway since.
      const [row] = await transaction.select().from(connections).where(and(eq(connections.id, connectionId), isNull(connections.finalAt), isNull(connections.terminateAskedAt))).for('no key update');
      if (row === undefined) return [];
      await transaction.update(connections).set({ terminateAskedAt: clock.now(), terminateAskedBy: serviceActor.name, terminateCode: code }).where(eq(connections.id, connectionId));
      await terminations.ask(transaction, gatewaysOf(row), { kind: 'connection', id: connectionId }, code);
      await audit.append(transaction, { kind: 'connection.terminate-asked', actor: serviceActor, reference: row.reference, facts: { ...factsOf(row), reason } });
      return gatewaysOf(row);
    });
  }

  /** A duration that is as long as ever changes nothing: of a connection that was tried again it counts from that try. */
  async #shorten({ id, askedAt, notAfter, policy: granted }: Pick<ConnectionRow, 'id' | 'askedAt' | 'notAfter' | 'policy'>, { notAfter: allowedUntil, policy }: Pick<Extract<AccessDecision, { allowed: true }>, 'notAfter' | 'policy'>): Promise<void> {
    const shorter = policy.maxDurationSeconds < granted.maxDurationSeconds;
    const ends = [...(shorter ? [askedAt.getTime() + policy.maxDurationSeconds * 1000] : []), ...(allowedUntil === null ? [] : [new Date(allowedUntil).getTime()])];
    if (ends.length === 0) return;
    const end = new Date(Math.min(...ends));
    if (end >= notAfter) return;
    await this.#parts.database.update(connections).set({ notAfter: end }).where(and(eq(connections.id, id), isNull(connections.finalAt)));
  }

  async #flush(gatewayIds: Iterable<GatewayId>): Promise<void> {
    await Promise.all([...gatewayIds].map((gatewayId) => this.#parts.terminations.flush(gatewayId)));
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
  const { id, reference, userId, userName, resourceId, resourceName, protocol, gatewayName, segment, foreignClient, state, code } = row;
  return { id, reference, userId, userName, resourceId, resourceName, protocol, gatewayName, segment, foreignClient, state, code, askedAt: row.askedAt.toISOString(), connectedAt: row.connectedAt?.toISOString() ?? null, endedAt: row.endedAt?.toISOString() ?? null, termination: row.terminateAskedAt === null ? null : { askedAt: row.terminateAskedAt.toISOString(), code: row.terminateCode, confirmed: row.terminateConfirmedAt !== null } };
}
