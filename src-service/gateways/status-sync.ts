import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayStatusReport } from '../../shared/link/messages.ts';
import type { Clock } from '../clock.ts';
import type { GatewayLink } from '../link/gateway-link.ts';
import type { GatewayRow } from './gateway-record.ts';
import type { GatewayStates } from './gateway-states.ts';
import { judgeFailure, judgeReport } from './status-judgement.ts';

/** Every gateway is asked so often (S10, S42). */
export const SYNC_INTERVAL_MS = 15_000;
/** A status that takes longer has failed. */
export const STATUS_LIMIT_MS = 3_000;
/** A failed status is asked again after these waits, before the gateway turns unavailable (S11, S42). */
export const STATUS_RETRY_MS: readonly number[] = [500, 1_000];

/** Waits; rejects where the signal ends it. */
export type Delay = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export interface StatusSyncParts {
  readonly clock: Clock;
  readonly delay: Delay;
  readonly states: Pick<GatewayStates, 'confirm' | 'fail'>;
  /** Told of every attempt that was answered, in milliseconds. */
  readonly measured: (milliseconds: number) => void;
}

/** One sync of one gateway's state: asked, asked again twice on failure, judged, written down. */
export class StatusSync {
  readonly #parts: StatusSyncParts;

  constructor(parts: StatusSyncParts) {
    this.#parts = parts;
  }

  /** Gives the report, or undefined where the gateway is unavailable now. Rejects only where the store fails or `signal` ends it. */
  async sync(row: GatewayRow, link: Pick<GatewayLink, 'status' | 'dropControl'>, epoch: number, signal: AbortSignal): Promise<GatewayStatusReport | undefined> {
    const { states, clock } = this.#parts;
    const asked = await this.#ask(link, epoch, signal);
    if ('error' in asked) {
      if (!signal.aborted) await states.fail(row.id, epoch, judgeFailure(asked.error, row));
      return undefined;
    }
    const { report, roundTripMs } = asked;
    // The gateway read its clock about half a round trip ago.
    const clockDifferenceMs = new Date(report.clock).getTime() + roundTripMs / 2 - clock.now().getTime();
    try {
      await states.confirm(row.id, epoch, judgeReport(report, row, clockDifferenceMs), { report, roundTripMs, clockDifferenceMs });
      return report;
    } catch (thrown) {
      const error = asMavisError(thrown);
      if (error.code !== 'gateway.identity-conflict') throw thrown;
      await states.fail(row.id, epoch, judgeFailure(error, row));
      return undefined;
    }
  }

  async #ask(link: Pick<GatewayLink, 'status' | 'dropControl'>, epoch: number, signal: AbortSignal): Promise<{ readonly report: GatewayStatusReport; readonly roundTripMs: number } | { readonly error: ReturnType<typeof asMavisError> }> {
    const { clock, delay, measured } = this.#parts;
    for (const waitMs of [...STATUS_RETRY_MS, undefined]) {
      const begun = clock.monotonicMs();
      try {
        const report = await link.status(epoch, { timeLimitMs: STATUS_LIMIT_MS, signal });
        const roundTripMs = clock.monotonicMs() - begun;
        measured(roundTripMs);
        return { report, roundTripMs };
      } catch (thrown) {
        const error = asMavisError(thrown);
        // A connection that does not answer may be dead without saying so: the retry opens another.
        if (error.code === 'gateway.link-time-out') link.dropControl();
        if (waitMs === undefined || signal.aborted) return { error };
        await delay(waitMs, signal);
      }
    }
    throw new RangeError('a status without an outcome');
  }
}
