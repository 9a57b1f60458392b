import type { MavisError } from '../../shared/errors/mavis-error.ts';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import { PROXY_ALPN } from '../../shared/proxy-stream/frames.ts';
import type { RefusedPeer } from '../../shared/refused-peers/refused-peers.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import type { GatewayKeys } from '../keys/gateway-keys.ts';
import type { Logger } from '../logging/logger.ts';
import type { ConnectionAdmission } from './connection-admission.ts';
import type { Greeter } from './greeting.ts';
import { TlsListener } from './tls-listener.ts';

/** A port that another program holds is tried again so often: with each status sync. */
const RETRY_MS = 15_000;

export interface ProxyPortsParts {
  readonly host: string;
  readonly ports: readonly number[];
  /** The keys to show, asked with each port that is opened. */
  readonly keys: () => Pick<GatewayKeys, 'tlsKeyPem' | 'tlsCertificatePem'>;
  readonly admission: ConnectionAdmission;
  readonly clock: Pick<Clock, 'setTimer'>;
  readonly log: Logger;
  readonly greeter: Pick<Greeter, 'greet'>;
  /** Told of a peer whose handshake was ended here. */
  readonly refused: (peer: RefusedPeer) => void;
}

/** The ports for session traffic (7993 to 7995 by default, S61). One that cannot be had does not close the others. */
export class ProxyPorts {
  readonly #parts: ProxyPortsParts;
  readonly #listeners = new Map<number, TlsListener>();
  #retry: Timer | undefined;
  #stopped = false;

  constructor(parts: ProxyPortsParts) {
    this.#parts = parts;
  }

  /** Opens all ports that can be had; rejects with `gateway.port-closed` where none can. */
  async open(): Promise<void> {
    let failure: MavisError | undefined;
    for (const port of this.#parts.ports) {
      if (this.isOpen(port)) continue;
      try {
        await this.#listen(port);
      } catch (error) {
        failure = asMavisError(error);
        this.#parts.log.warn('proxy port cannot be opened', { port, code: failure.code, error: failure.cause });
      }
    }
    if (failure === undefined) return;
    if (this.openPorts.length === 0) throw failure;
    if (!this.#stopped) this.#retry = this.#parts.clock.setTimer(() => void this.open().catch((error: unknown) => this.#parts.log.error('no proxy port is open', { error })), RETRY_MS);
  }

  /** The ports that are listened on now. */
  get openPorts(): readonly number[] {
    return this.#parts.ports.filter((port) => this.isOpen(port));
  }

  /** Whether a port is listened on now. */
  isOpen(port: number): boolean {
    return this.#listeners.get(port)?.open ?? false;
  }

  /** Shows other keys from the next handshake on. */
  useKeys(keys: Pick<GatewayKeys, 'tlsKeyPem' | 'tlsCertificatePem'>): void {
    for (const listener of this.#listeners.values()) listener.useKeys(keys);
  }

  /** Takes no more clients; those that are there stay. */
  stopAccepting(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    for (const listener of this.#listeners.values()) listener.stopAccepting();
  }

  /** Closes the ports and every connection on them. */
  async close(): Promise<void> {
    this.stopAccepting();
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
  }

  async #listen(port: number): Promise<void> {
    const { host, keys, admission, log, greeter, refused } = this.#parts;
    const listener = new TlsListener({ host, port, keys: keys(), admission, log, refused, alpn: () => [PROXY_ALPN], onPeer: (peer) => greeter.greet(peer, port) });
    await listener.listen();
    this.#listeners.set(port, listener);
  }
}
