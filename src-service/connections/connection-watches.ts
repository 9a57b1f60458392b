import { createHash } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { watchable, type WatchOffer } from '../../shared/api/connections.ts';
import type { Role } from '../../shared/api/roles.ts';
import type { User } from '../../shared/api/users.ts';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConnectionId, Protocol, UserId } from '../../shared/ids.ts';
import type { ForwardGrant, WatchGrant } from '../../shared/link/messages.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import { chooseFirstHop, type PathGateway } from '../choice/path-choice.ts';
import { portOrder } from '../choice/port-order.ts';
import type { Clock } from '../clock.ts';
import { tlsPinsOf, type GatewayRow } from '../gateways/gateway-record.ts';
import type { Gateways } from '../gateways/gateways.ts';
import { GRANT_LIMIT_MS, type GatewayLink } from '../link/gateway-link.ts';
import type { Database } from '../store/database.ts';
import { connectionForwards, connections } from '../store/schema.ts';
import type { TunnelSettings } from '../tunnel/tunnel-settings.ts';
import { TICKET_SECONDS } from './connection-grants.ts';
import { factsOf, type ConnectionRow } from './connection-transitions.ts';

/** The roles that may watch. */
const WATCHERS: readonly Role[] = ['admin', 'operator', 'auditor'];

/** Whether a role may watch sessions of others. */
export function mayWatch(role: Role): boolean {
  return WATCHERS.includes(role);
}

/** A watcher's ways and his dial end after this, as those of a connection do. */
const WATCH_DEADLINE_MS = 15_000;

export interface ConnectionWatchesParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly gateways: Pick<Gateways, 'choosable'>;
  readonly tunnel: Pick<TunnelSettings, 'read'>;
  readonly linkTo: (row: GatewayRow) => Pick<GatewayLink, 'grant'>;
  /** The user as he is now; undefined where he is gone, disabled or expired. */
  readonly activeUser: (id: UserId) => Promise<User | undefined>;
  /** Why a session token is over; undefined while it is good. */
  readonly signInEnded: (tokenSha256: string) => Promise<ErrorCode | undefined>;
  readonly newId: () => string;
  readonly randomBytes: (bytes: number) => Uint8Array;
  readonly randomInt: (bound: number) => number;
}

/** Who asks to watch. */
export interface WatchAsker {
  readonly user: User;
  readonly actor: AuditActor;
  readonly tokenSha256: string;
  readonly clientKeyThumbprint: string;
  readonly sessionExpiresAt: Date;
}

type Choosable = PathGateway & { readonly row: GatewayRow };

/** Lets auditors, operators and administrators look at a session while it runs (S58): a ticket for the gateway that holds it, over the way that the session has. */
export class ConnectionWatches {
  readonly #parts: ConnectionWatchesParts;

  constructor(parts: ConnectionWatchesParts) {
    this.#parts = parts;
  }

  /**
   * A way to a session's gateway, with a ticket that opens a copy of what the target sends, and nothing else. Throws
   * `request.not-found`, `session.not-running`, `session.not-watchable`, `session.gateway-lost`, and what the gateway answers.
   */
  async watch(asker: WatchAsker, connectionId: ConnectionId): Promise<WatchOffer> {
    const { database, audit, newId } = this.#parts;
    const [row] = await database.select().from(connections).where(eq(connections.id, connectionId));
    if (row === undefined || !mayWatch(asker.user.role)) throw new MavisError('request.not-found');
    if (row.state !== 'connected' || row.finalAt !== null || row.gatewayId === null) throw new MavisError('session.not-running', {}, { reference: row.reference });
    if (!watchable(row.protocol)) throw new MavisError('session.not-watchable', { protocol: row.protocol }, { reference: row.reference });
    const watchId = newId();
    // Written before anybody could look, so that no watch is without an entry, whatever becomes of it.
    await database.transaction((transaction) => audit.append(transaction, { kind: 'connection.watch-asked', actor: asker.actor, reference: row.reference, facts: { ...factsOf(row), watchId } }));
    const { first, last } = await this.#way(row);
    const lastTicket = await this.#grantWatch(asker, row, last, watchId);
    const lastHop = { gatewayId: last.id, gatewayName: last.row.name, segment: last.segment, pins: tlsPinsOf(last.row), ticket: lastTicket };
    const hops = first === undefined ? [this.#dialled(lastHop, last, row.protocol)] : [this.#dialled({ gatewayId: first.id, gatewayName: first.row.name, segment: first.segment, pins: tlsPinsOf(first.row), ticket: await this.#grantForward(asker, row, first, last) }, first, row.protocol), { ...lastHop, host: null, ports: [], fallbackPort: null }];
    await this.#assertStillMay(asker);
    return {
      connectionId, watchId, hops,
      reference: row.reference,
      protocol: row.protocol,
      resource: { id: row.resourceId, name: row.resourceName },
      protocols: [],
      userName: row.userName,
      tried: [],
      policy: row.policy,
      notAfter: endOf(asker, row),
      deadlineMs: WATCH_DEADLINE_MS,
      tunnel: row.tunnel,
    };
  }

  /** Refuses who was signed out, or lost his role, while the gateways took their grants: without the tickets these are worth nothing. */
  async #assertStillMay({ user, tokenSha256 }: WatchAsker): Promise<void> {
    const ended = await this.#parts.signInEnded(tokenSha256);
    if (ended !== undefined) throw new MavisError(ended);
    const now = await this.#parts.activeUser(user.id);
    if (now === undefined || !mayWatch(now.role)) throw new MavisError('access.denied');
  }

