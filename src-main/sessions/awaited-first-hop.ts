import { MavisError } from '../../shared/errors/mavis-error.ts';
import { knownErrorCode } from '../../shared/errors/catalogue.ts';
import { GatewayRefusal } from './gateway-hello.ts';
import type { SessionCommand } from './session-process-contract.ts';

type FirstHopCommand = Extract<SessionCommand, { kind: 'first-hop' }>;
export type FirstHop = NonNullable<FirstHopCommand['hop']>;

/** Main asks the service, which asks gateways: its own limits end it before this. */
const ANSWER_LIMIT_MS = 12_000;

/** Another first gateway for a session that runs, which main gets from the service (rule 10). One question at a time: an answer is that of the newest. */
export class AwaitedFirstHop {
  readonly #ask: () => void;
  #waiting: ((command: FirstHopCommand) => void) | undefined;

  /** `ask` tells main that one is wanted. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  take(command: FirstHopCommand): void {
    this.#waiting?.(command);
  }

  /** The gateway, or null where the service has none now; throws a GatewayRefusal where the session is over, else what ends this try. */
  async asked(signal: AbortSignal): Promise<FirstHop | null> {
    const { promise, resolve, reject } = Promise.withResolvers<FirstHopCommand>();
    const onAbort = (): void => reject(signal.reason);
    const timer = setTimeout(() => reject(new MavisError('gateway.time-out', { gateway: '' })), ANSWER_LIMIT_MS);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting = resolve;
    try {
      signal.throwIfAborted();
      this.#ask();
      const { hop, over } = await promise;
      if (over !== null) throw new GatewayRefusal(knownErrorCode(over), {}, true);
      return hop;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (this.#waiting === resolve) this.#waiting = undefined;
    }
  }
}
