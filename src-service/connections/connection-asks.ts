import { and, count, eq, isNull } from 'drizzle-orm';
import type { ConnectionOffer, TriedGateway } from '../../shared/api/connections.ts';
import type { User } from '../../shared/api/users.ts';
import { catalogue, isErrorCode, type ErrorArgs, type ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { connectionReferenceFrom, type ConnectionId, type ConnectionReference, type CredentialId, type GatewayId, type Protocol, type ResourceId, type UserId } from '../../shared/ids.ts';
import type { GrantedCredential } from '../../shared/link/messages.ts';
import { sessionPolicy } from '../../shared/policy/session-policy.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ErrorLog } from '../audit/error-log.ts';
import { noWay } from '../choice/no-way.ts';
import { chooseFirstHop, choosePath, type PathRequest } from '../choice/path-choice.ts';
import type { Clock } from '../clock.ts';
import type { GatewayRow } from '../gateways/gateway-record.ts';
import type { Gateways } from '../gateways/gateways.ts';
import type { GatewayStates } from '../gateways/gateway-states.ts';
import type { Delay } from '../gateways/status-sync.ts';
import { GRANT_LIMIT_MS, type GatewayLink } from '../link/gateway-link.ts';
import type { Log } from '../logging/log.ts';
import type { Database, Transaction } from '../store/database.ts';
import { connectionForwards, connectionTries, connections, resources } from '../store/schema.ts';
import type { TunnelSettings } from '../tunnel/tunnel-settings.ts';
import { givesLess, judgeAccess, type Allowed, type Asker, type Decide, type ResourceRow } from './connection-access.ts';
import { ConnectionGrants, namedHop, TICKET_SECONDS, UNSUPERVISED_SECONDS, type AskedConnection, type Choosable, type GrantedHop } from './connection-grants.ts';
import type { ConnectionRow, ConnectionTransitions } from './connection-transitions.ts';
import type { Terminations } from './terminations.ts';

/** All tries of one connection end after this (rule 4). */
export const CONNECT_DEADLINE_MS = 15_000;
/** The service counts the gateway's 30 seconds from after the answer; this covers what the answer took and what the timers miss. */
const TICKET_MARGIN_MS = 2_000;
/** A journal is read for so long before a retry: of a gateway that answers it takes milliseconds, and the deadline runs. */
const JOURNAL_LIMIT_MS = 1_000;
/**
 * After a failure on L4 the gateway's own word is waited for longer: without it no other gateway may be tried. A gateway writes
 * it before it answers its client, or a moment later where its disk is slow; a journal that was read to its end after this long
 * and holds none will not.
 */
const JOURNAL_WORD_LIMIT_MS = 3_000;
/** A journal that could not be read so far is waited for until this much of the deadline is left: a grant's limit and a dial. */
const ANOTHER_TRY_MS = GRANT_LIMIT_MS + 1_000;
const JOURNAL_AGAIN_MS = 100;
/** All tries of another first gateway for a session that runs: its client asks again, and waits no longer than it would for a dial. */
const RESUME_WAY_LIMIT_MS = 8_000;
/** How often a session may get one: each time an entry in the audit log and a row; one every few seconds for a quarter of an hour. */
const MAX_WAYS = 200;
/** Connections of one user that have not come to their end: far above what a person opens, far below what hurts. */
const MAX_OPEN_PER_USER = 256;

export interface ConnectionAsksParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly errors: Pick<ErrorLog, 'append'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly gateways: Pick<Gateways, 'choosable'>;
  readonly states: Pick<GatewayStates, 'eject'>;
  readonly tunnel: Pick<TunnelSettings, 'read'>;
  readonly transitions: ConnectionTransitions;
  readonly terminations: Pick<Terminations, 'ask' | 'flush'>;
  readonly linkTo: (row: GatewayRow) => Pick<GatewayLink, 'grant'>;
  readonly decide: Decide;
  /** The user as he is now; undefined where he is gone, disabled or expired. */
  readonly activeUser: (id: UserId) => Promise<User | undefined>;
  /** Why the session token of whoever asks is over; undefined while it is good. */
  readonly signInEnded: (tokenSha256: string) => Promise<ErrorCode | undefined>;
  readonly openCredential: (transaction: Transaction, id: CredentialId) => Promise<GrantedCredential>;
  /** Reads what the gateway's journal has now; false where it could not be read. */
  readonly readJournalNow: (gatewayId: GatewayId) => Promise<boolean>;
  readonly delay: Delay;
  readonly newConnectionId: () => ConnectionId;
  readonly randomBytes: (bytes: number) => Uint8Array;
  readonly randomInt: (bound: number) => number;
  /** Told how each request for a connection came out: `granted` or a code. */
  readonly outcome: (outcome: 'granted' | ErrorCode) => void;
}

