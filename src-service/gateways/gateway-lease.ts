import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { GatewayId } from '../../shared/ids.ts';
import { rowsOf, type Database } from '../store/database.ts';

/** A lease outlives a sync that fails with all its retries (10.5 s) and the next one's begin; a dead instance is replaced after this. */
const LEASE_SECONDS = 40;

/**
 * Which instance speaks to a gateway for sync, journal and recordings (rule 17). The time is the database's; each change of
 * hands raises the epoch, and gateways refuse lower ones.
 */
export class GatewayLease {
  readonly #database: Pick<Database, 'execute'>;
  readonly #holder: string;
  readonly #soleInstance: boolean;

  /** `holder` names this start of this instance; `soleInstance` takes leases that a crash left behind at once (PGlite has one process only). */
  constructor(database: Pick<Database, 'execute'>, holder: string, soleInstance: boolean) {
    this.#database = database;
    this.#holder = holder;
    this.#soleInstance = soleInstance;
  }

  get holder(): string {
    return this.#holder;
  }

  /** Takes or renews the lease; gives its epoch, or null where another instance holds it or the gateway is gone. */
  async take(gatewayId: GatewayId): Promise<number | null> {
    const [row] = await rowsOf(
      this.#database,
      sql`UPDATE gateways SET
            lease_epoch = CASE WHEN lease_holder = ${this.#holder} AND lease_expires_at > now() THEN lease_epoch ELSE lease_epoch + 1 END,
            lease_holder = ${this.#holder},
            lease_expires_at = now() + make_interval(secs => ${LEASE_SECONDS})
          WHERE id = ${gatewayId} AND removed_at IS NULL
            AND (lease_holder = ${this.#holder} OR lease_holder IS NULL OR lease_expires_at <= now() OR ${this.#soleInstance})
          RETURNING lease_epoch`,
      z.object({ lease_epoch: z.coerce.number().int() }),
    );
    return row?.lease_epoch ?? null;
  }

  /** Gives all leases back, so that another instance need not wait. */
  async release(): Promise<void> {
    await this.#database.execute(sql`UPDATE gateways SET lease_holder = NULL, lease_expires_at = NULL WHERE lease_holder = ${this.#holder}`);
  }
}
