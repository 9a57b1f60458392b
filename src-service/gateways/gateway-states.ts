import { and, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import type { GatewayId } from '../../shared/ids.ts';
import type { GatewayStatusReport } from '../../shared/link/messages.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { serviceActor } from '../audit/audit-log.ts';
import type { ErrorLog } from '../audit/error-log.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../logging/log.ts';
import type { Database, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { gateways } from '../store/schema.ts';
import { noteState } from './gateway-history.ts';
import type { GatewayRow } from './gateway-record.ts';
import { isWorse, type Judgement } from './status-judgement.ts';
import type { Turns } from './turns.ts';

export interface GatewayStatesParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly errors: Pick<ErrorLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** Changes wait for their turn: a thousand gateways that fall at once take the database from nobody. */
  readonly turns: Pick<Turns, 'take'>;
  /** What is known of a gateway was written: whoever keeps it in memory reads it again. */
  readonly changed: () => void;
}

/** A good sync's figures. */
export interface SyncFigures {
  readonly report: GatewayStatusReport;
  readonly roundTripMs: number;
  readonly clockDifferenceMs: number;
}

/**
 * What is known of each gateway, in the store, so that every instance chooses by the same. Each change of state is an audit
 * entry, an error-log entry where it is for the worse (S12), and a notice to all instances.
 */
export class GatewayStates {
  readonly #parts: GatewayStatesParts;

  constructor(parts: GatewayStatesParts) {
    this.#parts = parts;
  }

  /** Writes what a good sync found; ends an ejection (rule 5). Does nothing where the lease went to another instance meanwhile. */
  async confirm(gatewayId: GatewayId, epoch: number, judgement: Judgement, figures: SyncFigures): Promise<void> {
    const { database, clock } = this.#parts;
    const { report, roundTripMs, clockDifferenceMs } = figures;
    const found = { confirmedAt: clock.now(), sessions: report.sessions, version: report.version.slice(0, 100), roundTripMs, clockDifferenceMs, ports: judgement.ports, loadCpu: report.load.cpu, loadMemoryBytes: Math.round(report.load.memoryBytes) };
    // Most syncs find what the last one found: that is one statement.
    const [asBefore] = await database
      .update(gateways)
      .set(found)
      .where(and(ofLease(gatewayId, epoch), isNull(gateways.ejectedAt), eq(gateways.state, judgement.state), judgement.code === null ? isNull(gateways.stateCode) : eq(gateways.stateCode, judgement.code), eq(gateways.stateDetail, judgement.detail)))
      .returning({ id: gateways.id });
    if (asBefore !== undefined) return this.#rememberHeads(database, gatewayId, report);
    await this.#inTurn(async (transaction) => {
      const before = await this.#lock(transaction, gatewayId, epoch);
      if (before === undefined) return;
      // One that was taken out after this status was asked for waits for the next.
      const back = before.ejectedAt !== null && before.ejectedAt.getTime() <= found.confirmedAt.getTime() - roundTripMs;
      await transaction.update(gateways).set({ ...found, ...(back ? { ejectedAt: null } : {}) }).where(eq(gateways.id, gatewayId));
      await this.#change(transaction, before, judgement);
      if (back) await this.#restored(transaction, before);
      await this.#rememberHeads(transaction, gatewayId, report);
    });
    this.#parts.changed();
  }

  /** Writes what a failed sync (with its retries) found. */
  async fail(gatewayId: GatewayId, epoch: number, judgement: Judgement): Promise<void> {
    await this.#inTurn(async (transaction) => {
      const before = await this.#lock(transaction, gatewayId, epoch);
      if (before !== undefined) await this.#change(transaction, before, judgement);
    });
    this.#parts.changed();
  }

  /** Takes a gateway out of the choice until its next good sync: a failed grant or dial, or a reset link (rule 5). */
  async eject(gatewayId: GatewayId, code: ErrorCode, reference: string | null): Promise<void> {
    const { database, audit, errors, clock, log } = this.#parts;
    await database.transaction(async (transaction) => {
      const [row] = await transaction.update(gateways).set({ ejectedAt: clock.now() }).where(and(eq(gateways.id, gatewayId), isNull(gateways.ejectedAt), isNull(gateways.removedAt))).returning();
      if (row === undefined) return;
      await audit.append(transaction, { kind: 'gateway.ejected', actor: serviceActor, reference, facts: { gatewayId, gateway: row.name, segment: row.segment, code } });
      // The try of a connection has its own entry, under the connection's reference.
      if (reference === null) await errors.append(transaction, { code, gatewayName: row.name, facts: { gatewayId, state: row.state } });
      await notify(transaction, 'gateway_states', gatewayId);
    });
    this.#parts.changed();
    log.warn('gateway taken out of the choice until its next good status', { gatewayId, code, reference });
  }

  #inTurn(change: (transaction: Transaction) => Promise<void>): Promise<void> {
    const { database, turns } = this.#parts;
    return turns.take(() => database.transaction(change));
  }

  async #lock(transaction: Transaction, gatewayId: GatewayId, epoch: number): Promise<GatewayRow | undefined> {
    const [row] = await transaction.select().from(gateways).where(ofLease(gatewayId, epoch)).for('no key update');
    return row;
  }

  async #change(transaction: Transaction, before: GatewayRow, after: Judgement): Promise<void> {
    const { audit, errors, clock, log } = this.#parts;
    if (before.state === after.state && before.stateCode === after.code && before.stateDetail === after.detail) return;
    // A switch by an administrator may have come between the report and now: it wins, and the next sync sees it.
    if ((before.disabled && after.state !== 'disabled') || (before.draining && (after.state === 'available' || after.state === 'degraded'))) return;
    const now = clock.now();
    await transaction
      .update(gateways)
      .set({ state: after.state, stateCode: after.code, stateDetail: after.detail, ports: after.ports, ...(before.state === after.state ? {} : { stateChangedAt: now }) })
      .where(eq(gateways.id, before.id));
    if (before.state !== after.state || before.stateCode !== after.code) await noteState(transaction, before.id, { at: now, state: after.state, code: after.code });
    const facts = { gatewayId: before.id, gateway: before.name, segment: before.segment, from: before.state, to: after.state, code: after.code, detail: after.detail };
    await audit.append(transaction, { kind: 'gateway.state-changed', actor: serviceActor, facts });
    if (after.code !== null && isWorse({ state: before.state, code: before.stateCode }, after)) await errors.append(transaction, { code: after.code, gatewayName: before.name, facts: { gatewayId: before.id, from: before.state, to: after.state, detail: after.detail } });
    await notify(transaction, 'gateway_states', before.id);
    log[after.state === 'unavailable' ? 'error' : 'info']('gateway state changed', { gatewayId: before.id, gatewayName: before.name, state: after.state, ...(after.code === null ? {} : { code: after.code }) });
  }

  async #restored(transaction: Transaction, row: GatewayRow): Promise<void> {
    await this.#parts.audit.append(transaction, { kind: 'gateway.restored', actor: serviceActor, facts: { gatewayId: row.id, gateway: row.name, segment: row.segment } });
    await notify(transaction, 'gateway_states', row.id);
  }

  /** Keeps the newest head of each live recording, against one that later ends before it (rule 19). */
  async #rememberHeads(database: Pick<Transaction, 'execute'>, gatewayId: GatewayId, { recordings }: GatewayStatusReport): Promise<void> {
    if (recordings.length === 0) return;
    await database.execute(sql`
      UPDATE recordings SET head_frames = head.frames, head_hash = head."headHash"
      FROM jsonb_to_recordset(${JSON.stringify(recordings)}::jsonb) AS head("recordingId" uuid, frames bigint, "headHash" text)
      WHERE recordings.id = head."recordingId" AND recordings.gateway_id = ${gatewayId} AND recordings.stored_at IS NULL AND recordings.head_frames < head.frames`);
  }
}

/** A gateway as long as the lease under this epoch is the one that stands. */
function ofLease(gatewayId: GatewayId, epoch: number): SQL | undefined {
  return and(eq(gateways.id, gatewayId), eq(gateways.leaseEpoch, epoch), isNull(gateways.removedAt));
}