/** What a connection is wanted for. */
interface AskedFor {
  readonly resourceId: ResourceId;
  readonly protocol: Protocol;
  /** A program of the user's own will be at its end. */
  readonly foreignClient?: boolean | undefined;
}

/** What a grant that was just written gives. */
type Granted = Pick<Allowed, 'resource' | 'policy'> & { readonly direct: boolean };

/** Answers requests for connections: access, choice, grant, and another gateway where one cannot be used (S2, S6, S8, S11). */
export class ConnectionAsks {
  readonly #parts: ConnectionAsksParts;
  readonly #grants: ConnectionGrants;

  constructor(parts: ConnectionAsksParts) {
    this.#parts = parts;
    this.#grants = new ConnectionGrants(parts);
  }

  /** A way to the target. Throws the code of what stands in the way, with the connection's reference; audit and error log hold it by then. */
  async ask(asker: Asker, { resourceId, protocol, foreignClient = false }: AskedFor): Promise<ConnectionOffer> {
    const { database, clock, newConnectionId, randomBytes, transitions } = this.#parts;
    const reference = connectionReferenceFrom(randomBytes(10));
    await this.#refuseTooMany(asker.user);
    const [resource] = await database.select().from(resources).where(and(eq(resources.id, resourceId), isNull(resources.removedAt)));
    if (resource === undefined) throw await this.#unknownResource(asker, resourceId, protocol, reference);

    const askedAt = clock.now();
    const connectionId = newConnectionId();
    const access = await judgeAccess(this.#parts.decide, asker.user, resource, { protocol, foreignClient }, askedAt);
    const row = {
      id: connectionId,
      reference,
      userId: asker.user.id,
      userName: asker.user.name,
      resourceId,
      resourceName: resource.name,
      protocol,
      accessRuleId: 'error' in access ? null : access.rule.id,
      tokenSha256: asker.tokenSha256,
      clientKeyThumbprint: asker.clientKeyThumbprint,
      policy: 'error' in access ? sessionPolicy.parse({}) : access.policy,
      foreignClient,
      state: 'asked' as const,
      askedAt,
      deadlineAt: new Date(askedAt.getTime() + CONNECT_DEADLINE_MS),
      notAfter: 'error' in access ? askedAt : access.notAfter,
    };
    await database.transaction((transaction) => transitions.asked(transaction, row, { actor: asker.actor, address: asker.address, accessRuleName: 'error' in access ? null : access.rule.name }));
    if ('error' in access) return this.#fail(asker, row, access.error);
    return this.#grantSomewhere(asker, row, access, []);
  }

  /**
   * Another gateway after one that the client could not use. Refused where the session may have reached its target's sign-on
   * (rule 4), and after the deadline of all tries.
   */
  async retry(asker: Asker, connectionId: ConnectionId, report: { readonly gatewayId: GatewayId; readonly leg: 'L2' | 'L4'; readonly code: string; readonly milliseconds: number }): Promise<ConnectionOffer> {
    const { database, clock, delay, transitions, terminations, states } = this.#parts;
    const before = await this.#own(asker, connectionId);
    const { gatewayId, firstGatewayId } = before;
    const atFirst = firstGatewayId !== null && report.gatewayId === firstGatewayId;
    if (gatewayId === null || (gatewayId !== report.gatewayId && !atFirst)) throw new MavisError('request.conflict', { what: 'gateway' }, { reference: before.reference });
    const code = retryableCode(report.code, report.leg);
    if (code === undefined) throw new MavisError('request.conflict', { what: 'code' }, { reference: before.reference });
    // Where the last gateway was not reached its journal says nothing of it; like a dial that failed, it sent no credential.
    const beforeLast = atFirst || code === 'tunnel.next-unreachable';
    // What the gateway itself says counts for more than the client's word: a sign-on that was refused is never repeated.
    const row = await this.#afterJournal(asker, connectionId, gatewayId, beforeLast ? 'L2' : report.leg);
    if (row.state !== 'granted') throw refusedRetry(row);

    const gatewayName = (atFirst ? row.firstGatewayName : row.gatewayName) ?? '';
    await database.transaction(async (transaction) => {
      if (!(await transitions.movedOn(transaction, connectionId, gatewayId))) throw new MavisError('request.conflict', { what: 'state' }, { reference: row.reference });
      await transitions.tried(transaction, row, { gatewayId: report.gatewayId, gatewayName, leg: report.leg, code, milliseconds: report.milliseconds }, 'client');
      // The old grant dies, so that the connection cannot stand twice; where the gateway does not answer it dies by its ticket's time.
      // A forward to a last gateway that failed leads nowhere any more: its first hop may be used again at once.
      await terminations.ask(transaction, atFirst ? [report.gatewayId, gatewayId] : [gatewayId], { kind: 'connection', id: connectionId }, 'connect.cancelled');
    });
    // What stands in the way in the client's own network says nothing of the gateway.
    if (report.leg === 'L2' && catalogue[code].leg !== 'client') await states.eject(report.gatewayId, code, row.reference);
    // Not waited for: a gateway that does not answer must not use up the time for the next one. It stays pending there.
    terminations.flush(report.gatewayId).catch((error: unknown) => this.#parts.log.error('a dropped grant could not be sent', { reference: row.reference, error }));
    // The last gateway may be chosen again behind another first hop, once it has confirmed that the old grant is gone: a word that came later would end the new one.
    const dropped = !atFirst || (await Promise.race([terminations.flush(gatewayId), delay(JOURNAL_LIMIT_MS, asker.signal).then(() => false)]));

    const [resource] = await database.select().from(resources).where(and(eq(resources.id, row.resourceId), isNull(resources.removedAt)));
    const access = resource === undefined ? { error: new MavisError('resource.unknown') } : await judgeAccess(this.#parts.decide, asker.user, resource, row, clock.now());
    if ('error' in access) return this.#fail(asker, row, access.error);
    await transitions.judgedAnew(database, connectionId, access);
    return this.#grantSomewhere(asker, row, access, await this.#triedOf(connectionId), dropped ? [] : [gatewayId]);
  }

  /**
   * Another first gateway for a session over two whose first one is gone or has forgotten it (rule 10): while the session and
   * its user are valid, and never beyond the end that the session had. `failed` is taken again only where there is no other.
   * Throws why the session is over, or `tunnel.no-default-gateway`.
   */
  async resumeWay(asker: Asker, connectionId: ConnectionId, failed: GatewayId): Promise<ConnectionOffer['hops'][number]> {
    const { database, clock, gateways, states, transitions, tunnel, randomInt, activeUser, log } = this.#parts;
    const row = await this.#own(asker, connectionId);
    const over = overBecause(row);
    if (over !== undefined) throw new MavisError(over, {}, { reference: row.reference });
    if (row.firstGatewayId === null || row.gatewayId === null) throw new MavisError('request.conflict', { what: 'gateway' }, { reference: row.reference });
    const [ways] = await database.select({ number: count() }).from(connectionForwards).where(eq(connectionForwards.connectionId, connectionId));
    if ((ways?.number ?? 0) >= MAX_WAYS) throw new MavisError('request.too-many', { seconds: UNSUPERVISED_SECONDS.others });
    const user = await activeUser(asker.user.id);
    const [resource] = await database.select().from(resources).where(and(eq(resources.id, row.resourceId), isNull(resources.removedAt)));
    if (user === undefined || resource === undefined) throw new MavisError(user === undefined ? 'session.user-disabled' : 'session.access-changed', {}, { reference: row.reference });
    const access = await judgeAccess(this.#parts.decide, user, resource, row, clock.now());
    if ('error' in access) throw new MavisError('session.access-changed', {}, { reference: row.reference, cause: access.error });
    const notAfter = new Date(Math.min(access.notAfter.getTime(), row.notAfter.getTime()));
    if (notAfter <= clock.now()) throw new MavisError('session.not-after', {}, { reference: row.reference });

    const { default: through } = await tunnel.read();
    const endMs = clock.monotonicMs() + RESUME_WAY_LIMIT_MS;
    const tried = new Set<GatewayId>();
    for (;;) {
      const choosable = await gateways.choosable();
      const last = choosable.find(({ id }) => id === row.gatewayId);
      if (last === undefined) throw new MavisError('session.gateway-lost', { gateway: row.gatewayName ?? '' }, { reference: row.reference });
      const request = { gateways: choosable, through, protocol: row.protocol, randomInt };
      const first = chooseFirstHop({ ...request, tried: new Set([...tried, last.id, failed]) }) ?? chooseFirstHop({ ...request, tried: new Set([...tried, last.id]) });
      const leftMs = endMs - clock.monotonicMs();
      if (first === undefined || leftMs <= 0) throw new MavisError('tunnel.no-default-gateway', {}, { reference: row.reference });
      const granted = await this.#grants.forward(asker, row, { ...access, notAfter }, first, last, Math.min(GRANT_LIMIT_MS, leftMs));
      if ('error' in granted) {
        tried.add(first.id);
        log.warn('a first gateway took no grant for a session', { reference: row.reference, gatewayName: first.row.name, code: granted.error.code });
        await states.eject(first.id, granted.error.code, row.reference);
        continue;
      }
      if (await database.transaction((transaction) => transitions.firstReplaced(transaction, row, first.row, asker.actor))) return this.#grants.firstHop(granted, access, row.protocol);
      await this.#withdraw(row, [first.id], 'connect.cancelled');
      throw new MavisError(overBecause(await this.#own(asker, connectionId)) ?? 'session.ended', {}, { reference: row.reference });
    }
  }

  /**
   * The connection as it stands after its gateway's journal was read. A failure on L4 is one only where the gateway says so:
   * a journal that many entries wait in, or whose reading takes long, is waited for as long as the deadline leaves time for
   * another try. Throws `request.conflict` where the gateway does not say it.
   */
  async #afterJournal(asker: Asker, connectionId: ConnectionId, gatewayId: GatewayId, leg: 'L2' | 'L4'): Promise<ConnectionRow> {
    const { clock, delay, readJournalNow } = this.#parts;
    const begun = clock.monotonicMs();
    for (;;) {
      const whole = await Promise.race([readJournalNow(gatewayId), delay(JOURNAL_LIMIT_MS, asker.signal).then(() => false)]);
      const row = await this.#own(asker, connectionId);
      if (leg === 'L2' || row.state !== 'granted' || row.code !== null) return row;
      const saysNothing = whole && clock.monotonicMs() - begun > JOURNAL_WORD_LIMIT_MS;
      if (saysNothing || row.deadlineAt.getTime() - clock.now().getTime() < ANOTHER_TRY_MS) throw new MavisError('request.conflict', { what: 'journal' }, { reference: row.reference });
      await delay(JOURNAL_AGAIN_MS, asker.signal);
    }
  }

  /** Finds a way and has its gateways take their grants, the last one first. `avoid`: gateways that must not be chosen now. */
  async #grantSomewhere(asker: Asker, row: AskedConnection, access: Allowed, triedBefore: readonly TriedGateway[], avoid: readonly GatewayId[] = []): Promise<ConnectionOffer> {
    const { clock, gateways, tunnel: settings, randomInt } = this.#parts;
    const tried = [...triedBefore];
    for (;;) {
      const timeLimitMs = await this.#timeLeft(asker, row);
      const { enabled, default: through } = await settings.read();
      const tunnel = access.tunnelAlways || enabled;
      const request = { tags: access.resource.tags, protocol: row.protocol, tunnel, through, randomInt };
      const path = choosePath({ ...request, gateways: await gateways.choosable(), tried: excluded(tried, avoid) });
      if (path.kind !== 'path') return this.#fail(asker, row, lastReason(tried) ?? noWay(path));

      const begun = clock.monotonicMs();
      const last = await this.#grants.toTarget(asker, row, access, path.last, tunnel, timeLimitMs);
      if ('error' in last) {
        await this.#noteFailed(asker, row, path.last, last.error, clock.monotonicMs() - begun, tried);
        continue;
      }
      const first = path.first === null ? null : await this.#grantFirstHop(asker, row, access, path.first, last.gateway, request, tried, avoid);
      return this.#offer(asker, row, access, { first, last, tunnel }, tried);
    }
  }

  /** A first hop that takes the forward: the one chosen, or another default gateway. The last gateway's grant stands meanwhile, and goes where none is left. */
  async #grantFirstHop(asker: Asker, row: AskedConnection, access: Allowed, chosen: Choosable, last: Choosable, request: Omit<PathRequest<Choosable>, 'gateways' | 'tried'>, tried: TriedGateway[], avoid: readonly GatewayId[]): Promise<GrantedHop> {
    const { clock, gateways } = this.#parts;
    try {
      for (let first: Choosable | undefined = chosen; first !== undefined; ) {
        const begun = clock.monotonicMs();
        const granted = await this.#grants.forward(asker, row, access, first, last, await this.#timeLeft(asker, row));
        if (!('error' in granted)) return granted;
        await this.#noteFailed(asker, row, first, granted.error, clock.monotonicMs() - begun, tried);
        first = chooseFirstHop({ ...request, gateways: await gateways.choosable(), tried: excluded(tried, [...avoid, last.id]) });
      }
    } catch (thrown) {
      await this.#withdraw(row, [last.id], 'connect.cancelled');
      throw thrown;
    }
    await this.#withdraw(row, [last.id], 'connect.cancelled');
    return this.#fail(asker, row, noWay({ kind: 'no-default-gateway' }));
  }

  /** Milliseconds that a grant may take now; throws where the connection was given up or its time is over. */
  async #timeLeft(asker: Asker, row: AskedConnection): Promise<number> {
    if (asker.signal.aborted) return this.#fail(asker, row, new MavisError('connect.cancelled'));
    const remainingMs = row.deadlineAt.getTime() - this.#parts.clock.now().getTime();
    if (remainingMs <= 0) return this.#fail(asker, row, new MavisError('connect.deadline', { seconds: CONNECT_DEADLINE_MS / 1000 }));
    return Math.min(GRANT_LIMIT_MS, remainingMs);
  }

  /** Notes a gateway that took no grant and takes it out of the choice; throws where its error leaves no other to be tried. */
  async #noteFailed(asker: Asker, row: AskedConnection, gateway: Choosable, error: MavisError, milliseconds: number, tried: TriedGateway[]): Promise<void> {
    const { database, transitions, states } = this.#parts;
    if (!catalogue[error.code].anotherGateway) await this.#fail(asker, row, error);
    const one: TriedGateway = { gatewayId: gateway.id, gatewayName: gateway.row.name, leg: 'L3', code: error.code, milliseconds };
    tried.push(one);
    await database.transaction((transaction) => transitions.tried(transaction, row, one, 'service'));
    await states.eject(gateway.id, error.code, row.reference);
  }

  /**
   * Judges once more, after the grant is written: a change of a role, a rule, a user or a sign-in that came in between has judged
   * the live connections without this one, or sees it from now on (rule 11). Writes the end where it is not allowed any more.
   */
  async #stillAllowed(asker: Asker, row: Pick<ConnectionRow, 'id' | 'protocol' | 'foreignClient'>, granted: Granted): Promise<boolean> {
    const { database, clock } = this.#parts;
    const code = await this.#whyNotNow(asker, row, granted);
    if (code === undefined) return true;
    await database.update(connections).set({ terminateAskedAt: clock.now(), terminateCode: code }).where(and(eq(connections.id, row.id), isNull(connections.terminateAskedAt)));
    return false;
  }

