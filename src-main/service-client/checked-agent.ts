import { Agent, type RequestOptions } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { dialService, type ServicePin } from './certificate-trust.ts';

/** A connection that is not ready by then is not worth waiting for: the user sees a cause instead. */
export const CONNECT_TIMEOUT_MS = 5000;
/** One service, a handful of requests at a time, and the event stream. */
const MAX_SOCKETS = 6;

interface Target {
  readonly host: string;
  readonly port: number;
  readonly pin: ServicePin;
  readonly authorities: readonly string[];
}

/** An HTTPS agent whose connections go to one service only, and have proved themselves before a request is written to them. */
export class CheckedAgent extends Agent {
  readonly #target: Target;

  constructor(target: Target) {
    super({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: 2, maxCachedSessions: 0 });
    this.#target = target;
  }

  override createConnection(_options: RequestOptions, handOver?: (error: Error | null, stream: Duplex) => void): undefined {
    dialService({ ...this.#target, timeoutMs: CONNECT_TIMEOUT_MS }).then(
      (socket) => handOver?.(null, socket),
      // Node looks at the error alone; its types ask for a stream beside it.
      (error: Error) => handOver?.(error, new Socket()),
    );
    return undefined;
  }
}
