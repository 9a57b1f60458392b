import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import type { ConnectionId, UserId } from '../../shared/ids.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { Hello } from '../../shared/proxy-stream/messages.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import { KeptBytesBudget } from './kept-bytes-budget.ts';
import { ResumeRegister } from './resume-register.ts';
import { Session, type SessionParts } from './session.ts';

/** Who is to be ended. */
export type EndTarget = { readonly kind: 'connection'; readonly connectionId: ConnectionId } | { readonly kind: 'user' | 'watcher'; readonly userId: UserId };

export interface SessionRegisterParts extends Omit<SessionParts, 'resumes' | 'budget' | 'onLine'> {
  /** What all sessions together may keep for clients (rule 10). */
  readonly unacknowledgedBytesInAll: number;
}

/** The sessions that run now; the one owner that ends them. */
export class SessionRegister {
  readonly #parts: SessionParts;
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #budget: KeptBytesBudget;
  /** The streams that clients may take up again. */
  readonly resumes: ResumeRegister;
  #cuts = 0;
  #resumed = 0;

  constructor({ unacknowledgedBytesInAll, ...parts }: SessionRegisterParts) {
    this.#budget = new KeptBytesBudget({ clock: parts.clock, limitBytes: unacknowledgedBytesInAll, sessions: () => this.all });
    this.resumes = new ResumeRegister(parts.clock, parts.resumeSeconds);
    this.#parts = {
      ...parts,
      resumes: this.resumes,
      budget: this.#budget,
      onLine: (state) => {
        if (state === 'resumed') this.#resumed += 1;
        else {
          this.#cuts += 1;
          this.#budget.watch();
        }
      },
    };
  }

  /** Sessions whose client is waited for; how often one was cut, and taken up again, since the start; bytes kept for all. */
  get lines(): { readonly cutNow: number; readonly cuts: number; readonly resumes: number; readonly keptBytes: number } {
    return { cutNow: this.all.filter(({ isCut }) => isCut).length, cuts: this.#cuts, resumes: this.#resumed, keptBytes: this.#budget.keptBytes };
  }

  /** Number of sessions, those that are still connecting among them. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The sessions, for status and figures. */
  get all(): readonly Session[] {
    return [...this.#sessions.keys()];
  }

  /** A session that is connected, for its watchers. */
  watched(connectionId: ConnectionId): { readonly feed: Session['feed']; readonly notAfter: string } | undefined {
    const session = this.all.find(({ grant, state }) => grant.connectionId === connectionId && state.status === 'connected');
    return session === undefined ? undefined : { feed: session.feed, notAfter: session.grant.notAfter };
  }

  /** Begins a session over a client's connection; it leaves the register at its end. */
  begin(grant: TargetGrant, hello: Hello, connection: ProxyConnection, ticketSha256: string): void {
    const session = new Session(this.#parts, grant, hello, connection);
    const run = session
      .run(ticketSha256)
      .catch((error: unknown) => this.#parts.log.error('a session could not be ended in good order', { reference: grant.reference, error }))
      .finally(() => this.#sessions.delete(session));
    this.#sessions.set(session, run);
  }

  /** Tells sessions to end with a code, and by whom where their policy says so; gives their number. Their ends stand in the journal. */
  end(target: EndTarget, code: ErrorCode, by?: string): number {
    if (target.kind === 'watcher') return 0;
    const matching = this.all.filter(({ grant }) => (target.kind === 'connection' ? grant.connectionId === target.connectionId : grant.user.id === target.userId));
    for (const session of matching) session.end(new MavisError(code, by !== undefined && session.grant.policy.tellWhoTerminated ? { by } : {}));
    return matching.length;
  }

  /** Ends all with a code and waits for them; each has its own limit. */
  async endAll(code: ErrorCode): Promise<void> {
    for (const session of this.all) session.end(new MavisError(code));
    await Promise.all(this.#sessions.values());
  }
}
