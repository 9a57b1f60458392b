import type { Database } from './database.ts';

/** No connection to the database could be had, so that nothing was begun. The cause is the driver's. */
export class DatabaseLostError extends Error {
  constructor(cause: unknown) {
    super('the database cannot be had', { cause });
    this.name = 'DatabaseLostError';
  }
}

/**
 * Codes of the socket and of PostgreSQL that mean the database cannot be had now: class 08, the shutdowns of class 57, a statement
 * that took too long (57014), a connection that the server took away within a transaction (25P03).
 */
const LOST_CODE = /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT|08[0-9A-Z]{3}|57P0[123]|57014|25P03)$/;
/** What the driver says without a code. */
const LOST_WORDS = /timeout exceeded when trying to connect|Connection terminated|connection error and is not queryable|Client was closed and is not queryable/;

/** Has a transaction that found no connection reject with `DatabaseLostError`: the driver's own error looks like one of any socket. */
export function tellLostDatabase<D extends Pick<Database, 'transaction'>>(database: D): D {
  const transact: Database['transaction'] = database.transaction.bind(database);
  const told: Database['transaction'] = async (work, options) => {
    let begun = false;
    try {
      return await transact((transaction) => {
        begun = true;
        return work(transaction);
      }, options);
    } catch (error) {
      if (begun) throw error;
      throw new DatabaseLostError(error);
    }
  };
  return Object.assign(database, { transaction: told });
}

/** Whether something was thrown because the database cannot be had now. */
export function isDatabaseLost(thrown: unknown, depth = 0): boolean {
  if (!(thrown instanceof Error) || depth > 4) return false;
  if (thrown instanceof DatabaseLostError) return true;
  // Drizzle wraps what the driver threw; only then is a socket's code the database's.
  if (thrown.name === 'DrizzleQueryError' || depth > 0) {
    const cause = depth === 0 ? thrown.cause : thrown;
    if (cause instanceof Error && (('code' in cause && typeof cause.code === 'string' && LOST_CODE.test(cause.code)) || LOST_WORDS.test(cause.message))) return true;
  }
  return isDatabaseLost(thrown.cause, depth + 1);
}
