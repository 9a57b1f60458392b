import { and, desc, eq, gt, inArray, lt, lte, sql } from 'drizzle-orm';
import { GATEWAY_HISTORY_MAX, type GatewayHistory, type GatewayState, type GatewayStateChange } from '../../shared/api/gateways.ts';
import type { GatewayId } from '../../shared/ids.ts';
import type { Clock } from '../clock.ts';
import type { Database, Queryable } from '../store/database.ts';
import { gatewayHistory } from '../store/schema.ts';

/** What is shown of a gateway's past; the audit log keeps all of it. */
const SHOWN_MS = 24 * 3_600_000;
/** Kept for twice as long, so that the state at the beginning of what is shown is nearly always known. */
const KEPT_MS = 2 * SHOWN_MS;

/** Keeps a state that a gateway changed to, in the transaction of the change. */
export async function noteState(transaction: Pick<Queryable, 'insert'>, gatewayId: GatewayId, change: { readonly at: Date; readonly state: GatewayState; readonly code: string | null }): Promise<void> {
  await transaction.insert(gatewayHistory).values({ gatewayId, ...change });
}

/** The states that gateways had in the last day, for their charts: bounded in time and number. */
export class GatewayHistories {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(database: Database, clock: Pick<Clock, 'now'>) {
    this.#database = database;
    this.#clock = clock;
  }

  /** The last 24 hours of a gateway, oldest first; of more changes than an answer holds, the newest. */
  async read(gatewayId: GatewayId): Promise<GatewayHistory> {
    const until = this.#clock.now();
    const from = new Date(until.getTime() - SHOWN_MS);
    const ofGateway = eq(gatewayHistory.gatewayId, gatewayId);
    const newest = await this.#database.select().from(gatewayHistory).where(and(ofGateway, gt(gatewayHistory.at, from))).orderBy(desc(gatewayHistory.at), desc(gatewayHistory.ordinal)).limit(GATEWAY_HISTORY_MAX + 1);
    const complete = newest.length <= GATEWAY_HISTORY_MAX;
    const [earlier] = complete ? await this.#database.select().from(gatewayHistory).where(and(ofGateway, lte(gatewayHistory.at, from))).orderBy(desc(gatewayHistory.at), desc(gatewayHistory.ordinal)).limit(1) : [newest.at(-1)];
    return {
      from: from.toISOString(),
      until: until.toISOString(),
      before: earlier === undefined ? null : asChange(earlier),
      changes: newest.slice(0, GATEWAY_HISTORY_MAX).toReversed().map(asChange),
      complete,
    };
  }

  /** What each of these gateways changed to in the last 24 hours, newest first, of each at most so many: one that comes and goes all the time takes no place from another. */
  async newest(gatewayIds: readonly GatewayId[], each: number): Promise<ReadonlyMap<GatewayId, readonly GatewayStateChange[]>> {
    const found = new Map<GatewayId, GatewayStateChange[]>();
    if (gatewayIds.length === 0) return found;
    const from = new Date(this.#clock.now().getTime() - SHOWN_MS);
    const { gatewayId, at, state, code, ordinal } = gatewayHistory;
    const place = sql<number>`row_number() over (partition by ${gatewayId} order by ${at} desc, ${ordinal} desc)`.mapWith(Number).as('place');
    const ofEach = this.#database.select({ gatewayId, at, state, code, ordinal, place }).from(gatewayHistory).where(and(inArray(gatewayId, [...gatewayIds]), gt(at, from))).as('of_each');
    const rows = await this.#database.select().from(ofEach).where(lte(ofEach.place, each)).orderBy(desc(ofEach.at), desc(ofEach.ordinal));
    for (const row of rows) {
      const changes = found.get(row.gatewayId) ?? [];
      changes.push(asChange(row));
      found.set(row.gatewayId, changes);
    }
    return found;
  }

  /** Removes what is too old to be shown. */
  async removeOld(): Promise<void> {
    await this.#database.delete(gatewayHistory).where(lt(gatewayHistory.at, new Date(this.#clock.now().getTime() - KEPT_MS)));
  }
}

function asChange({ at, state, code }: Pick<typeof gatewayHistory.$inferSelect, 'at' | 'state' | 'code'>): GatewayStateChange {
  return { at: at.toISOString(), state, code };
}
