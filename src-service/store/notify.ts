import { sql } from 'drizzle-orm';
import type { Channel, Queryable } from './database.ts';

/** Tells every instance, once the transaction commits. The payload is an id or a revision, never more (rule 17). */
export async function notify(transaction: Pick<Queryable, 'execute'>, channel: Channel, payload: string): Promise<void> {
  await transaction.execute(sql`SELECT pg_notify(${channel}, ${payload})`);
}
