import { constants } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { handshakeFault } from '../../shared/refused-peers/peer-fault.ts';
import type { RefusedPeer } from '../../shared/refused-peers/refused-peers.ts';
import { certificateThumbprint } from '../keys/fingerprint.ts';
import type { GatewayKeys } from '../keys/gateway-keys.ts';
import type { Logger } from '../logging/logger.ts';
import type { Admission, ConnectionAdmission } from './connection-admission.ts';

/** The TLS handshake must be over by then: two round trips, even by satellite (B5). */
export const HANDSHAKE_LIMIT_MS = 10_000;

/** A peer whose TLS handshake is done; who it is has still to be judged. */
export interface TlsPeer {
  readonly socket: TLSSocket;
  readonly alpn: string | null;
  /** SHA-256 of the SubjectPublicKeyInfo of the peer's key, which the handshake proved it holds; null where it showed none. */
  readonly thumbprint: string | null;
  readonly address: string;
  readonly admission: Admission;
}

export interface TlsListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly keys: Pick<GatewayKeys, 'tlsKeyPem' | 'tlsCertificatePem'>;
  /** What is spoken here now, by ALPN. */
  readonly alpn: () => readonly string[];
  readonly admission: ConnectionAdmission;
  readonly log: Logger;
  readonly onPeer: (peer: TlsPeer) => void;
  /** Told of a peer whose handshake was ended here. */
  readonly refused: (peer: RefusedPeer) => void;
  readonly handshakeLimitMs?: number;
}

/**
 * One port that takes TLS 1.3 only, without resumption or early data, asks for a certificate without judging it, and closes
 * what is anything else. The caller judges each peer.
 */
export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #tcp: Server;
  readonly #tls: TlsServer;
  readonly #sockets = new Map<string, { readonly socket: Socket; readonly admission: Admission }>();
  #open = false;

  constructor(options: TlsListenerOptions) {
    this.#options = options;
    const { keys, alpn } = options;
    this.#tls = createTlsServer({
      key: keys.tlsKeyPem,
      cert: keys.tlsCertificatePem,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      // Without tickets OpenSSL wants to look sessions up; nobody answers, so nothing is ever resumed (rule 3).
      secureOptions: constants.SSL_OP_NO_TICKET,
      requestCert: true,
      // Certificates are self-signed on both sides: the key is judged, by pin or by grant.
      rejectUnauthorized: false,
      handshakeTimeout: options.handshakeLimitMs ?? HANDSHAKE_LIMIT_MS,
      // An offer of nothing that is spoken here ends the handshake (undefined sends the alert).
      ALPNCallback: ({ protocols }) => alpn().find((one) => protocols.includes(one)),
    });
    this.#tls.on('tlsClientError', (error, socket) => {
      const { remoteAddress: address } = socket;
      options.log.debug('TLS handshake failed', { address, port: options.port, error });
      socket.destroy();
      const fault = handshakeFault(error);
      if (fault !== null && address !== undefined) options.refused({ address, port: options.port, code: fault.timedOut ? 'hello.time-out' : 'hello.malformed', what: fault.what });
    });
    this.#tls.on('secureConnection', (socket) => this.#secured(socket));
    this.#tcp = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }, (socket) => this.#accept(socket));
  }

  /** Shows these keys from the next handshake on; connections that stand go on. */
  useKeys({ tlsKeyPem, tlsCertificatePem }: TlsListenerOptions['keys']): void {
    this.#tls.setSecureContext({ key: tlsKeyPem, cert: tlsCertificatePem, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET });
  }

  get port(): number {
    return this.#options.port;
  }

  /** Whether the port is listened on now. */
  get open(): boolean {
    return this.#open;
  }

  /** Listens; rejects with `gateway.port-closed` where the port cannot be had. */
  async listen(): Promise<void> {
    const { host, port, log } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => reject(new MavisError('gateway.port-closed', { ports: String(port) }, { cause: error }));
      this.#tcp.once('error', failed);
      this.#tcp.listen({ host, port, backlog: 511 }, () => {
        this.#tcp.off('error', failed);
        this.#tcp.on('error', (error) => log.error('listener failed', { port, error }));
        this.#tcp.once('close', () => (this.#open = false));
        this.#open = true;
        resolve();
      });
    });
  }

  /** Takes no more connections; those that are open stay. */
  stopAccepting(): void {
    this.#open = false;
    this.#tcp.close();
  }

  /** Closes the port and every connection on it. */
  async close(): Promise<void> {
    this.#open = false;
    const closed = new Promise<void>((resolve) => {
      if (!this.#tcp.listening && this.#sockets.size === 0) resolve();
      else this.#tcp.once('close', () => resolve());
    });
    this.#tcp.close();
    for (const { socket } of this.#sockets.values()) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    // Whatever a peer does to its own connection is no error of the gateway; the close that follows says enough.
    socket.on('error', () => undefined);
    const admission = this.#options.admission.admit(socket);
    if (admission === null) {
      socket.destroy();
      return;
    }
    const key = peerKey(socket);
    this.#sockets.set(key, { socket, admission });
    socket.once('close', () => this.#sockets.delete(key));
    this.#tls.emit('connection', socket);
  }

  #secured(socket: TLSSocket): void {
    // The event names the TLS socket only; its place was given to the TCP socket below, which has the same two ends.
    const admission = this.#sockets.get(peerKey(socket))?.admission;
    const address = socket.remoteAddress;
    socket.on('error', (error) => this.#options.log.debug('connection failed', { address, port: this.port, error }));
    if (admission === undefined || address === undefined) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    this.#options.onPeer({ socket, alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : null, thumbprint: thumbprintOf(socket), address, admission });
  }
}

function peerKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** Null for a peer without a certificate, and for one whose key is of a kind that cannot be written down. */
function thumbprintOf(socket: TLSSocket): string | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  try {
    return certificateThumbprint(certificate);
  } catch {
    return null;
  }
}
