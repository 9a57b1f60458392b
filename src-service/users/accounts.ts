import { randomUUID } from 'node:crypto';
import { and, asc, eq, gt, ilike, isNotNull, isNull, lte, ne, or, sql } from 'drizzle-orm';
import type { z } from 'zod';
import type { routes } from '../../shared/api/index.ts';
import type { Role } from '../../shared/api/roles.ts';
import type { User } from '../../shared/api/users.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { userId as userIdSchema, type UserId } from '../../shared/ids.ts';
import { serviceActor, type AuditActor, type AuditLog } from '../audit/audit-log.ts';
import type { Facts } from '../audit/canonical-json.ts';
import { changedFacts } from '../audit/changed-facts.ts';
import type { Clock } from '../clock.ts';
import { mayWatch } from '../connections/connection-watches.ts';
import { narrowUserRevocation, writeSessionEndings, writeUserRevocation, writeWatchEndings } from '../connections/ending-users.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import type { Notice } from '../notices/notice.ts';
import type { ClientSessions } from '../sign-in/client-sessions.ts';
import type { SignInFailures } from '../sign-in/sign-in-failures.ts';
import type { Database, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { users } from '../store/schema.ts';
import { newOneTimePassword, type Passwords } from './password.ts';
import { nameKeyOf, selectUsers, toUser, type UserRow } from './user-rows.ts';

/** What was written to end of this user's grants, sessions and resumes (rule 11) is to be sent now, with this code. */
export interface UserRevoked {
  readonly userId: UserId;
  readonly code: ErrorCode;
}

interface Dependencies {
  readonly database: Database;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly passwords: Pick<Passwords, 'hash' | 'verify'>;
  readonly sessions: Pick<ClientSessions, 'revoke'>;
  readonly failures: Pick<SignInFailures, 'forgive' | 'countAttempt'>;
  readonly revoked: Pick<Notice<UserRevoked>, 'publish'>;
  readonly accessChanged: Pick<Notice<{ userId: UserId | null }>, 'publish'>;
}

type CreateFields = z.output<(typeof routes)['userCreate']['body']>;
type UpdateFields = z.output<(typeof routes)['userUpdate']['body']>;
const BY_NAME = 'users-by-name';
/** The number has no other meaning. */
const ACCOUNTS_LOCK = 799_302;

/**
 * Accounts. An operator (helpdesk) may disable, unlock and sign out anyone but administrators, and reset only users and vendors: the
 * one-time password is shown to the operator, so a reset of an auditor would be a way to an auditor's rights.
 */
export class Accounts {
  readonly #with: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
  }

  /** Accounts by name; `search` looks in both names. */
  async list({ cursor, limit, search }: { cursor?: string | undefined; limit: number; search?: string | undefined }): Promise<{ items: User[]; nextCursor?: string }> {
    const after = cursor === undefined ? undefined : decodeCursor(BY_NAME, cursor)[0];
    const like = search === undefined ? undefined : `%${search.replaceAll(/[\\%_]/g, '\\$&')}%`;
    const rows = await selectUsers(this.#with.database, and(after === undefined ? undefined : gt(users.nameKey, after), like === undefined ? undefined : or(ilike(users.name, like), ilike(users.displayName, like)))).orderBy(asc(users.nameKey)).limit(limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const now = this.#with.clock.now();
    return { items: items.map(({ row, lockedUntil }) => toUser(row, lockedUntil, now)), ...(rows.length > limit && last !== undefined ? { nextCursor: encodeCursor(BY_NAME, [last.row.nameKey]) } : {}) };
  }

  /** Adds an account; without a password it gets a one-time password, which must be changed at the first sign-in. Throws `request.conflict` where the name is taken. */
  async create(actor: AuditActor, fields: CreateFields): Promise<{ user: User; oneTimePassword?: string }> {
    assertVendorExpires(fields.role, fields.expiresAt);
    const { database, passwords, clock } = this.#with;
    const oneTimePassword = fields.password === undefined ? newOneTimePassword() : undefined;
    const passwordHash = await passwords.hash(fields.password ?? oneTimePassword ?? '');
    const now = clock.now();
    const user = await database.transaction(async (transaction) => {
      const [row] = await transaction
        .insert(users)
        .values({ id: userIdSchema.parse(randomUUID()), name: fields.name, nameKey: nameKeyOf(fields.name), displayName: fields.displayName, role: fields.role, passwordHash, mustChangePassword: oneTimePassword !== undefined, expiresAt: dateOrNull(fields.expiresAt), createdAt: now, updatedAt: now })
        .onConflictDoNothing()
        .returning();
      if (row === undefined) throw new MavisError('request.conflict', { what: 'name' });
      await notify(transaction, 'users', row.id);
      await this.#audit(transaction, 'user.created', actor, row, { role: row.role, expiresAt: fields.expiresAt });
      return toUser(row, null, now);
    });
    return { user, ...(oneTimePassword === undefined ? {} : { oneTimePassword }) };
  }

  /** Changes name, role or expiry. Throws `request.conflict` where no administrator would be left. */
  async update(actor: AuditActor, id: UserId, fields: UpdateFields): Promise<User> {
    const { clock } = this.#with;
    const changed = await this.#change(id, async (transaction, before) => {
      const role = fields.role ?? before.role;
      const expiresAt = fields.expiresAt === undefined ? before.expiresAt : dateOrNull(fields.expiresAt);
      assertVendorExpires(role, expiresAt?.toISOString() ?? null);
      if (role !== 'admin' || expiresAt !== null) await assertAnotherAdmin(transaction, before);
      const [row] = await transaction.update(users).set({ displayName: fields.displayName ?? before.displayName, role, expiresAt, expiryDoneAt: null, updatedAt: clock.now() }).where(eq(users.id, id)).returning();
      await this.#audit(transaction, 'user.changed', actor, before, { fields: Object.keys(fields).toSorted(), role, expiresAt: expiresAt?.toISOString() ?? null, ...(row === undefined ? {} : changedFacts(factsOf(before), factsOf(row))) });
      if (row !== undefined) await this.#letInAgain(transaction, before, row);
      if (mayWatch(before.role) && !mayWatch(role)) await writeWatchEndings(transaction, { userId: id, code: 'session.access-changed', at: clock.now(), by: actor.name });
      return row;
    });
    await this.#with.accessChanged.publish({ userId: id });
    return changed;
  }

  /** Disables an account: tokens, grants and sessions end at once. */
  async disable(actor: AuditActor, actorRole: Role, id: UserId): Promise<User> {
    const { clock, sessions, revoked } = this.#with;
    const user = await this.#change(id, async (transaction, before) => {
      assertMayActOn(actorRole, before, ['operator', 'auditor', 'user', 'vendor']);
      await assertAnotherAdmin(transaction, before);
      const [row] = await transaction.update(users).set({ disabledAt: before.disabledAt ?? clock.now(), updatedAt: clock.now() }).where(eq(users.id, id)).returning();
      const tokens = await sessions.revoke(transaction, { userId: id }, 'sign-in.disabled');
      await writeUserRevocation(transaction, { userId: id, code: 'session.user-disabled', at: clock.now(), by: actor.name });
      await this.#audit(transaction, 'user.disabled', actor, before, { tokens, ...(row === undefined ? {} : changedFacts(factsOf(before), factsOf(row))) });
      return row;
    });
    await revoked.publish({ userId: id, code: 'session.user-disabled' });
    return user;
  }

  async enable(actor: AuditActor, id: UserId): Promise<User> {
    return this.#change(id, async (transaction, before) => {
      const [row] = await transaction.update(users).set({ disabledAt: null, updatedAt: this.#with.clock.now() }).where(eq(users.id, id)).returning();
      if (row !== undefined) await this.#letInAgain(transaction, before, row);
      await this.#audit(transaction, 'user.enabled', actor, before, row === undefined ? {} : changedFacts(factsOf(before), factsOf(row)));
      return row;
    });
  }

  /** Lifts a lock-out: a guesser who is an operator would have as many tries at an administrator's password as he likes. */
  async unlock(actor: AuditActor, actorRole: Role, id: UserId): Promise<User> {
    return this.#change(id, async (transaction, before) => {
      assertMayActOn(actorRole, before, ['operator', 'auditor', 'user', 'vendor']);
      await this.#with.failures.forgive(transaction, before.nameKey);
      await this.#audit(transaction, 'user.unlocked', actor, before);
      return before;
    });
  }

  /** Gives a one-time password, shown once, signs the user out everywhere and ends his sessions: who had the old password may sit in them. */
  async resetPassword(actor: AuditActor, actorRole: Role, id: UserId): Promise<string> {
    const { passwords, sessions, failures, clock } = this.#with;
    const oneTimePassword = newOneTimePassword();
    const passwordHash = await passwords.hash(oneTimePassword);
    await this.#change(id, async (transaction, before) => {
      assertMayActOn(actorRole, before, ['user', 'vendor']);
      const [row] = await transaction.update(users).set({ passwordHash, mustChangePassword: true, updatedAt: clock.now() }).where(eq(users.id, id)).returning();
      await failures.forgive(transaction, before.nameKey);
      const tokens = await sessions.revoke(transaction, { userId: id }, 'sign-in.required');
      await writeSessionEndings(transaction, { userId: id, code: 'session.sign-in-revoked', at: clock.now(), by: actor.name });
      await writeWatchEndings(transaction, { userId: id, code: 'session.sign-in-revoked', at: clock.now(), by: actor.name });
      await this.#audit(transaction, 'user.password-reset', actor, before, { tokens });
      return row;
    });
    await this.#with.revoked.publish({ userId: id, code: 'session.sign-in-revoked' });
    return oneTimePassword;
  }

  /** Signs a user out everywhere and ends his sessions: a computer that was lost may hold them. Signing out by oneself ends none. */
  async revokeTokens(actor: AuditActor, actorRole: Role, id: UserId): Promise<void> {
    await this.#change(id, async (transaction, before) => {
      assertMayActOn(actorRole, before, ['operator', 'auditor', 'user', 'vendor']);
      const tokens = await this.#with.sessions.revoke(transaction, { userId: id }, 'sign-in.required');
      await writeSessionEndings(transaction, { userId: id, code: 'session.sign-in-revoked', at: this.#with.clock.now(), by: actor.name });
      await writeWatchEndings(transaction, { userId: id, code: 'session.sign-in-revoked', at: this.#with.clock.now(), by: actor.name });
      await this.#audit(transaction, 'user.tokens-revoked', actor, before, { tokens });
      return before;
    });
    await this.#with.revoked.publish({ userId: id, code: 'session.sign-in-revoked' });
  }

  async signOut(actor: AuditActor, id: UserId, tokenSha256: string): Promise<void> {
    await this.#change(id, async (transaction, before) => {
      await this.#with.sessions.revoke(transaction, { userId: id, tokenSha256 }, 'sign-in.required');
      await this.#audit(transaction, 'sign-out.done', actor, before);
      return before;
    });
  }

  /** Changes one's own password and signs out one's other sessions. Throws `password.wrong`, `sign-in.locked`. */
  async changeOwnPassword(actor: AuditActor, id: UserId, tokenSha256: string, current: string, next: string): Promise<void> {
    const { database, passwords, sessions, failures, clock } = this.#with;
    const [user] = await database.select().from(users).where(eq(users.id, id));
    if (user === undefined) throw new MavisError('request.not-found');
    // Whoever holds a stolen token must not get more guesses at the password than at the sign-in.
    await failures.countAttempt(user.nameKey);
    if (!(await passwords.verify(user.passwordHash, current))) throw new MavisError('password.wrong');
    if (next === current) throw new MavisError('password.too-weak', { characters: 12 });
    const passwordHash = await passwords.hash(next);
    await this.#change(id, async (transaction, before) => {
      // Reset since it was verified: who only knew the old one does not undo that.
      if (before.passwordHash !== user.passwordHash) throw new MavisError('password.wrong');
      const [row] = await transaction.update(users).set({ passwordHash, mustChangePassword: false, updatedAt: clock.now() }).where(eq(users.id, id)).returning();
      await failures.forgive(transaction, before.nameKey);
      await sessions.revoke(transaction, { userId: id, except: tokenSha256 }, 'sign-in.required');
      await this.#audit(transaction, 'user.password-changed', actor, before);
      return row;
    });
  }

  /** What gateways have not heard yet of the end of a user ends no session that he begins from now on. */
  async #letInAgain(transaction: Transaction, before: UserRow, row: UserRow): Promise<void> {
    const now = this.#with.clock.now();
    const out = ({ disabledAt, expiresAt }: UserRow): boolean => disabledAt !== null || (expiresAt !== null && expiresAt <= now);
    if (out(before) && !out(row)) await narrowUserRevocation(transaction, row.id);
  }

  /** Carries out expiries that have come: tokens, grants and sessions of these users end. Gives how many. */
  async expire(): Promise<number> {
    const { database, clock, sessions, revoked } = this.#with;
    const now = clock.now();
    const expired = await database.transaction(async (transaction) => {
      const rows = await transaction.update(users).set({ expiryDoneAt: now }).where(and(isNotNull(users.expiresAt), lte(users.expiresAt, now), isNull(users.expiryDoneAt))).returning();
      for (const row of rows) {
        await sessions.revoke(transaction, { userId: row.id }, 'sign-in.expired');
        await writeUserRevocation(transaction, { userId: row.id, code: 'session.user-disabled', at: now, by: serviceActor.name });
        await notify(transaction, 'users', row.id);
        await this.#audit(transaction, 'user.expired', serviceActor, row);
      }
      return rows;
    });
    for (const row of expired) await revoked.publish({ userId: row.id, code: 'session.user-disabled' });
    return expired.length;
  }

  /** The account of a name. Throws `request.not-found`. */
  async byName(name: string): Promise<User> {
    const [found] = await selectUsers(this.#with.database, eq(users.nameKey, nameKeyOf(name)));
    if (found === undefined) throw new MavisError('request.not-found');
    return toUser(found.row, found.lockedUntil, this.#with.clock.now());
  }

  async #change(id: UserId, change: (transaction: Transaction, before: UserRow) => Promise<UserRow | undefined>): Promise<User> {
    return this.#with.database.transaction(async (transaction) => {
      // One change of accounts at a time: two that each lock the other's administrators would wait for one another.
      await transaction.execute(sql`SELECT pg_advisory_xact_lock(${ACCOUNTS_LOCK})`);
      const [before] = await transaction.select().from(users).where(eq(users.id, id)).for('update');
      const after = before === undefined ? undefined : await change(transaction, before);
      if (after === undefined) throw new MavisError('request.not-found');
      await notify(transaction, 'users', id);
      const [shown] = await selectUsers(transaction, eq(users.id, id));
      return toUser(after, shown?.lockedUntil ?? null, this.#with.clock.now());
    });
  }

  async #audit(transaction: Transaction, kind: string, actor: AuditActor, about: UserRow, facts: Facts = {}): Promise<void> {
    await this.#with.auditLog.append(transaction, { kind, actor, facts: { ...facts, userId: about.id, userName: about.name } });
  }
}

