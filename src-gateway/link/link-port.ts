import { LINK_ALPN } from '../../shared/link/framing.ts';
import type { Logger } from '../logging/logger.ts';
import type { TlsPeer } from '../proxy-port/tls-listener.ts';
import { LinkSession, type LinkSessionParts } from './link-session.ts';
import type { PingServer } from './ping-server.ts';
import type { ServicePins } from './service-pins.ts';

/** What is spoken on the link port, by ALPN. */
export const LINK_PORT_ALPN = [LINK_ALPN, 'http/1.1'] as const;
/** Connections of the service at once: two for each of many instances, and those that are just being replaced. */
const MAX_LINKS = 64;

export interface LinkRouterParts extends LinkSessionParts {
  readonly log: Logger;
  readonly pins: Pick<ServicePins, 'has'>;
  readonly ping: Pick<PingServer, 'serve'>;
}

/** Routes the peers of the link port: the service to the link, anybody to `ping`, everything else to the door. */
export class LinkRouter {
  readonly #parts: LinkRouterParts;
  readonly #links = new Set<LinkSession>();

  constructor(parts: LinkRouterParts) {
    this.#parts = parts;
  }

  /** Number of connections of the service. */
  get links(): number {
    return this.#links.size;
  }

  /** Takes one peer whose TLS handshake is done. */
  route(peer: TlsPeer): void {
    // A client that offers nothing by ALPN speaks HTTP/1.1, as many monitors do.
    if (peer.alpn === 'http/1.1' || peer.alpn === null) this.#parts.ping.serve(peer.socket, peer.thumbprint);
    else if (peer.alpn === LINK_ALPN) this.#link(peer);
    else peer.socket.destroy();
  }

  /** Closes all connections of the service. */
  close(): void {
    for (const link of this.#links) link.close();
  }

  #link(peer: TlsPeer): void {
    if (peer.thumbprint === null || !this.#parts.pins.has(peer.thumbprint)) {
      this.#parts.log.warn('link refused: not a key of the service', { address: peer.address, fingerprint: peer.thumbprint ?? 'none' });
      peer.socket.destroy();
      return;
    }
    peer.admission.authenticated();
    if (this.#links.size >= MAX_LINKS) {
      this.#parts.log.warn('link refused: too many', { address: peer.address, count: this.#links.size });
      peer.socket.destroy();
      return;
    }
    const link = new LinkSession(peer.socket, this.#parts);
    this.#links.add(link);
    peer.socket.once('close', () => this.#links.delete(link));
  }
}
