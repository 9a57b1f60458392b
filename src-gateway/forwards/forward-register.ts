import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ForwardGrant } from '../../shared/link/messages.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import type { EndTarget } from '../sessions/session-register.ts';
import { Forward, type ForwardParts } from './forward.ts';

/** The forwards that run now; the one owner that ends them. */
export class ForwardRegister {
  readonly #parts: ForwardParts;
  readonly #forwards = new Map<Forward, Promise<void>>();

  constructor(parts: ForwardParts) {
    this.#parts = parts;
  }

  /** Number of forwards, those that are still reaching their next gateway among them. */
  get size(): number {
    return this.#forwards.size;
  }

  /** Begins a forward over a client's connection; it leaves the register at its end. */
  begin(grant: ForwardGrant, connection: ProxyConnection): void {
    const forward = new Forward(this.#parts, grant, connection);
    const run = forward.run().finally(() => this.#forwards.delete(forward));
    this.#forwards.set(forward, run);
  }

  /** Tells forwards to end with a code; gives their number. */
  end(target: EndTarget, code: ErrorCode): number {
    const matching = [...this.#forwards.keys()].filter(({ grant }) => (target.kind === 'connection' ? grant.connectionId === target.connectionId : grant.userId === target.userId));
    for (const forward of matching) forward.end(new MavisError(code));
    return matching.length;
  }

  /** Cuts all off with a code and waits for them. */
  async endAll(code: ErrorCode): Promise<void> {
    for (const forward of this.#forwards.keys()) forward.end(new MavisError(code), { atOnce: true });
    await Promise.all(this.#forwards.values());
  }
}
