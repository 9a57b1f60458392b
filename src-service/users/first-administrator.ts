import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asc, eq } from 'drizzle-orm';
import { userId, type UserId } from '../../shared/ids.ts';
import { serviceActor, type AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import { writePrivateFile } from '../keys/private-file.ts';
import type { Database } from '../store/database.ts';
import { users } from '../store/schema.ts';
import { newOneTimePassword, type Passwords } from './password.ts';

const FILE = 'first-password';
const FIRST_NAME = 'admin';

/** What became of the first administrator: made now, with the password to show where there is a terminal, or there already. */
export type FirstAdministrator = { readonly made: false } | { readonly made: true; readonly oneTimePassword: string };

/** Makes the administrator `admin` with a one-time password where there is no user yet. */
export async function makeFirstAdministrator({ database, auditLog, passwords, clock }: { database: Database; auditLog: Pick<AuditLog, 'append'>; passwords: Pick<Passwords, 'hash'>; clock: Pick<Clock, 'now'> }): Promise<FirstAdministrator> {
  const [there] = await database.select({ id: users.id }).from(users).limit(1);
  if (there !== undefined) return { made: false };
  const oneTimePassword = newOneTimePassword();
  const passwordHash = await passwords.hash(oneTimePassword);
  const now = clock.now();
  return database.transaction(async (transaction) => {
    const [row] = await transaction
      .insert(users)
      .values({ id: userId.parse(randomUUID()), name: FIRST_NAME, nameKey: FIRST_NAME, displayName: 'Administrator', role: 'admin', passwordHash, mustChangePassword: true, createdAt: now, updatedAt: now })
      .onConflictDoNothing()
      .returning();
    if (row === undefined) return { made: false };
    await auditLog.append(transaction, { kind: 'user.created', actor: serviceActor, facts: { userId: row.id, userName: row.name, role: row.role } });
    return { made: true, oneTimePassword };
  });
}

/** The oldest administrator that is enabled: whom a one-time sign-in of the embedded system signs in. */
export async function firstAdministratorId(database: Database): Promise<UserId | undefined> {
  const rows = await database.select().from(users).where(eq(users.role, 'admin')).orderBy(asc(users.createdAt));
  return rows.find((row) => row.disabledAt === null)?.id;
}

/** Leaves the one-time password in a file that only its owner may read, where there is no terminal to show it on (rule 27). */
export async function keepFirstPassword(folder: string, oneTimePassword: string): Promise<string> {
  const path = join(folder, FILE);
  await rm(path, { force: true });
  await writePrivateFile(path, `${oneTimePassword}\n`);
  return path;
}

/** Removes that file when the first administrator signs in with a password; another user's sign-in leaves it. */
export async function removeFirstPassword(folder: string, signedIn: { readonly nameKey: string }): Promise<void> {
  if (signedIn.nameKey !== FIRST_NAME) return;
  await rm(join(folder, FILE), { force: true });
}
