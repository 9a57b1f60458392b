import type { ConnectionId, Protocol, RecordingId } from '../../shared/ids.ts';
import type { Journal } from './journal.ts';

/** A recording of the run before: whole, or cut off by a stop and whole again. */
export interface FoundRecording {
  readonly recordingId: RecordingId;
  readonly connectionId: ConnectionId;
  readonly protocol: Protocol;
}

/**
 * Connections that the run before left open: each gets its one final entry (rule 12). What is not awaited comes to the journal a
 * moment after it happened, so a kill can come between the recording of a connected session and the line that says so. The
 * recording stands only once its protocol is connected: where it is found, the session was one (S15, S19).
 */
export class LeftOpenConnections {
  readonly #journal: Pick<Journal, 'append' | 'recovery'>;
  readonly #unproven: Map<ConnectionId, Journal['recovery']['open'][number]>;
  readonly #proven = new Set<ConnectionId>();

  constructor(journal: Pick<Journal, 'append' | 'recovery'>) {
    this.#journal = journal;
    this.#unproven = new Map(journal.recovery.open.filter(({ connected, forward }) => !connected && forward === undefined).map((open) => [open.connectionId, open]));
  }

  /** Writes `connected` for a connection of which the journal knows only that its ticket was used; nothing for any other. Gives whether it did. */
  recordingFound({ recordingId, connectionId, protocol }: FoundRecording): boolean {
    const open = this.#unproven.get(connectionId);
    if (open === undefined) return false;
    this.#unproven.delete(connectionId);
    this.#proven.add(connectionId);
    this.#journal.append({ ...who(open), kind: 'connected', facts: { recordingId, protocol, recovered: true } });
    return true;
  }

  /** Writes the ends, once all recordings are found. */
  end(): void {
    for (const open of this.#journal.recovery.open) {
      const { connectionId, connected, forward } = open;
      if (forward !== undefined) this.#journal.append({ ...who(open), kind: 'forward-ended', facts: { ticketSha256: forward, code: 'gateway.restarted', forwarded: connected } });
      else this.#journal.append({ ...who(open), kind: connected || this.#proven.has(connectionId) ? 'ended' : 'failed', facts: { code: 'gateway.restarted' } });
    }
  }
}

function who({ connectionId, reference }: Journal['recovery']['open'][number]): Pick<Parameters<Journal['append']>[0], 'connectionId' | 'reference'> {
  return { connectionId, ...(reference === null ? {} : { reference }) };
}