  /** The session's own way; where its first gateway is gone, another default one. */
  async #way(row: ConnectionRow): Promise<{ readonly first: Choosable | undefined; readonly last: Choosable }> {
    const { gateways, tunnel, randomInt } = this.#parts;
    const choosable = await gateways.choosable();
    const last = choosable.find(({ id }) => id === row.gatewayId);
    if (last === undefined) throw new MavisError('session.gateway-lost', { gateway: row.gatewayName ?? '' }, { reference: row.reference });
    if (row.firstGatewayId === null) return { first: undefined, last };
    const { default: through } = await tunnel.read();
    const first = choosable.find(({ id, state }) => id === row.firstGatewayId && state === 'available') ?? chooseFirstHop({ gateways: choosable, through, protocol: row.protocol, tried: new Set([last.id]), randomInt });
    if (first === undefined) throw new MavisError('tunnel.no-default-gateway', {}, { reference: row.reference });
    return { first, last };
  }

  async #grantWatch(asker: WatchAsker, row: ConnectionRow, last: Choosable, watchId: string): Promise<string> {
    const { ticket, base } = this.#ticket(asker, row);
    const grant: WatchGrant = { kind: 'watch', ...base, over443: last.row.over443, watchId, protocol: row.protocol, watcher: { id: asker.user.id, name: asker.user.name } };
    await this.#parts.linkTo(last.row).grant(grant, { timeLimitMs: GRANT_LIMIT_MS });
    return ticket;
  }

  async #grantForward(asker: WatchAsker, row: ConnectionRow, first: Choosable, last: Choosable): Promise<string> {
    const { database, clock, randomInt } = this.#parts;
    const { ticket, base } = this.#ticket(asker, row);
    const ports = portOrder(last.row.portPreference, last.row.ports, row.protocol, randomInt);
    if (ports.length === 0) throw new MavisError('gateway.port-closed', { ports: last.row.proxyPorts.join(', ') });
    const grant: ForwardGrant = { kind: 'forward', ...base, over443: first.row.over443, userId: asker.user.id, next: { gatewayId: last.id, gatewayName: last.row.name, host: last.row.host, ports } };
    // Written first: the gateway's journal may tell of the forward before its answer is here.
    await database.insert(connectionForwards).values({ ticketSha256: base.ticketSha256, connectionId: row.id, gatewayId: first.id, gatewayName: first.row.name, nextGatewayId: last.id, nextGatewayName: last.row.name, grantedAt: clock.now() });
    await this.#parts.linkTo(first.row).grant(grant, { timeLimitMs: GRANT_LIMIT_MS });
    return ticket;
  }

  #ticket(asker: WatchAsker, row: ConnectionRow) {
    const ticket = Buffer.from(this.#parts.randomBytes(32)).toString('base64url');
    return {
      ticket,
      base: { connectionId: row.id, reference: row.reference, ticketSha256: createHash('sha256').update(ticket).digest('base64url'), clientKeyThumbprint: asker.clientKeyThumbprint, ticketSeconds: TICKET_SECONDS, notAfter: endOf(asker, row) },
    };
  }

  #dialled(named: Pick<WatchOffer['hops'][number], 'gatewayId' | 'gatewayName' | 'segment' | 'pins' | 'ticket'>, { row }: Choosable, protocol: Protocol): WatchOffer['hops'][number] {
    return { ...named, host: row.host, ports: portOrder(row.portPreference, row.ports, protocol, this.#parts.randomInt), fallbackPort: row.over443 ? row.linkPort : null };
  }
}

/** No watch outlives the session that it is of, or the watcher's own sign-in. */
function endOf({ sessionExpiresAt }: WatchAsker, { notAfter }: ConnectionRow): string {
  return new Date(Math.min(sessionExpiresAt.getTime(), notAfter.getTime())).toISOString();
}
