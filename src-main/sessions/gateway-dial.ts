import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import * as tls from 'node:tls';
import type { Hop } from '../../shared/api/connections.ts';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { PROXY_ALPN } from '../../shared/proxy-stream/frames.ts';
import type { ClientIdentity } from '../account/client-key.ts';
import { openThroughProxy } from '../network/open-through-proxy.ts';
import { AllWaysFailed, staggeredRace, type Way } from '../network/staggered-race.ts';
import { proxyName, unsupportedWay, type WayOut } from '../network/way-out.ts';

/** One dial, TCP and TLS together (rule 4): a gateway that is there answers within a fraction of it. */
export const DIAL_TIMEOUT_MS = 3000;

/**
 * The next way begins after so long while the one before still tries: longer than a handshake over a slow line takes to get
 * on (a satellite's round trip is 600 ms, two of them make the handshake), so that the order of preference holds where the
 * network is merely slow; and four ways that are dropped leave ten seconds of the connection's fifteen.
 */
export const STAGGER_MS = 700;
/** All ways to one gateway together: the last one has its time limit, and another gateway can still be tried (rule 4). */
export const DIAL_LIMIT_MS = 8000;

export type DialledHop = Pick<Hop, 'gatewayName' | 'host' | 'ports' | 'fallbackPort' | 'pins'>;

export interface DialOptions {
  readonly identity: ClientIdentity;
  readonly signal: AbortSignal;
  /** A number from 0 up to 1: the order among ports of equal preference (S74). */
  readonly random: () => number;
  readonly timeoutMs?: number;
  readonly staggerMs?: number;
  readonly limitMs?: number;
  /** The ways out of this computer's network to the gateway's link port, asked for when its turn comes; none where the gateway may not be reached there. */
  readonly waysOut?: () => Promise<readonly WayOut[]>;
}

/** A gateway that was reached, and over which way. */
export interface ReachedGateway {
  readonly socket: tls.TLSSocket;
  readonly port: number;
  /** Over the link port instead of a proxy port. */
  readonly over443: boolean;
  /** `host:port` of the HTTP proxy on the way, or null. */
  readonly proxy: string | null;
}

/** Failures by how much they tell: of several ways' failures the most telling is reported. */
const TELLING = [
  'proxy.authentication-required', 'proxy.authentication-failed', 'gateway.pin-mismatch', 'gateway.tls-failed', 'proxy.scheme-unsupported', 'proxy.answer-invalid', 'proxy.refused',
  'proxy.time-out', 'proxy.unreachable', 'gateway.refused', 'gateway.time-out', 'gateway.unreachable',
] as const satisfies readonly ErrorCode[];
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
 * A TLS 1.3 connection to a gateway whose key is the pinned one; nothing of ours but the handshake was sent on it. Tries the
 * proxy ports in order, then the link port (443) straight, then through the network's own proxies, each a moment after the
 * one before; the first whose key is right wins and the others are closed. Throws the most telling failure, or
 * `connect.cancelled`.
 */
export async function dialGateway(hop: DialledHop, options: DialOptions): Promise<ReachedGateway> {
  const { host, fallbackPort, gatewayName: gateway } = hop;
  if (host === null) throw new MavisError('gateway.unreachable', { gateway });
  const straight = (port: number, over443: boolean): Way<ReachedGateway> => async (signal) => ({ socket: await handshake({ host, port }, hop, { ...options, signal }), port, over443, proxy: null });
  const ways = portsInOrder(hop.ports, options.random).map((port) => straight(port, false));
  if (fallbackPort !== null) ways.push(straight(fallbackPort, true), (signal) => throughProxies(hop, host, fallbackPort, { ...options, signal }));
  try {
    return await staggeredRace(ways, {
      staggerMs: options.staggerMs ?? STAGGER_MS,
      limitMs: options.limitMs ?? DIAL_LIMIT_MS,
      signal: options.signal,
      late: () => new MavisError('gateway.time-out', { gateway }),
      discard: ({ socket }) => socket.destroy(),
    });
  } catch (error) {
    if (options.signal.aborted) throw new MavisError('connect.cancelled');
    if (!(error instanceof AllWaysFailed)) throw error;
    throw mostTelling(error.failures) ?? new MavisError('gateway.unreachable', { gateway });
  }
}

