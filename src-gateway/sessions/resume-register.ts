import { randomBytes } from 'node:crypto';
import type { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConnectionId, ConnectionReference } from '../../shared/ids.ts';
import type { Clock } from '../clock/clock.ts';
import { sameThumbprint } from '../keys/fingerprint.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import { type TicketRefusal, ticketSha256 } from '../tickets/ticket.ts';

/** Ends that are remembered, so that a client that comes back is told why: more sessions than any gateway ends in the time of a resume. */
const MAX_ENDED = 20_000;

/** Whose a stream is. */
export interface ResumeOwner {
  readonly connectionId: ConnectionId;
  readonly reference: ConnectionReference;
  readonly clientKeyThumbprint: string;
}

/** What a stream needs so that another connection can go on with it. */
export interface Resumable {
  readonly epoch: () => number;
  /** Whether the stream may go on over a connection of this port (rule 7); else `gateway.refused`. */
  readonly carriedBy: (port: number) => boolean;
  /** The connection is the stream's from now on. */
  readonly takeOver: (connection: ProxyConnection, epoch: number, received: number) => void;
}

/** A client that comes back. */
export interface PresentedResume {
  readonly resumeSecret: string;
  readonly epoch: number;
  readonly received: number;
  readonly connection: ProxyConnection;
}

export type ResumeOutcome =
  | { readonly accepted: true }
  /** `because` may be told: who asks holds the secret and the key. */
  | { readonly accepted: false; readonly reason: TicketRefusal; readonly because?: MavisError; readonly connectionId?: ConnectionId; readonly reference?: ConnectionReference };

/** A stream's place in the register. */
export interface ResumeEntry {
  readonly resumeSecret: string;
  /** No connection takes the stream any more; who comes back with secret and key is told why, for as long as a resume would have been waited for. */
  ended(because: MavisError): void;
}

/** A stream, or how it ended: of one that has ended nothing else is held, no credential least of all. */
interface HeldEntry {
  readonly owner: ResumeOwner;
  state: { readonly live: Resumable } | { readonly because: MavisError; readonly forgetAtMs: number };
}

/**
 * The streams that a client may take up again (rule 10), each found by the SHA-256 of its own 256-bit secret, so that looking
 * one up takes no time that depends on another's. In memory only: a restart knows none, and one session's secret opens no other
 * stream (rule 9).
 */
export class ResumeRegister {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #resumeSeconds: number;
  readonly #held = new Map<string, HeldEntry>();
  /** Keys of entries that have ended, oldest first. */
  readonly #ended = new Set<string>();

  constructor(clock: Pick<Clock, 'monotonicMs'>, resumeSeconds: number) {
    this.#clock = clock;
    this.#resumeSeconds = resumeSeconds;
  }

  /** Takes a stream, and makes its secret. */
  add(owner: ResumeOwner, live: Resumable): ResumeEntry {
    const resumeSecret = randomBytes(32).toString('base64url');
    const key = ticketSha256(resumeSecret);
    const entry: HeldEntry = { owner, state: { live } };
    this.#held.set(key, entry);
    return {
      resumeSecret,
      ended: (because) => {
        if ('because' in entry.state) return;
        this.#forgetOld();
        entry.state = { because, forgetAtMs: this.#clock.monotonicMs() + this.#resumeSeconds * 1000 };
        this.#ended.add(key);
      },
    };
  }

  /** Gives the connection to its stream, or says why not. An epoch that is not newer than the last one is refused: it is late, or a replay. */
  present({ resumeSecret, epoch, received, connection }: PresentedResume): ResumeOutcome {
    this.#forgetOld();
    const entry = this.#held.get(ticketSha256(resumeSecret));
    if (entry === undefined) return { accepted: false, reason: 'resume-unknown' };
    const { connectionId, reference, clientKeyThumbprint } = entry.owner;
    if (!sameThumbprint(clientKeyThumbprint, connection.thumbprint)) return { accepted: false, reason: 'resume-foreign-key', connectionId, reference };
    if ('because' in entry.state) return { accepted: false, reason: 'resume-ended', because: entry.state.because, connectionId, reference };
    const { live } = entry.state;
    if (epoch <= live.epoch()) return { accepted: false, reason: 'resume-old-epoch', connectionId, reference };
    if (!live.carriedBy(connection.port)) return { accepted: false, reason: 'resume-other-port', connectionId, reference };
    live.takeOver(connection, epoch, received);
    return { accepted: true };
  }

  #forgetOld(): void {
    const now = this.#clock.monotonicMs();
    for (const key of this.#ended) {
      const state = this.#held.get(key)?.state;
      if (this.#ended.size <= MAX_ENDED && state !== undefined && 'because' in state && state.forgetAtMs > now) break;
      this.#ended.delete(key);
      this.#held.delete(key);
    }
  }
}
