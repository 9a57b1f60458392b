import type { JournalFacts } from '../journal/journal.ts';
import type { Forwarded, ForwardingEvent } from './protocol-handler.ts';

interface Counts {
  granted: boolean;
  openings: number;
  signatures: number;
  bytesFromTarget: number;
  bytesToTarget: number;
}

const none = (): Counts => ({ granted: false, openings: 0, signatures: 0, bytesFromTarget: 0, bytesToTarget: 0 });

/** What a session's target did with the user's agent and X server, for the journal. */
export class ForwardingCounts {
  readonly #of: Record<Forwarded, Counts> = { agent: none(), x11: none() };

  /** Takes an event; gives what the journal is to say of it at once: that it was granted, and that it was used for the first time. */
  take(event: ForwardingEvent): 'granted' | 'used' | undefined {
    const counts = this.#of[event.what];
    switch (event.kind) {
      case 'granted':
        if (counts.granted) return undefined;
        counts.granted = true;
        return 'granted';
      case 'opened':
        counts.openings += 1;
        return counts.openings === 1 ? 'used' : undefined;
      case 'closed':
        counts.signatures += event.signatures;
        counts.bytesFromTarget += event.bytesFromTarget;
        counts.bytesToTarget += event.bytesToTarget;
        return undefined;
      case 'refused-by-target':
        return undefined;
      default:
        return event satisfies never;
    }
  }

  /** For the final entry: nothing of what was not granted. */
  get facts(): JournalFacts {
    const { agent, x11 } = this.#of;
    return {
      ...(agent.granted ? { agentOpenings: agent.openings, agentSignatures: agent.signatures, agentBytesFromTarget: agent.bytesFromTarget, agentBytesToTarget: agent.bytesToTarget } : {}),
      ...(x11.granted ? { x11Openings: x11.openings, x11BytesFromTarget: x11.bytesFromTarget, x11BytesToTarget: x11.bytesToTarget } : {}),
    };
  }
}
