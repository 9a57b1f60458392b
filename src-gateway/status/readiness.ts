import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { RecordingSource } from '../sessions/recording-source.ts';

export interface ReadinessParts {
  readonly gatewayName: string;
  readonly maxSessions: number;
  /** Sessions and forwards together. */
  readonly streams: () => number;
  readonly journal: { readonly healthy: boolean };
  readonly recordings: Pick<RecordingSource, 'canRecord'>;
  readonly closedPorts: () => readonly number[];
}

/** Whether a session may begin now, and what runs short: the one place that knows, for grants, tickets and the status alike. */
export class Readiness {
  readonly #parts: ReadinessParts;
  #draining = false;

  constructor(parts: ReadinessParts) {
    this.#parts = parts;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on no session begins. */
  drain(): void {
    this.#draining = true;
  }

  /** Whether a new session would be recorded and journaled. */
  get canRecord(): boolean {
    return this.#parts.journal.healthy && this.#parts.recordings.canRecord().ok;
  }

  /** Throws `gateway.draining`, `gateway.full`, `gateway.cannot-record` or `gateway.spool-low` where no session (or no forward, or no watch) may begin. */
  assertReady(kind: 'target' | 'forward' | 'watch' = 'target'): void {
    const gateway = this.#parts.gatewayName;
    if (this.#draining) throw new MavisError('gateway.draining', { gateway });
    if (this.#parts.streams() >= this.#parts.maxSessions) throw new MavisError('gateway.full', { gateway });
    if (!this.#parts.journal.healthy) throw new MavisError('gateway.cannot-record', { gateway });
    // The last hop records; a first hop only journals that it forwarded, and what is watched is recorded already.
    if (kind !== 'target') return;
    const { ok, code } = this.#parts.recordings.canRecord();
    if (!ok) throw new MavisError(code ?? 'gateway.cannot-record', code === 'gateway.spool-low' ? {} : { gateway });
  }

  /** What runs short, as codes of the catalogue. */
  get shortages(): readonly ErrorCode[] {
    const recording = this.#parts.recordings.canRecord();
    const found: ErrorCode[] = [];
    if (!this.#parts.journal.healthy) found.push('gateway.cannot-record');
    if (!recording.ok) found.push(recording.code ?? 'gateway.cannot-record');
    if (this.#parts.closedPorts().length > 0) found.push('gateway.port-closed');
    if (this.#parts.streams() >= this.#parts.maxSessions) found.push('gateway.full');
    return [...new Set(found)];
  }
}
