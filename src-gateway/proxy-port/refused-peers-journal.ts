import { RefusedPeerCounts } from '../../shared/refused-peers/refused-peers.ts';
import type { Clock } from '../clock/clock.ts';
import type { Journal } from '../journal/journal.ts';

/** Writes peers who were sent away unknown to the journal, bounded in number beside the refused tickets, of which a flood of garbage takes none. */
export function refusedPeersJournal(journal: Pick<Journal, 'append' | 'healthy'>, clock: Pick<Clock, 'setTimer'>): RefusedPeerCounts {
  return new RefusedPeerCounts({
    setTimer: (callback, milliseconds) => clock.setTimer(callback, milliseconds),
    write: ({ clientKeyThumbprint, ...entry }) => {
      if (!journal.healthy) return false;
      journal.append({ kind: 'peer-refused', facts: { ...entry, ...(clientKeyThumbprint === undefined ? {} : { clientKeyThumbprint }) } });
      return true;
    },
  });
}
