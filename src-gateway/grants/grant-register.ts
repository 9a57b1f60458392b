import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConnectionId, ConnectionReference, Protocol, UserId } from '../../shared/ids.ts';
import type { Grant } from '../../shared/link/messages.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { sameThumbprint } from '../keys/fingerprint.ts';
import type { TicketRefusal } from '../tickets/ticket.ts';

/** Grants that wait at once: each lives 30 s at most, so this is over 300 connections asked every second. */
const MAX_GRANTS = 10_000;
/** Tickets remembered after they were used or late, to tell the true reason and to refuse the same one again. */
const MAX_SPENT = 50_000;
/** How long one is remembered: ten times a ticket's life. */
const SPENT_MS = 5 * 60_000;
/** A user who was disabled gets no grant for so long: one that was on its way comes too late (rule 11). */
const TOMBSTONE_MS = 60_000;
/** Tombstones that are kept; an administrator disables one at a time. */
const MAX_TOMBSTONES = 10_000;

interface HeldGrant {
  readonly grant: Grant;
  readonly lateAtMs: number;
}

interface SpentTicket {
  readonly reason: TicketRefusal;
  readonly connectionId: ConnectionId | undefined;
  readonly reference: ConnectionReference | undefined;
  readonly forgetAtMs: number;
}

/** What a client shows with its hello. */
export interface PresentedTicket {
  readonly ticketSha256: string;
  readonly thumbprint: string;
  readonly protocol: Protocol;
  /** Shown on the link port, which is only for grants that say so. */
  readonly over443: boolean;
}

export type PresentedOutcome =
  | { readonly accepted: true; readonly grant: Grant }
  | { readonly accepted: false; readonly reason: TicketRefusal; readonly connectionId: ConnectionId | undefined; readonly reference: ConnectionReference | undefined };

/**
 * The grants that wait for their client: in memory only, found by the SHA-256 of their ticket, gone when used, late or
 * withdrawn (rule 2). Taking a grant and forgetting it is one step, so that of any number of parallel uses exactly one succeeds.
 */
export class GrantRegister {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'wallMs' | 'setTimer'>;
  readonly #gatewayName: string;
  readonly #held = new Map<string, HeldGrant>();
  readonly #spent = new Map<string, SpentTicket>();
  readonly #tombstones = new Map<UserId, { readonly code: ErrorCode; readonly untilMs: number }>();
  #sweep: Timer | undefined;

  /** `recentTickets`: SHA-256 of tickets used shortly before a restart, which are refused if they are pushed again. */
  constructor(clock: Pick<Clock, 'monotonicMs' | 'wallMs' | 'setTimer'>, gatewayName: string, recentTickets: readonly string[] = []) {
    this.#clock = clock;
    this.#gatewayName = gatewayName;
    for (const ticket of recentTickets.slice(-MAX_SPENT)) this.#spend(ticket, 'used', undefined);
  }

