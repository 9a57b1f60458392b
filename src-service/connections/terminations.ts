import { randomUUID } from 'node:crypto';
import { and, asc, eq, isNotNull, isNull } from 'drizzle-orm';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { connectionId as connectionIdSchema, userId as userIdSchema, type ConnectionId, type GatewayId, type UserId } from '../../shared/ids.ts';
import type { Clock } from '../clock.ts';
import type { GatewayRow } from '../gateways/gateway-record.ts';
import type { GatewayLink } from '../link/gateway-link.ts';
import type { Log } from '../logging/log.ts';
import type { Database, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { connections, gateways, pendingTerminations } from '../store/schema.ts';

/** A gateway confirms within this, or the termination stays pending and the screen says so (rule 11). */
const TERMINATE_LIMIT_MS = 3_000;
/** The link takes no longer name. */
const MAX_NAME = 200;
/** Pending ones of one gateway that are sent in one go; the rest follows with the next status. */
const MAX_AT_ONCE = 500;

export type EndTarget = { readonly kind: 'connection'; readonly id: ConnectionId } | { readonly kind: 'user'; readonly id: UserId };

export interface TerminationsParts {
  readonly database: Database;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly linkTo: (row: GatewayRow) => Pick<GatewayLink, 'terminate'>;
}

/**
 * What gateways must be told to end. A termination is written before it is sent and stays until its gateway has confirmed it,
 * so that one whose link is down hears of it first when the link is back (rule 11).
 */
export class Terminations {
  readonly #parts: TerminationsParts;
  /** One flush of a gateway at a time. */
  readonly #flushing = new Map<GatewayId, Promise<boolean>>();

  constructor(parts: TerminationsParts) {
    this.#parts = parts;
  }

  /** Writes a termination for the gateways given; `by` is the person who asked for it, where it was one. */
  async ask(transaction: Transaction, gatewayIds: readonly GatewayId[], target: EndTarget, code: ErrorCode, by: string | null = null): Promise<void> {
    const askedAt = this.#parts.clock.now();
    for (const gatewayId of gatewayIds) {
      await transaction.insert(pendingTerminations).values({ id: randomUUID(), gatewayId, targetKind: target.kind, targetId: target.id, code, askedBy: by, askedAt }).onConflictDoNothing();
      await notify(transaction, 'terminations', gatewayId);
    }
  }

  /** Sends to all gateways at once what is pending for them. Never rejects. */
  async flushAll(): Promise<void> {
    const open = await this.#parts.database.selectDistinct({ gatewayId: pendingTerminations.gatewayId }).from(pendingTerminations).where(isNull(pendingTerminations.confirmedAt));
    await Promise.all(open.map(({ gatewayId }) => this.flush(gatewayId)));
  }

  /** Sends what is pending for a gateway, oldest first; true when all is confirmed. Never rejects: what fails stays pending. */
  flush(gatewayId: GatewayId): Promise<boolean> {
    // Behind a running flush comes another, for what was written after that one had read.
    const next = (this.#flushing.get(gatewayId) ?? Promise.resolve(true)).then(() => this.#flush(gatewayId));
    const owned = next.finally(() => {
      if (this.#flushing.get(gatewayId) === owned) this.#flushing.delete(gatewayId);
    });
    this.#flushing.set(gatewayId, owned);
    return owned;
  }

  /** Resolves when no flush runs: for an orderly stop. */
  async settled(): Promise<void> {
    await Promise.all(this.#flushing.values());
  }

  async #flush(gatewayId: GatewayId): Promise<boolean> {
    const { database, linkTo, log } = this.#parts;
    try {
      const pending = await database.select().from(pendingTerminations).where(and(eq(pendingTerminations.gatewayId, gatewayId), isNull(pendingTerminations.confirmedAt))).orderBy(asc(pendingTerminations.askedAt)).limit(MAX_AT_ONCE);
      if (pending.length === 0) return true;
      const [row] = await database.select().from(gateways).where(and(eq(gateways.id, gatewayId), isNull(gateways.removedAt)));
      if (row === undefined || row.tlsKey === null) return false;
      const link = linkTo(row);
      for (const one of pending) {
        if (!(await this.#stillMeant(one))) continue;
        const target = one.targetKind === 'connection' ? { kind: one.targetKind, connectionId: connectionIdSchema.parse(one.targetId) } : { kind: one.targetKind, userId: userIdSchema.parse(one.targetId) };
        await link.terminate(target, one.code, { timeLimitMs: TERMINATE_LIMIT_MS, ...(one.askedBy === null ? {} : { by: one.askedBy.slice(0, MAX_NAME) }) });
        await this.#confirmed(one);
      }
      return pending.length < MAX_AT_ONCE;
    } catch (error) {
      log.warn('terminations stay pending until the gateway answers', { gatewayId, error });
      return false;
    }
  }

  /** A user who was let in again since is not ended as a whole any more. */
  async #stillMeant({ id, targetKind }: typeof pendingTerminations.$inferSelect): Promise<boolean> {
    if (targetKind !== 'user') return true;
    const [still] = await this.#parts.database.select({ id: pendingTerminations.id }).from(pendingTerminations).where(eq(pendingTerminations.id, id));
    return still !== undefined;
  }

  async #confirmed(one: typeof pendingTerminations.$inferSelect): Promise<void> {
    const now = this.#parts.clock.now();
    await this.#parts.database.transaction(async (transaction) => {
      await transaction.update(pendingTerminations).set({ confirmedAt: now }).where(eq(pendingTerminations.id, one.id));
      // What somebody watched was no connection of his.
      if (one.targetKind === 'watcher') return;
      const meant = one.targetKind === 'connection' ? eq(connections.id, connectionIdSchema.parse(one.targetId)) : and(eq(connections.userId, userIdSchema.parse(one.targetId)), eq(connections.gatewayId, one.gatewayId));
      const confirmed = await transaction.update(connections).set({ terminateConfirmedAt: now }).where(and(meant, isNotNull(connections.terminateAskedAt), isNull(connections.terminateConfirmedAt))).returning({ id: connections.id });
      for (const { id } of confirmed) await notify(transaction, 'connections', id);
    });
  }
}
