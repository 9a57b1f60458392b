import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from './database.ts';

/** SQLSTATE of a deadlock in which PostgreSQL chose this transaction to give way. */
const DEADLOCK_DETECTED = '40P01';
/** Three who meet in one are through after two tries; more of them would be an order of locks that is wrong. */
const MOST_TRIES = 4;
/** Longer than what the other one still has to write, short for who waits. */
const AGAIN_MS = 20;

/**
 * Lets each transaction of a database that was chosen to give way in a deadlock begin anew, up to four times. It has written
 * nothing by then, and transactions do nothing but write (`src-service/README.md`).
 */
export function beginAnewAfterDeadlock<D extends Pick<Database, 'transaction'>>(database: D): D {
  const transact: Database['transaction'] = database.transaction.bind(database);
  const begun: Database['transaction'] = async (work, options) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await transact(work, options);
      } catch (error) {
        if (!isDeadlock(error) || tries === MOST_TRIES) throw error;
        await delay(AGAIN_MS * tries * (1 + Math.random()));
      }
    }
  };
  return Object.assign(database, { transaction: begun });
}

function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === DEADLOCK_DETECTED) || isDeadlock(error.cause);
}
