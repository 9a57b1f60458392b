import type { Clock } from '../clock/clock.ts';
import type { JournalFacts, Journal } from '../journal/journal.ts';
import type { ConnectionId, ConnectionReference } from '../../shared/ids.ts';
import type { TicketRefusal } from './ticket.ts';

/** Refusals written in a row before the limit sets in: a hundred parallel replays of one ticket are each an entry. */
const BURST = 200;
/** ... and from then on so many a second: a flood of wrong tickets cannot fill the disk, and is told as a count. */
const PER_SECOND = 10;

/** A ticket that was presented and refused. */
export interface RefusedTicket {
  readonly reason: TicketRefusal;
  readonly address: string;
  readonly port: number;
  readonly thumbprint: string;
  readonly connectionId?: ConnectionId | undefined;
  readonly reference?: ConnectionReference | undefined;
}

/** Writes refused tickets to the journal, bounded in number; what was left out is counted in the next entry. */
export class RefusalJournal {
  readonly #journal: Pick<Journal, 'append' | 'healthy'>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #tokens = BURST;
  #filledAt: number;
  #leftOut = 0;

  constructor(journal: Pick<Journal, 'append' | 'healthy'>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#journal = journal;
    this.#clock = clock;
    this.#filledAt = clock.monotonicMs();
  }

  /** Writes the refusal, or counts it where there were too many or the disk takes nothing now. */
  write(refused: RefusedTicket): void {
    const now = this.#clock.monotonicMs();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) / 1000) * PER_SECOND);
    this.#filledAt = now;
    if (this.#tokens < 1 || !this.#journal.healthy) {
      this.#leftOut += 1;
      return;
    }
    this.#tokens -= 1;
    const facts: JournalFacts = { code: 'ticket.refused', reason: refused.reason, address: refused.address, port: refused.port, clientKeyThumbprint: refused.thumbprint };
    this.#journal.append({
      kind: 'ticket-refused',
      ...(refused.connectionId === undefined ? {} : { connectionId: refused.connectionId }),
      ...(refused.reference === undefined ? {} : { reference: refused.reference }),
      facts: this.#leftOut === 0 ? facts : { ...facts, leftOutBefore: this.#leftOut },
    });
    this.#leftOut = 0;
  }
}
