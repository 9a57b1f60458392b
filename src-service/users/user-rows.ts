import { eq, type SQL } from 'drizzle-orm';
import type { User } from '../../shared/api/users.ts';
import type { UserId } from '../../shared/ids.ts';
import type { Queryable } from '../store/database.ts';
import { signInFailures, users } from '../store/schema.ts';

export type UserRow = typeof users.$inferSelect;

/** A name as it is compared: `Ann` and `ANN` are one, and so are ways of writing the same letters. */
export function nameKeyOf(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/** A row as the API shows it: no password. */
export function toUser(row: UserRow, lockedUntil: Date | null, now: Date): User {
  return {
    id: row.id,
    name: row.name,
    displayName: row.displayName,
    role: row.role,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    disabledAt: row.disabledAt?.toISOString() ?? null,
    lockedUntil: lockedUntil !== null && lockedUntil > now ? lockedUntil.toISOString() : null,
    mustChangePassword: row.mustChangePassword,
    createdAt: row.createdAt.toISOString(),
    lastSignInAt: row.lastSignInAt?.toISOString() ?? null,
  };
}

/** Rows with the end of their lock-out. */
export function selectUsers(database: Pick<Queryable, 'select'>, where: SQL | undefined) {
  return database.select({ row: users, lockedUntil: signInFailures.lockedUntil }).from(users).leftJoin(signInFailures, eq(signInFailures.nameKey, users.nameKey)).where(where).$dynamic();
}

/** One user, or undefined. */
export async function readUser(database: Pick<Queryable, 'select'>, id: UserId, now: Date): Promise<User | undefined> {
  const [found] = await selectUsers(database, eq(users.id, id));
  return found === undefined ? undefined : toUser(found.row, found.lockedUntil, now);
}
