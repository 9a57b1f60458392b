import { createHash, timingSafeEqual } from 'node:crypto';
import * as tls from 'node:tls';
import type { Hop } from '../../shared/api/connections.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { PROXY_ALPN } from '../../shared/proxy-stream/frames.ts';
import type { ClientIdentity } from '../account/client-key.ts';

/** One dial, TCP and TLS together (rule 4): a gateway that is there answers within a fraction of it, and four ports fit into the 15 s. */
export const DIAL_TIMEOUT_MS = 3000;

export type DialledHop = Pick<Hop, 'gatewayName' | 'host' | 'ports' | 'pins'>;

export interface DialOptions {
  readonly identity: ClientIdentity;
  readonly signal: AbortSignal;
  /** A number from 0 up to 1: the order among ports of equal preference (S74). */
  readonly random: () => number;
  readonly timeoutMs?: number;
}

/** Failures by how much they tell: of several ports' failures the most telling is reported. */
const TELLING = ['gateway.pin-mismatch', 'gateway.tls-failed', 'gateway.refused', 'gateway.time-out', 'gateway.unreachable'] as const;
type DialFailure = (typeof TELLING)[number];

/** The ports of a preference list in the order to try them: inner lists in turn, each in random order (S74, S75). */
export function portsInOrder(preference: readonly (readonly number[])[], random: () => number): number[] {
  return preference.flatMap((equal) => {
    const order = [...equal];
    for (let last = order.length - 1; last > 0; last -= 1) {
      const other = Math.floor(random() * (last + 1));
      [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
    }
    return order;
  });
}

/**
 * A TLS 1.3 connection to a gateway's proxy port whose key is the pinned one; nothing of ours but the handshake was sent on it.
 * Tries the ports in order. Throws the most telling failure of leg L2, or `connect.cancelled`.
 */
export async function dialGateway(hop: DialledHop, options: DialOptions): Promise<{ socket: tls.TLSSocket; port: number }> {
  if (hop.host === null) throw new MavisError('gateway.unreachable', { gateway: hop.gatewayName });
  const failures: MavisError[] = [];
  for (const port of portsInOrder(hop.ports, options.random)) {
    try {
      return { socket: await handshake({ host: hop.host, port }, hop, options), port };
    } catch (error) {
      if (!(error instanceof MavisError) || error.code === 'connect.cancelled') throw error;
      failures.push(error);
    }
  }
  throw mostTelling(failures) ?? new MavisError('gateway.unreachable', { gateway: hop.gatewayName });
}

/** The same handshake inside a stream that the first gateway forwards (rule 8): it sees ciphertext only. */
export function dialThrough(carrier: tls.TLSSocket, hop: DialledHop, options: DialOptions): Promise<tls.TLSSocket> {
  return handshake({ socket: carrier }, hop, options);
}

function handshake(way: { host: string; port: number } | { socket: tls.TLSSocket }, hop: DialledHop, { identity, signal, timeoutMs = DIAL_TIMEOUT_MS }: DialOptions): Promise<tls.TLSSocket> {
  const gateway = hop.gatewayName;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new MavisError('connect.cancelled'));
      return;
    }
    const socket = tls.connect({
      ...way,
      key: identity.privateKeyPem,
      cert: identity.certificatePem,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ALPNProtocols: [PROXY_ALPN],
      // No authority vouches for gateways: the pinned key does, checked below before anything is sent.
      rejectUnauthorized: false,
    });
    let reached = 'socket' in way;
    const timer = setTimeout(() => socket.destroy(new MavisError('gateway.time-out', { gateway })), timeoutMs);
    const onAbort = (): void => {
      socket.destroy(new MavisError('connect.cancelled'));
    };
    const onReached = (): void => {
      reached = true;
    };
    const onError = (error: Error): void => {
      settle();
      reject(dialError(error, gateway, reached));
    };
    const onClose = (): void => {
      settle();
      reject(new MavisError('gateway.tls-failed', { gateway }));
    };
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onReached).off('error', onError).off('close', onClose);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', onReached).once('error', onError).once('close', onClose);
    socket.once('secureConnect', () => {
      settle();
      const wrong = whatIsWrong(socket, hop);
      if (wrong) {
        socket.destroy();
        reject(wrong);
        return;
      }
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

function whatIsWrong(socket: tls.TLSSocket, hop: DialledHop): MavisError | undefined {
  const gateway = hop.gatewayName;
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return new MavisError('gateway.tls-failed', { gateway });
  const seen = createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest();
  const pinned = hop.pins.map((pin) => Buffer.from(pin, 'base64url')).some((pin) => pin.length === seen.length && timingSafeEqual(pin, seen));
  if (!pinned) return new MavisError('gateway.pin-mismatch', { gateway });
  return socket.alpnProtocol === PROXY_ALPN ? undefined : new MavisError('gateway.tls-failed', { gateway });
}

/** A failure of the network as an error of leg L2. */
export function dialError(error: Error, gateway: string, reached: boolean): MavisError {
  if (error instanceof MavisError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ECONNREFUSED') return new MavisError('gateway.refused', { gateway }, { cause: error });
  if (code === 'ETIMEDOUT') return new MavisError('gateway.time-out', { gateway }, { cause: error });
  return new MavisError(reached ? 'gateway.tls-failed' : 'gateway.unreachable', { gateway }, { cause: error });
}

function mostTelling(failures: readonly MavisError[]): MavisError | undefined {
  const rank = (error: MavisError): number => TELLING.findIndex((code: DialFailure) => code === error.code);
  return failures.toSorted((a, b) => rank(a) - rank(b))[0];
}