/** What an account is, as entries tell it: never its password. */
function factsOf({ displayName, role, expiresAt, disabledAt }: UserRow): Facts {
  return { displayName, role, expiresAt: expiresAt?.toISOString() ?? null, disabled: disabledAt !== null };
}

function assertVendorExpires(role: Role, expiresAt: string | null): void {
  if (role === 'vendor' && expiresAt === null) throw new MavisError('request.invalid', { field: 'expiresAt' });
}

function assertMayActOn(actorRole: Role, target: UserRow, operatorMay: readonly Role[]): void {
  if (actorRole !== 'admin' && !operatorMay.includes(target.role)) throw new MavisError('access.denied');
}

/** Throws `request.conflict` where `target` is the last administrator who is enabled for good. The rows are locked, so that two cannot go at once. */
async function assertAnotherAdmin(transaction: Transaction, target: UserRow): Promise<void> {
  if (target.role !== 'admin' || target.disabledAt !== null) return;
  const others = await transaction.select({ id: users.id }).from(users).where(and(eq(users.role, 'admin'), isNull(users.disabledAt), isNull(users.expiresAt), ne(users.id, target.id))).orderBy(asc(users.id)).for('update');
  if (others.length === 0) throw new MavisError('request.conflict', { what: 'last-admin' });
}

function dateOrNull(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
