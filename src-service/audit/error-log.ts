import { randomUUID } from 'node:crypto';
import { catalogue, type ErrorCode } from '../../shared/errors/catalogue.ts';
import type { Clock } from '../clock.ts';
import type { Queryable } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { errorLog } from '../store/schema.ts';
import { canonicalFacts, type Facts } from './canonical-json.ts';

/** One failure for operators, under the reference that user and auditor see too. */
export interface NewErrorLogEntry {
  readonly code: ErrorCode;
  readonly reference?: string | null;
  readonly gatewayName?: string | null;
  readonly facts?: Facts;
}

/** Writes the error log: which leg broke is taken from the catalogue. */
export class ErrorLog {
  readonly #clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Adds an entry, in the transaction of what it reports where there is one. */
  async append(transaction: Pick<Queryable, 'insert' | 'execute'>, { code, reference, gatewayName, facts }: NewErrorLogEntry): Promise<void> {
    await transaction.insert(errorLog).values({ id: randomUUID(), at: this.#clock.now(), code, leg: catalogue[code].leg, reference: reference ?? null, gatewayName: gatewayName ?? null, facts: canonicalFacts(facts ?? {}) });
    await notify(transaction, 'error_log', '');
  }
}