/** The link port by way of each proxy of the network in turn. */
async function throughProxies(hop: DialledHop, host: string, port: number, options: DialOptions): Promise<ReachedGateway> {
  const failures: unknown[] = [];
  for (const way of (await options.waysOut?.()) ?? []) {
    if (options.signal.aborted) break;
    if (way.kind === 'direct') continue;
    try {
      if (way.kind === 'unsupported') throw unsupportedWay(way);
      const socket = await openThroughProxy({ proxy: way, host, port, timeoutMs: options.timeoutMs ?? DIAL_TIMEOUT_MS, signal: options.signal });
      return { socket: await handshake({ socket }, hop, options), port, over443: true, proxy: proxyName(way) };
    } catch (error) {
      failures.push(error);
    }
  }
  throw mostTelling(failures) ?? new MavisError('gateway.unreachable', { gateway: hop.gatewayName });
}

/** The same handshake inside a stream that the first gateway forwards (rule 8): it sees ciphertext only. */
export function dialThrough(carrier: tls.TLSSocket, hop: DialledHop, options: DialOptions): Promise<tls.TLSSocket> {
  return handshake({ socket: carrier }, hop, options);
}

async function handshake(way: OpenWay, hop: DialledHop, { identity, signal, timeoutMs }: DialOptions): Promise<tls.TLSSocket> {
  const socket = await openGatewayTls(way, { gateway: hop.gatewayName, identity, signal, timeoutMs, alpn: [PROXY_ALPN] });
  const wrong = whatIsWrong(socket, hop);
  if (wrong) {
    socket.destroy();
    throw wrong;
  }
  return socket;
}

/** Where a handshake begins: an address to dial, or a stream that leads there. */
type OpenWay = { readonly host: string; readonly port: number } | { readonly socket: Socket };

export interface OpenTlsOptions {
  readonly gateway: string;
  readonly identity: ClientIdentity;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  /** What is offered to speak, best first. */
  readonly alpn: readonly string[];
}

/** TLS 1.3 with whatever answers in a gateway's place. Its key is not judged yet: the caller does, before anything is sent. Throws as a dial does, with the system's error as cause. */
export function openGatewayTls(way: OpenWay, { gateway, identity, signal, timeoutMs = DIAL_TIMEOUT_MS, alpn }: OpenTlsOptions): Promise<tls.TLSSocket> {
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
      ALPNProtocols: [...alpn],
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
  if (!isPinned(seen, hop.pins)) return new MavisError('gateway.pin-mismatch', { gateway });
  return socket.alpnProtocol === PROXY_ALPN ? undefined : new MavisError('gateway.tls-failed', { gateway });
}

/** Whether a key's SHA-256 is one of the pins (base64url). */
export function isPinned(seen: Uint8Array, pins: readonly string[]): boolean {
  return pins.map((pin) => Buffer.from(pin, 'base64url')).some((pin) => pin.length === seen.length && timingSafeEqual(pin, seen));
}

/** A failure of the network as an error of leg L2. */
export function dialError(error: Error, gateway: string, reached: boolean): MavisError {
  if (error instanceof MavisError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ECONNREFUSED') return new MavisError('gateway.refused', { gateway }, { cause: error });
  if (code === 'ETIMEDOUT') return new MavisError('gateway.time-out', { gateway }, { cause: error });
  return new MavisError(reached ? 'gateway.tls-failed' : 'gateway.unreachable', { gateway }, { cause: error });
}

function mostTelling(failures: readonly unknown[]): MavisError | undefined {
  const rank = (error: MavisError): number => TELLING.findIndex((code: DialFailure) => code === error.code);
  const unforeseen = failures.find((failure) => !(failure instanceof MavisError));
  if (unforeseen !== undefined) throw unforeseen;
  return failures.filter((failure) => failure instanceof MavisError).toSorted((a, b) => rank(a) - rank(b))[0];
}