  async #whyNotNow(asker: Asker, row: Pick<ConnectionRow, 'protocol' | 'foreignClient'>, granted: Granted): Promise<ErrorCode | undefined> {
    const { clock, decide, activeUser, signInEnded } = this.#parts;
    const user = await activeUser(asker.user.id);
    if (user === undefined) return 'session.user-disabled';
    if ((await signInEnded(asker.tokenSha256)) !== undefined) return 'session.sign-in-revoked';
    // Whether the resource is still there is part of the decision, which goes by the inventory.
    const access = await judgeAccess(decide, user, granted.resource, row, clock.now());
    return 'error' in access || givesLess(access, user, { ...granted, ...row, signedOn: false }) ? 'session.access-changed' : undefined;
  }

  /** Writes that the way stands and gives it to the client: of the first hop the address, of one behind it name and key alone (rule 8). */
  async #offer(asker: Asker, row: AskedConnection, access: Allowed, { first, last, tunnel }: { readonly first: GrantedHop | null; readonly last: GrantedHop; readonly tunnel: boolean }, tried: readonly TriedGateway[]): Promise<ConnectionOffer> {
    const { database, clock, outcome, transitions } = this.#parts;
    const expiresAt = new Date(clock.now().getTime() + TICKET_SECONDS * 1000 + TICKET_MARGIN_MS);
    const way = { first: first?.gateway.row ?? null, last: last.gateway.row, tunnel, rule: access.rule, tried };
    const stands = await database.transaction((transaction) => transitions.granted(transaction, row.id, way, expiresAt, asker.actor));
    if (!stands || !(await this.#stillAllowed(asker, row, { ...access, direct: !tunnel }))) return this.#endedMeanwhile(asker, row, [last.gateway.id, ...(first === null ? [] : [first.gateway.id])]);
    outcome('granted');
    return {
      connectionId: row.id,
      reference: row.reference,
      protocol: row.protocol,
      resource: { id: access.resource.id, name: access.resource.name },
      protocols: await this.#allowedProtocols(asker.user, access.resource),
      hops: first === null ? [this.#grants.firstHop(last, access, row.protocol)] : [this.#grants.firstHop(first, access, row.protocol), { ...namedHop(last), host: null, ports: [], fallbackPort: null }],
      tried: [...tried],
      policy: access.policy,
      notAfter: access.notAfter.toISOString(),
      deadlineMs: Math.min(CONNECT_DEADLINE_MS, Math.max(0, Math.round(row.deadlineAt.getTime() - clock.now().getTime()))),
      tunnel,
    };
  }

  /** The protocols of a resource in which the user may open a connection now, so that his window offers no other. */
  async #allowedProtocols(user: User, resource: ResourceRow): Promise<Protocol[]> {
    const now = this.#parts.clock.now();
    const judged = await Promise.all(resource.protocols.map(async ({ protocol }) => ({ protocol, access: await judgeAccess(this.#parts.decide, user, resource, { protocol, foreignClient: false }, now) })));
    return judged.flatMap(({ protocol, access }) => ('error' in access ? [] : [protocol]));
  }

  /** Ended while the grants were under way (terminated, user disabled, access changed): what the gateways hold goes too. */
  async #endedMeanwhile(asker: Asker, row: AskedConnection, gatewayIds: readonly GatewayId[]): Promise<never> {
    const { database } = this.#parts;
    const [now] = await database.select({ code: connections.terminateCode }).from(connections).where(eq(connections.id, row.id));
    const code = now !== undefined && now.code !== null && isErrorCode(now.code) ? now.code : 'session.terminated';
    await this.#withdraw(row, gatewayIds, code);
    return this.#fail(asker, row, new MavisError(code));
  }

  async #withdraw(row: Pick<ConnectionRow, 'id'>, gatewayIds: readonly GatewayId[], code: ErrorCode): Promise<void> {
    const { database, terminations } = this.#parts;
    await database.transaction((transaction) => terminations.ask(transaction, gatewayIds, { kind: 'connection', id: row.id }, code));
    await Promise.all(gatewayIds.map((gatewayId) => terminations.flush(gatewayId)));
  }

  /** Writes the one final entry of a connection that failed before anything was dialled, and throws its code under the reference. */
  async #fail(asker: Asker, row: Pick<ConnectionRow, 'id' | 'reference'>, error: MavisError): Promise<never> {
    const { database, clock, transitions, outcome, log } = this.#parts;
    await database.transaction((transaction) => transitions.finish(transaction, row.id, { state: 'failed', code: error.code, at: clock.now(), actor: asker.actor, facts: textsOf(error.args) }));
    outcome(error.code);
    log.warn('connection failed', { reference: row.reference, code: error.code, leg: error.entry.leg, error: error.cause });
    throw new MavisError(error.code, error.args, { reference: row.reference, cause: error });
  }

  async #unknownResource(asker: Asker, resourceId: ResourceId, protocol: Protocol, reference: ConnectionReference): Promise<MavisError> {
    const { database, audit, errors, outcome } = this.#parts;
    const facts = { userId: asker.user.id, user: asker.user.name, resourceId, protocol, code: 'resource.unknown' };
    // There is no resource that a connection could belong to: the two entries are all that is kept.
    await database.transaction(async (transaction) => {
      await audit.append(transaction, { kind: 'connection.failed', actor: asker.actor, reference, facts });
      await errors.append(transaction, { code: 'resource.unknown', reference, facts });
    });
    outcome('resource.unknown');
    // To the asker as if it were there: whoever guesses ids learns nothing of what is. The entries tell the two apart.
    return new MavisError('access.denied', {}, { reference });
  }

  async #refuseTooMany(user: User): Promise<void> {
    const [open] = await countOpen(this.#parts.database, user.id);
    if ((open?.number ?? 0) >= MAX_OPEN_PER_USER) throw new MavisError('request.too-many', { seconds: TICKET_SECONDS });
  }

  /** A connection of the same user and the same client key; others do not learn that it exists (B10). */
  async #own(asker: Asker, connectionId: ConnectionId): Promise<ConnectionRow> {
    const [row] = await this.#parts.database.select().from(connections).where(eq(connections.id, connectionId));
    if (row === undefined || row.userId !== asker.user.id || row.clientKeyThumbprint !== asker.clientKeyThumbprint) throw new MavisError('request.not-found');
    return row;
  }

  async #triedOf(connectionId: ConnectionId): Promise<TriedGateway[]> {
    const tries = await this.#parts.database.select().from(connectionTries).where(eq(connectionTries.connectionId, connectionId)).orderBy(connectionTries.ordinal);
    return tries.map(({ gatewayId, gatewayName, leg, code, milliseconds }) => ({ gatewayId, gatewayName, leg, code, milliseconds }));
  }
}

