import { randomUUID } from 'node:crypto';
import { and, eq, isNotNull, isNull, or } from 'drizzle-orm';
import { type ErrorCode, knownErrorCode } from '../../shared/errors/catalogue.ts';
import type { GatewayId, UserId } from '../../shared/ids.ts';
import { serviceActor } from '../audit/audit-log.ts';
import type { Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { connections, gateways, pendingTerminations } from '../store/schema.ts';
import { gatewaysOf } from './connection-transitions.ts';

/** Whose sessions end, why, when it was asked and by whom. */
export interface UserEnding {
  readonly userId: UserId;
  readonly code: ErrorCode;
  readonly at: Date;
  readonly by: string;
}

/**
 * Writes that a user's grants, sessions and resumes end on every gateway (rule 11), in the transaction that disables the user:
 * a service that dies right after it has not forgotten them. Gives the gateways to tell.
 */
export async function writeUserRevocation(transaction: Transaction, ending: UserEnding): Promise<GatewayId[]> {
  const keyed = await transaction.select({ id: gateways.id }).from(gateways).where(and(isNull(gateways.removedAt), isNotNull(gateways.tlsKey)));
  for (const { id } of keyed) await write(transaction, id, 'user', ending.userId, ending);
  await markOpen(transaction, ending);
  return keyed.map(({ id }) => id);
}

/**
 * A user who may come in again is no longer ended as a whole: what gateways were not told yet becomes the end of the connections
 * that were open then. Else a gateway whose link comes back would end those that he has begun since.
 */
export async function narrowUserRevocation(transaction: Transaction, userId: UserId): Promise<void> {
  const untold = await transaction.delete(pendingTerminations).where(and(eq(pendingTerminations.targetKind, 'user'), eq(pendingTerminations.targetId, userId), isNull(pendingTerminations.confirmedAt))).returning();
  for (const { gatewayId, code, askedBy, askedAt } of untold) {
    const meant = await transaction.select({ id: connections.id }).from(connections).where(and(eq(connections.userId, userId), isNull(connections.finalAt), isNotNull(connections.terminateAskedAt), or(eq(connections.gatewayId, gatewayId), eq(connections.firstGatewayId, gatewayId))));
    for (const { id } of meant) await write(transaction, gatewayId, 'connection', id, { code: knownErrorCode(code), at: askedAt, by: askedBy ?? serviceActor.name });
  }
}

/** Writes that a user watches no session any more, on any gateway: the role that let him is gone, or his sign-in. */
export async function writeWatchEndings(transaction: Transaction, ending: UserEnding): Promise<GatewayId[]> {
  const keyed = await transaction.select({ id: gateways.id }).from(gateways).where(and(isNull(gateways.removedAt), isNotNull(gateways.tlsKey)));
  for (const { id } of keyed) await write(transaction, id, 'watcher', ending.userId, ending);
  return keyed.map(({ id }) => id);
}

/** Writes that the connections of a user end which are open now, and only those: whoever may sign in again may connect at once. */
export async function writeSessionEndings(transaction: Transaction, ending: UserEnding): Promise<GatewayId[]> {
  const open = await markOpen(transaction, ending);
  const told = new Set<GatewayId>();
  for (const connection of open) {
    // The first of two holds the forward, over which another resume would come.
    for (const gatewayId of gatewaysOf(connection)) {
      await write(transaction, gatewayId, 'connection', connection.id, ending);
      told.add(gatewayId);
    }
  }
  return [...told];
}

async function markOpen(transaction: Transaction, { userId, code, at, by }: UserEnding) {
  const open = await transaction
    .update(connections)
    .set({ terminateAskedAt: at, terminateAskedBy: by, terminateCode: code })
    .where(and(eq(connections.userId, userId), isNull(connections.finalAt)))
    .returning({ id: connections.id, gatewayId: connections.gatewayId, firstGatewayId: connections.firstGatewayId });
  for (const { id } of open) await notify(transaction, 'connections', id);
  return open;
}

async function write(transaction: Transaction, gatewayId: GatewayId, targetKind: 'connection' | 'user' | 'watcher', targetId: string, { code, at, by }: Pick<UserEnding, 'code' | 'at' | 'by'>): Promise<void> {
  await transaction.insert(pendingTerminations).values({ id: randomUUID(), gatewayId, targetKind, targetId, code, askedBy: by === serviceActor.name ? null : by, askedAt: at }).onConflictDoNothing();
  await notify(transaction, 'terminations', gatewayId);
}
