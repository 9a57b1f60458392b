import { and, eq, isNull, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import { gatewayId as gatewayIdSchema, type GatewayId } from '../../shared/ids.ts';
import { rowsOf, type Database } from '../store/database.ts';
import { gateways } from '../store/schema.ts';
import type { GatewayRow } from './gateway-record.ts';

/** An instance says so often that it lives: one row written, whatever the number of gateways. */
export const HEARTBEAT_MS = 1_500;
/**
 * An instance that was not heard for so long is taken for dead, and its gateways are free: three heartbeats. With the next
 * heartbeat of another one and the spread of `TAKE_OVER_MS` all are synced again within 15 s. One that only stood still
 * finds its leases gone, and gateways refuse its epochs.
 */
const SILENT_SECONDS = 5;
/** Instances that were not heard for so long are forgotten. */
const FORGET_HOURS = 24;

/** A lease that this instance holds. */
export interface Lease {
  readonly epoch: number;
  /** The gateway as it is now. */
  readonly row: GatewayRow;
}

/**
 * Which instance speaks to a gateway for sync, journal and recordings (rule 17). A lease stands as long as its holder is heard;
 * the time is the database's. Each change of hands raises the epoch, and gateways refuse lower ones.
 */
export class GatewayLease {
  readonly #database: Database;
  readonly #holder: string;
  readonly #soleInstance: boolean;

  /** `holder` names this start of this instance; `soleInstance` takes leases that a crash left behind at once (PGlite has one process only). */
  constructor(database: Database, holder: string, soleInstance: boolean) {
    this.#database = database;
    this.#holder = holder;
    this.#soleInstance = soleInstance;
  }

  /** Takes the lease where it is free; null where another instance that lives holds it, or the gateway is gone. A lease that is held costs one reading. */
  async take(gatewayId: GatewayId): Promise<Lease | null> {
    const present = and(eq(gateways.id, gatewayId), isNull(gateways.removedAt));
    const [row] = await this.#database.select().from(gateways).where(present);
    if (row === undefined) return null;
    if (row.leaseHolder === this.#holder) return { epoch: row.leaseEpoch, row };
    const [taken] = await this.#database
      .update(gateways)
      .set({ leaseHolder: this.#holder, leaseEpoch: sql`${gateways.leaseEpoch} + 1` })
      .where(and(present, this.#free()))
      .returning();
    return taken === undefined ? null : { epoch: taken.leaseEpoch, row: taken };
  }

  /** Says that this instance lives; gives the gateways whose lease is free to take. */
  async heartbeat(): Promise<GatewayId[]> {
    if (this.#soleInstance) return [];
    await this.#database.execute(sql`INSERT INTO service_instances (holder, heard_at) VALUES (${this.#holder}, now()) ON CONFLICT (holder) DO UPDATE SET heard_at = excluded.heard_at`);
    const free = await rowsOf(this.#database, sql`SELECT id FROM gateways WHERE removed_at IS NULL AND tls_key IS NOT NULL AND lease_holder IS DISTINCT FROM ${this.#holder} AND ${this.#free()}`, z.object({ id: gatewayIdSchema }));
    return free.map(({ id }) => id);
  }

  /** Gives all leases back, so that another instance need not wait. */
  async release(): Promise<void> {
    await this.#database.update(gateways).set({ leaseHolder: null }).where(eq(gateways.leaseHolder, this.#holder));
    await this.#database.execute(sql`DELETE FROM service_instances WHERE holder = ${this.#holder} OR heard_at < now() - make_interval(hours => ${FORGET_HOURS})`);
  }

  #free(): SQL {
    if (this.#soleInstance) return sql`TRUE`;
    return sql`NOT EXISTS (SELECT FROM service_instances WHERE holder = lease_holder AND heard_at > now() - make_interval(secs => ${SILENT_SECONDS}))`;
  }
}
