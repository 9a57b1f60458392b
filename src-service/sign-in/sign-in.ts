import { and, eq, isNull } from 'drizzle-orm';
import { SIGN_IN_CONTEXT, type SignInResult } from '../../shared/api/sign-in.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ErrorLog } from '../audit/error-log.ts';
import type { Clock } from '../clock.ts';
import { isSignedBy } from '../http/signed-request.ts';
import type { Database } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { users } from '../store/schema.ts';
import type { Passwords } from '../users/password.ts';
import { nameKeyOf, toUser, type UserRow } from '../users/user-rows.ts';
import type { ClientSessions } from './client-sessions.ts';
import type { OneTimeSignIns } from './one-time-sign-ins.ts';
import type { SignInFailures } from './sign-in-failures.ts';
import type { SignInNonces } from './sign-in-nonces.ts';

/** The client's proof that it holds the key to which its session will be bound. */
export interface KeyProof {
  readonly nonce: string;
  readonly clientKey: string;
  readonly signature: string;
}

interface Dependencies {
  readonly database: Database;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly errorLog: Pick<ErrorLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly passwords: Pick<Passwords, 'verify'>;
  readonly nonces: Pick<SignInNonces, 'issue' | 'take'>;
  readonly failures: Pick<SignInFailures, 'countAttempt' | 'forgive'>;
  readonly oneTimeSignIns: Pick<OneTimeSignIns, 'take'>;
  readonly sessions: Pick<ClientSessions, 'open'>;
  /** Called after someone signed in with a password: the file of the first password goes then (rule 27). */
  readonly signedInWithPassword: (user: UserRow) => Promise<void>;
}

/** Signs people in. What a stranger sees and how long it takes is the same whether or not a name exists. */
export class SignIn {
  readonly #with: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
  }

  challenge(): { nonce: string; expiresAt: string; serverTime: string } {
    const { nonce, expiresAt } = this.#with.nonces.issue();
    return { nonce, expiresAt: expiresAt.toISOString(), serverTime: this.#with.clock.now().toISOString() };
  }

  /** Throws `request.signature-invalid`, `sign-in.failed`, `sign-in.locked`, and to who knows the password `sign-in.disabled` or `sign-in.expired`. */
  async withPassword(credentials: { name: string; password: string }, proof: KeyProof, address: string): Promise<SignInResult> {
    await this.#prove(proof);
    const nameKey = nameKeyOf(credentials.name);
    const { locks } = await this.#with.failures.countAttempt(nameKey);
    const [user] = await this.#with.database.select().from(users).where(eq(users.nameKey, nameKey));
    if (!(await this.#with.passwords.verify(user?.passwordHash ?? null, credentials.password)) || user === undefined) throw await this.#refused(user, 'sign-in.failed', address, locks);
    await this.#assertUsable(user, address);
    const result = await this.#open(user, proof.clientKey, 'password', address);
    await this.#with.signedInWithPassword(user);
    return result;
  }

  /** Throws `sign-in.one-time-invalid` where the secret is not known, used or late. */
  async withOneTimeSignIn(oneTimeSignIn: string, proof: KeyProof, address: string): Promise<SignInResult> {
    await this.#prove(proof);
    const userId = this.#with.oneTimeSignIns.take(oneTimeSignIn);
    const [user] = userId === undefined ? [] : await this.#with.database.select().from(users).where(eq(users.id, userId));
    if (user === undefined) throw await this.#refused(undefined, 'sign-in.one-time-invalid', address, false);
    await this.#assertUsable(user, address);
    return this.#open(user, proof.clientKey, 'one-time', address);
  }

  async #prove({ nonce, clientKey, signature }: KeyProof): Promise<void> {
    if (!isSignedBy(clientKey, `${SIGN_IN_CONTEXT}\n${nonce}\n${clientKey}`, signature) || !(await this.#with.nonces.take(nonce))) throw new MavisError('request.signature-invalid');
  }

  async #assertUsable(user: UserRow, address: string): Promise<void> {
    if (user.disabledAt !== null) throw await this.#refused(user, 'sign-in.disabled', address, false);
    if (user.expiresAt !== null && user.expiresAt <= this.#with.clock.now()) throw await this.#refused(user, 'sign-in.expired', address, false);
  }

  /**
   * Writes the refusal down and gives the error. A name that no user has is not written: people type their password into the
   * wrong field.
   */
  async #refused(user: UserRow | undefined, code: ErrorCode, address: string, locks: boolean): Promise<MavisError> {
    const { database, auditLog, errorLog } = this.#with;
    const actor = { kind: 'user' as const, id: user?.id ?? null, name: user?.name ?? '(unknown)' };
    await database.transaction(async (transaction) => {
      await auditLog.append(transaction, { kind: 'sign-in.refused', actor, facts: { code, address } });
      if (locks) {
        if (user !== undefined) await notify(transaction, 'users', user.id);
        await auditLog.append(transaction, { kind: 'sign-in.locked', actor, facts: { address } });
        await errorLog.append(transaction, { code: 'sign-in.locked', facts: { name: actor.name, address } });
      }
    });
    return new MavisError(code);
  }

  async #open(user: UserRow, clientKey: string, via: 'password' | 'one-time', address: string): Promise<SignInResult> {
    const { database, auditLog, failures, sessions, clock } = this.#with;
    const now = clock.now();
    const opened = await database.transaction(async (transaction) => {
      // Reset or disabled since the password was verified: what that ended does not begin again.
      const sameHash = user.passwordHash === null ? isNull(users.passwordHash) : eq(users.passwordHash, user.passwordHash);
      const still = await transaction.update(users).set({ lastSignInAt: now }).where(and(eq(users.id, user.id), sameHash, isNull(users.disabledAt))).returning({ id: users.id });
      if (still.length === 0) return undefined;
      await failures.forgive(transaction, user.nameKey);
      await auditLog.append(transaction, { kind: 'sign-in.succeeded', actor: { kind: 'user', id: user.id, name: user.name }, facts: { via, address } });
      return sessions.open(transaction, { userId: user.id, userExpiresAt: user.expiresAt, clientKey, via, address });
    });
    if (opened === undefined) throw await this.#refused(user, 'sign-in.failed', address, false);
    const { token, expiresAt } = opened;
    const shown = toUser({ ...user, lastSignInAt: now }, null, now);
    return { token, expiresAt: expiresAt.toISOString(), user: { ...shown, mustChangePassword: user.mustChangePassword && via === 'password' } };
  }
}