/** How many connections of a user have not come to their end, in one row. What it costs goes by these alone, not by those of the past. */
export function countOpen(database: Pick<Database, 'select'>, userId: UserId) {
  return database.select({ number: count() }).from(connections).where(and(eq(connections.userId, userId), isNull(connections.finalAt)));
}

/** Why a session is over, or about to be; undefined where it runs. */
function overBecause(row: ConnectionRow): ErrorCode | undefined {
  if (row.finalAt === null && row.terminateAskedAt === null && (row.state === 'granted' || row.state === 'connected')) return undefined;
  const code = row.terminateAskedAt === null ? row.code : row.terminateCode;
  return code !== null && isErrorCode(code) && code.startsWith('session.') ? code : 'session.ended';
}

function excluded(tried: readonly TriedGateway[], avoid: readonly GatewayId[]): ReadonlySet<GatewayId> {
  return new Set([...tried.map(({ gatewayId }) => gatewayId), ...avoid]);
}

/** The code that a client gives for wanting another gateway, where that is a reason to try one: of its leg or its own network, and before any credential was sent. */
function retryableCode(code: string, leg: 'L2' | 'L4'): ErrorCode | undefined {
  if (!isErrorCode(code) || !catalogue[code].anotherGateway) return undefined;
  const ofLeg = catalogue[code].leg;
  return (leg === 'L4' ? ofLeg === 'L4' : ofLeg === 'L2' || ofLeg === 'gateway' || ofLeg === 'client') ? code : undefined;
}

/** Why the last gateway could not be used, where its client or its target was the reason: that no other one is left is not why it failed (S18). */
function lastReason(tried: readonly TriedGateway[]): MavisError | undefined {
  const last = tried.at(-1);
  if (last === undefined || last.leg === 'L3' || !isErrorCode(last.code)) return undefined;
  return new MavisError(last.code, catalogue[last.code].args.includes('gateway') ? { gateway: last.gatewayName } : {});
}

function refusedRetry(row: ConnectionRow): MavisError {
  const code = row.state === 'failed' ? row.code : null;
  return code === null || !isErrorCode(code) ? new MavisError('request.conflict', { what: 'state' }, { reference: row.reference }) : new MavisError(code, {}, { reference: row.reference });
}

function textsOf(args: ErrorArgs): Record<string, string | number> {
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [`arg.${key}`, value]));
}
