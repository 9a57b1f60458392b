import { LINK_ALPN, LINK_FORWARD_ALPN } from '../../shared/link/framing.ts';
import { PROXY_ALPN } from '../../shared/proxy-stream/frames.ts';
import type { RefusedPeer } from '../../shared/refused-peers/refused-peers.ts';
import type { Logger } from '../logging/logger.ts';
import type { ConnectionAdmission } from '../proxy-port/connection-admission.ts';
import type { TlsPeer } from '../proxy-port/tls-listener.ts';
import type { LinkForwards } from './link-forwards.ts';
import { LinkSession, type LinkSessionParts } from './link-session.ts';
import type { PingServer } from './ping-server.ts';
import type { ServicePins } from './service-pins.ts';

/** What is spoken on the link port, by ALPN: the link, its forward to a gateway behind this one, `ping`, and the proxy ports' protocol where sessions may run over it. */
export function linkPortAlpn(over443: boolean): readonly string[] {
  return [LINK_ALPN, LINK_FORWARD_ALPN, 'http/1.1', ...(over443 ? [PROXY_ALPN] : [])];
}
/** Connections of the service at once: two for each of many instances, and those that are just being replaced. */
const MAX_LINKS = 64;

export interface LinkRouterParts extends LinkSessionParts {
  readonly log: Logger;
  readonly pins: Pick<ServicePins, 'has'>;
  readonly forwards: Pick<LinkForwards, 'begin' | 'close'>;
  readonly ping: Pick<PingServer, 'serve'>;
  /** Whether sessions may run over the link port. */
  readonly over443: () => boolean;
  /** Takes a client of the proxy ports' protocol, as a proxy port does. */
  readonly greet: (peer: TlsPeer) => void;
  /** The places of the proxy ports' clients that have not proved who they are. */
  readonly clientAdmission: Pick<ConnectionAdmission, 'admit'>;
  /** Told of who says that he is the service and is not. */
  readonly refused: (peer: Omit<RefusedPeer, 'port'>) => void;
}

/** Routes the peers of the link port: the service to the link, anybody to `ping`, everything else to the door. */
export class LinkRouter {
  readonly #parts: LinkRouterParts;
  readonly #links = new Set<LinkSession>();
  /** What the service opened by which of its keys: links, and forwards to gateways behind this one. */
  readonly #services = new Map<TlsPeer['socket'], string>();

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
    if (peer.alpn === 'http/1.1' || peer.alpn === null) this.#parts.ping.serve(peer);
    else if (peer.alpn === LINK_ALPN) this.#link(peer);
    else if (peer.alpn === LINK_FORWARD_ALPN) this.#forward(peer);
    else if (peer.alpn === PROXY_ALPN && this.#parts.over443()) this.#client(peer);
    else peer.socket.destroy();
  }

  /** Closes what was opened by a key that is one of the service's no more: whoever took it goes on with nothing. */
  closeRefused(): void {
    for (const [socket, thumbprint] of this.#services) if (!this.#parts.pins.has(thumbprint)) socket.destroy();
  }

  /** Closes all connections of the service. */
  close(): void {
    for (const link of this.#links) link.close();
    this.#parts.forwards.close();
  }

  /** Who says that it is a client takes a place among the clients, of this port and the proxy ports: however many come, the service finds its own free. */
  #client(peer: TlsPeer): void {
    peer.admission.authenticated();
    const admission = this.#parts.clientAdmission.admit(peer.socket);
    if (admission === null) peer.socket.destroy();
    else this.#parts.greet({ ...peer, admission });
  }

  #forward(peer: TlsPeer): void {
    if (this.#isService(peer)) this.#parts.forwards.begin(peer.socket);
  }

  /** Whether a peer proved a key of the service; any other is sent away. */
  #isService(peer: TlsPeer): boolean {
    if (peer.thumbprint !== null && this.#parts.pins.has(peer.thumbprint)) {
      peer.admission.authenticated();
      this.#services.set(peer.socket, peer.thumbprint);
      peer.socket.once('close', () => this.#services.delete(peer.socket));
      return true;
    }
    this.#parts.log.warn('link refused: not a key of the service', { address: peer.address, fingerprint: peer.thumbprint ?? 'none' });
    peer.socket.destroy();
    this.#parts.refused({ address: peer.address, code: 'gateway.not-the-service', what: peer.thumbprint === null ? 'no-certificate' : 'other-key', ...(peer.thumbprint === null ? {} : { clientKeyThumbprint: peer.thumbprint }) });
    return false;
  }

  #link(peer: TlsPeer): void {
    if (!this.#isService(peer)) return;
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
