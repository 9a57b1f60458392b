import { createHash, randomBytes } from 'node:crypto';
import { and, eq, gte, isNull, lt, ne, or } from 'drizzle-orm';
import { knownErrorCode, type ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { UserId } from '../../shared/ids.ts';
import type { Clock } from '../clock.ts';
import type { AuthenticatedSession } from '../http/register-routes.ts';
import { publicKeyThumbprint } from '../keys/public-key.ts';
import type { Database, Queryable, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { clientSessions, users } from '../store/schema.ts';
import { toUser } from '../users/user-rows.ts';

export interface SessionLimits {
  readonly maxMs: number;
  readonly idleMs: number;
}

/** `last_used_at` is written at most this often: exact enough for a limit of minutes, and no write for every request. */
const TOUCH_MS = 30_000;
/** Rows of sessions that are over are kept for a day, for questions about them, then removed. */
const KEEP_MS = 86_400_000;

/** Notices come within milliseconds; a minute also covers a database that was slow to answer. */
const RECENT_MS = 60_000;

/** Sessions of a user that were ended, and why: their event streams say so and close. */
export interface SessionsEnded {
  readonly userId: UserId;
  readonly tokenSha256s: readonly string[];
  readonly code: ErrorCode;
}

/** SHA-256 of a token, base64url: what is stored, and what names a session. */
export function tokenSha256Of(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Session tokens: 256 random bits, stored as their SHA-256, bound to the client's key, over after a limit or when idle. */
export class ClientSessions {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limits: SessionLimits;

  constructor({ database, clock, limits }: { database: Database; clock: Pick<Clock, 'now'>; limits: SessionLimits }) {
    this.#database = database;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Opens a session in the transaction of its sign-in and gives its token, which is nowhere else. It never outlives the account. */
  async open(transaction: Pick<Queryable, 'insert'>, session: { userId: UserId; userExpiresAt: Date | null; clientKey: string; via: 'password' | 'one-time'; address: string }): Promise<{ token: string; expiresAt: Date }> {
    const token = randomBytes(32).toString('base64url');
    const now = this.#clock.now();
    const expiresAt = new Date(Math.min(now.getTime() + this.#limits.maxMs, session.userExpiresAt?.getTime() ?? Number.POSITIVE_INFINITY));
    await transaction.insert(clientSessions).values({
      tokenSha256: tokenSha256Of(token),
      userId: session.userId,
      clientKey: session.clientKey,
      clientKeyThumbprint: publicKeyThumbprint(session.clientKey),
      via: session.via,
      address: session.address,
      createdAt: now,
      lastUsedAt: now,
      expiresAt,
    });
    return { token, expiresAt };
  }

  /** The session of a token. Throws `sign-in.required` where it is not known, revoked, over or idle for too long, `sign-in.disabled` or `sign-in.expired` where the account is. */
  async authenticate(token: string): Promise<AuthenticatedSession> {
    const tokenSha256 = tokenSha256Of(token);
    const [found] = await this.#database.select({ session: clientSessions, user: users }).from(clientSessions).innerJoin(users, eq(users.id, clientSessions.userId)).where(eq(clientSessions.tokenSha256, tokenSha256));
    const now = this.#clock.now();
    if (found === undefined) throw new MavisError('sign-in.required');
    const { session, user } = found;
    if (user.disabledAt !== null) throw new MavisError('sign-in.disabled');
    if (user.expiresAt !== null && user.expiresAt <= now) throw new MavisError('sign-in.expired');
    const idleSince = now.getTime() - session.lastUsedAt.getTime();
    if (session.revokedAt !== null || session.expiresAt <= now || idleSince > this.#limits.idleMs) throw new MavisError('sign-in.required');
    if (idleSince > TOUCH_MS) await this.#database.update(clientSessions).set({ lastUsedAt: now }).where(eq(clientSessions.tokenSha256, tokenSha256));
    const passwordMustChange = user.mustChangePassword && session.via === 'password';
    return {
      user: { ...toUser(user, null, now), mustChangePassword: passwordMustChange },
      tokenSha256,
      clientKey: session.clientKey,
      clientKeyThumbprint: session.clientKeyThumbprint,
      expiresAt: session.expiresAt,
      passwordMustChange,
    };
  }

  /** Why a session is over; undefined while it is good. What was begun under it asks this before it gives something away. */
  async ended(tokenSha256: string): Promise<ErrorCode | undefined> {
    const [session] = await this.#database.select({ revokedAt: clientSessions.revokedAt, code: clientSessions.revokedCode, expiresAt: clientSessions.expiresAt }).from(clientSessions).where(eq(clientSessions.tokenSha256, tokenSha256));
    if (session !== undefined && session.revokedAt === null && session.expiresAt > this.#clock.now()) return undefined;
    return knownErrorCode(session?.code ?? 'sign-in.required');
  }

  /** Ends one session, or with `userId` alone all of a user (but for `except`); every instance is told. Gives how many were open. */
  async revoke(transaction: Transaction, which: { userId: UserId; tokenSha256?: string; except?: string }, code: string): Promise<number> {
    const open = await transaction
      .update(clientSessions)
      .set({ revokedAt: this.#clock.now(), revokedCode: code })
      .where(and(eq(clientSessions.userId, which.userId), isNull(clientSessions.revokedAt), which.tokenSha256 === undefined ? undefined : eq(clientSessions.tokenSha256, which.tokenSha256), which.except === undefined ? undefined : ne(clientSessions.tokenSha256, which.except)))
      .returning({ tokenSha256: clientSessions.tokenSha256 });
    if (open.length > 0) await notify(transaction, 'client_sessions', which.userId);
    return open.length;
  }

  /** The sessions of a user that were ended within the last minute, by reason: what a notice of another instance was about. */
  async recentlyEnded(userId: UserId): Promise<SessionsEnded[]> {
    const since = new Date(this.#clock.now().getTime() - RECENT_MS);
    const rows = await this.#database.select({ tokenSha256: clientSessions.tokenSha256, code: clientSessions.revokedCode }).from(clientSessions).where(and(eq(clientSessions.userId, userId), gte(clientSessions.revokedAt, since)));
    const byCode = Map.groupBy(rows, ({ code }) => knownErrorCode(code ?? 'sign-in.required'));
    return [...byCode].map(([code, ended]) => ({ userId, code, tokenSha256s: ended.map(({ tokenSha256 }) => tokenSha256) }));
  }

  /** Removes rows of sessions that have been over for a day. */
  async removeOld(): Promise<void> {
    const before = new Date(this.#clock.now().getTime() - KEEP_MS);
    await this.#database.delete(clientSessions).where(or(lt(clientSessions.expiresAt, before), lt(clientSessions.revokedAt, before)));
  }
}