  /** Number of grants that wait. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Takes a grant; its ticket's time runs from now. Throws `request.conflict` for a ticket seen before, `session.not-after`
   * for one whose end is over, the code of a tombstone, `gateway.full`.
   */
  add(grant: Grant): void {
    const now = this.#clock.monotonicMs();
    this.#forgetOld(now);
    if (this.#held.has(grant.ticketSha256) || this.#spent.has(grant.ticketSha256)) throw new MavisError('request.conflict', { what: 'ticket' });
    if (Date.parse(grant.notAfter) <= this.#clock.wallMs()) throw new MavisError('session.not-after');
    const tombstone = this.#tombstones.get(userOf(grant));
    if (tombstone !== undefined) throw new MavisError(tombstone.code);
    if (this.#held.size >= MAX_GRANTS) throw new MavisError('gateway.full', { gateway: this.#gatewayName });
    this.#held.set(grant.ticketSha256, { grant, lateAtMs: now + grant.ticketSeconds * 1000 });
    this.#scheduleSweep();
  }

  /** Uses a ticket: the grant is taken out at once. A ticket shown from another key, for another protocol or on a port that it is not for is refused and stays for its own. */
  present({ ticketSha256, thumbprint, protocol, over443 }: PresentedTicket): PresentedOutcome {
    const now = this.#clock.monotonicMs();
    this.#forgetOld(now);
    const held = this.#held.get(ticketSha256);
    if (held === undefined) {
      const spent = this.#spent.get(ticketSha256);
      return { accepted: false, reason: spent?.reason ?? 'unknown', connectionId: spent?.connectionId, reference: spent?.reference };
    }
    const { grant } = held;
    const refused = (reason: TicketRefusal): PresentedOutcome => ({ accepted: false, reason, connectionId: grant.connectionId, reference: grant.reference });
    if (!sameThumbprint(grant.clientKeyThumbprint, thumbprint)) return refused('foreign-key');
    // A forward carries whatever its client speaks inside; only a target's grant and a watch are for one protocol.
    if (grant.kind !== 'forward' && grant.protocol !== protocol) return refused('other-protocol');
    if (over443 && !grant.over443) return refused('not-over-443');
    this.#held.delete(ticketSha256);
    this.#spend(ticketSha256, 'used', grant);
    return { accepted: true, grant };
  }

  /** Withdraws the grants of a connection; gives their number. */
  dropConnection(connection: ConnectionId): number {
    return this.#drop(({ grant }) => grant.connectionId === connection, 'withdrawn');
  }

  /** Withdraws the grants of a user and refuses new ones for 60 s with `code`; gives the number withdrawn. */
  dropUser(user: UserId, code: ErrorCode): number {
    if (this.#tombstones.size >= MAX_TOMBSTONES) this.#tombstones.delete(firstKey(this.#tombstones) ?? user);
    this.#tombstones.delete(user);
    this.#tombstones.set(user, { code, untilMs: this.#clock.monotonicMs() + TOMBSTONE_MS });
    return this.#drop(({ grant }) => userOf(grant) === user, 'withdrawn');
  }

  /** Withdraws what a user might watch; gives the number withdrawn. */
  dropWatcher(user: UserId): number {
    return this.#drop(({ grant }) => grant.kind === 'watch' && grant.watcher.id === user, 'withdrawn');
  }

  /** Forgets all, with the credentials in them. */
  clear(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    this.#held.clear();
  }

  #drop(matches: (held: HeldGrant) => boolean, reason: TicketRefusal): number {
    let dropped = 0;
    for (const [ticket, held] of this.#held) {
      if (!matches(held)) continue;
      this.#held.delete(ticket);
      this.#spend(ticket, reason, held.grant);
      dropped += 1;
    }
    return dropped;
  }

  #forgetOld(now: number): void {
    this.#drop(({ lateAtMs }) => lateAtMs <= now, 'late');
    for (const [ticket, { forgetAtMs }] of this.#spent) {
      if (forgetAtMs > now) break;
      this.#spent.delete(ticket);
    }
    for (const [user, { untilMs }] of this.#tombstones) if (untilMs <= now) this.#tombstones.delete(user);
  }

  #spend(ticket: string, reason: TicketRefusal, grant: Grant | undefined): void {
    if (this.#spent.size >= MAX_SPENT) this.#spent.delete(firstKey(this.#spent) ?? ticket);
    this.#spent.set(ticket, { reason, connectionId: grant?.connectionId, reference: grant?.reference, forgetAtMs: this.#clock.monotonicMs() + SPENT_MS });
  }

  /** Late grants go even where nobody asks: they hold credentials. */
  #scheduleSweep(): void {
    this.#sweep ??= this.#clock.setTimer(() => {
      this.#sweep = undefined;
      this.#forgetOld(this.#clock.monotonicMs());
      if (this.#held.size > 0) this.#scheduleSweep();
    }, 1000);
  }
}

function userOf(grant: Grant): UserId {
  if (grant.kind === 'target') return grant.user.id;
  return grant.kind === 'watch' ? grant.watcher.id : grant.userId;
}

function firstKey<K>(map: ReadonlyMap<K, unknown>): K | undefined {
  return map.keys().next().value;
}
