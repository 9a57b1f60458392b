import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConnectionId } from '../../shared/ids.ts';
import type { WatchGrant } from '../../shared/link/messages.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import type { EndTarget } from '../sessions/session-register.ts';
import { Watch, type WatchedSession, type WatchParts } from './watch.ts';

/** Who looks at one session at once: a whole shift of a control room. */
const MOST_OF_ONE_SESSION = 16;

export interface WatchRegisterParts extends WatchParts {
  /** A session that is connected; undefined where it is over or not yet there. */
  readonly sessionOf: (connectionId: ConnectionId) => WatchedSession | undefined;
}

/** The watches that run now; the one owner that ends them. */
export class WatchRegister {
  readonly #parts: WatchRegisterParts;
  readonly #running = new Map<Watch, Promise<void>>();

  constructor(parts: WatchRegisterParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Throws where a grant leads to nothing: `session.not-running`, `session.not-watchable`, `gateway.full`. */
  assertWatchable({ connectionId, protocol }: Pick<WatchGrant, 'connectionId' | 'protocol'>): void {
    const session = this.#parts.sessionOf(connectionId);
    if (session === undefined) throw new MavisError('session.not-running');
    if (!session.feed.watchable) throw new MavisError('session.not-watchable', { protocol });
    if (session.feed.watchers.length >= MOST_OF_ONE_SESSION) throw new MavisError('gateway.full', { gateway: this.#parts.gatewayName });
  }

  /** Begins a watch over its watcher's connection; it leaves the register at its end. */
  begin(grant: WatchGrant, connection: ProxyConnection): void {
    const watch = new Watch(this.#parts, grant, connection);
    const run = watch
      .run(this.#parts.sessionOf(grant.connectionId))
      .catch((error: unknown) => this.#parts.log.error('a watch could not be ended in good order', { reference: grant.reference, error }))
      .finally(() => this.#running.delete(watch));
    this.#running.set(watch, run);
  }

  /** Tells the watches of a user to end with a code; gives their number. Those of a session end with it. */
  end(target: EndTarget, code: ErrorCode): number {
    if (target.kind === 'connection') return 0;
    const matching = [...this.#running.keys()].filter(({ grant }) => grant.watcher.id === target.userId);
    for (const watch of matching) watch.end(new MavisError(code));
    return matching.length;
  }

  /** Ends all with a code and waits for them; each has its own limit. */
  async endAll(code: ErrorCode): Promise<void> {
    for (const watch of this.#running.keys()) watch.end(new MavisError(code));
    await Promise.all(this.#running.values());
  }
}
