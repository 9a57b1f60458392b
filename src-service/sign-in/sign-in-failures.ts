import { eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Clock } from '../clock.ts';
import { rowsOf, type Database, type Queryable } from '../store/database.ts';
import { signInFailures } from '../store/schema.ts';

/** Five failures within a quarter of an hour lock for a quarter of an hour: a guesser gets 480 tries a day, a forgetful person waits once. */
const MAX_FAILURES = 5;
const WINDOW_MS = 15 * 60_000;
const LOCK_MS = 15 * 60_000;

const counted = z.object({ failures: z.coerce.number(), locked: z.boolean() });

/** Counts failed sign-ins by name and locks the name out. A name that no user has is counted alike. */
export class SignInFailures {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'now'>;

  constructor({ database, clock }: { database: Database; clock: Pick<Clock, 'now'> }) {
    this.#database = database;
    this.#clock = clock;
  }

  /**
   * Counts an attempt before it is judged, so that many at once get no more tries than one after the other; `forgive` takes
   * it back. Throws `sign-in.locked` while the name is locked out. Gives whether a failure of this attempt locks it.
   */
  async countAttempt(nameKey: string): Promise<{ locks: boolean }> {
    const now = this.#clock.now();
    const windowStart = new Date(now.getTime() - WINDOW_MS).toISOString();
    const lockUntil = new Date(now.getTime() + LOCK_MS).toISOString();
    const at = now.toISOString();
    const starts = sql`(f.locked_until IS NOT NULL OR f.first_at <= ${windowStart}::timestamptz)`;
    const [attempt] = await rowsOf(
      this.#database,
      sql`INSERT INTO sign_in_failures AS f (name_key, failures, first_at) VALUES (${nameKey}, 1, ${at}::timestamptz)
          ON CONFLICT (name_key) DO UPDATE SET
            failures = CASE WHEN ${starts} THEN 1 ELSE f.failures + 1 END,
            first_at = CASE WHEN ${starts} THEN excluded.first_at ELSE f.first_at END,
            locked_until = CASE WHEN NOT ${starts} AND f.failures + 1 >= ${MAX_FAILURES}::int THEN ${lockUntil}::timestamptz END
          WHERE f.locked_until IS NULL OR f.locked_until <= ${at}::timestamptz
          RETURNING f.failures, f.locked_until IS NOT NULL AS locked`,
      counted,
    );
    if (attempt === undefined) throw new MavisError('sign-in.locked', { minutes: await this.#minutesLocked(nameKey) });
    return { locks: attempt.locked };
  }

  /** Forgets the failures of a name: after a sign-in that succeeded, or when an operator unlocks it. */
  async forgive(database: Pick<Queryable, 'delete'>, nameKey: string): Promise<void> {
    await database.delete(signInFailures).where(eq(signInFailures.nameKey, nameKey));
  }

  /** Forgets what no longer counts. */
  async removeOld(): Promise<void> {
    const now = this.#clock.now();
    const windowStart = new Date(now.getTime() - WINDOW_MS).toISOString();
    await this.#database.execute(sql`DELETE FROM sign_in_failures WHERE first_at <= ${windowStart}::timestamptz AND (locked_until IS NULL OR locked_until <= ${now.toISOString()}::timestamptz)`);
  }

  async #minutesLocked(nameKey: string): Promise<number> {
    const [found] = await this.#database.select().from(signInFailures).where(eq(signInFailures.nameKey, nameKey));
    const leftMs = (found?.lockedUntil?.getTime() ?? 0) - this.#clock.now().getTime();
    return Math.max(1, Math.ceil(leftMs / 60_000));
  }
}
