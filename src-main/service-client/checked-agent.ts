import { Agent, type RequestOptions } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ProxyCredentials, proxyName, type WayOut } from '../network/way-out.ts';
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
  /** The ways out of this computer's network to the service, in the order to try them. */
  readonly waysOut: () => Promise<readonly WayOut[]>;
}

/** An HTTPS agent whose connections go to one service only, and have proved themselves before a request is written to them. */
export class CheckedAgent extends Agent {
  #target: Target;
  #shown: ReadonlyMap<string, ProxyCredentials | null> = new Map();

  constructor(target: Target) {
    super({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: 2, maxCachedSessions: 0 });
    this.#target = target;
  }

  override createConnection(_options: RequestOptions, handOver?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#dial().then(
      (socket) => handOver?.(null, socket),
      // Node looks at the error alone; its types ask for a stream beside it.
      (error: Error) => handOver?.(error, new Socket()),
    );
    return undefined;
  }

  /** Goes by other pins from the next connection on. */
  usePin(pin: ServicePin): void {
    this.#target = { ...this.#target, pin };
  }

  /** Closes the connections that wait for a request. */
  dropIdle(): void {
    for (const socket of Object.values(this.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
  }

  /** What proxies were shown at the last dial, by their names. */
  get shownToProxies(): ReadonlyMap<string, ProxyCredentials | null> {
    return this.#shown;
  }

  async #dial(): ReturnType<typeof dialService> {
    const waysOut = await this.#target.waysOut();
    this.#shown = new Map(waysOut.flatMap((way) => (way.kind === 'http-proxy' ? [[proxyName(way), way.credentials]] : [])));
    return dialService({ ...this.#target, waysOut, timeoutMs: CONNECT_TIMEOUT_MS });
  }
}
