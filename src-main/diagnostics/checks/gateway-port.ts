import type { LookupFunction, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Subject, TlsSeen } from '../../../shared/diagnostics/check-result.ts';
import { encodeCount, FrameDecoder, frameType, PROXY_ALPN } from '../../../shared/proxy-stream/frames.ts';
import type { ClientIdentity } from '../../account/client-key.ts';
import type { WayOut } from '../../network/way-out.ts';
import { openGatewayTls } from '../../sessions/gateway-dial.ts';
import type { Check, Found, Tries } from '../check.ts';
import { failedHandshake, seenGateway } from '../tls-probe.ts';
import { openWay } from '../way-to-service.ts';

const TLS_LIMIT_MS = 2500;
const PONG_LIMIT_MS = 2500;

export interface GatewayPortParts {
  readonly subject: Extract<Subject, { kind: 'gateway' }>;
  readonly host: string;
  readonly port: number;
  readonly role: 'link' | 'proxy';
  readonly pins: readonly string[];
  readonly identity: ClientIdentity;
  /** Ways to the link port; proxy ports are dialled straight, as sessions do. */
  readonly waysOut?: (() => Promise<readonly WayOut[]>) | undefined;
  readonly lookup?: LookupFunction | undefined;
}

const STRAIGHT: readonly WayOut[] = [{ kind: 'direct' }];
const WITHOUT_LINK: readonly string[] = ['http/1.1'];

/** One port of a gateway: what TCP did, whose key TLS showed, and whether a gateway speaks there (a ping of the proxy protocol is answered before any ticket). */
export function gatewayPort(parts: GatewayPortParts): Check {
  const { subject, host, port, role, pins } = parts;
  return {
    id: `port ${subject.gatewayId} ${port}`, check: 'port', subject, leg: 'L2',
    limitMs: 8000,
    run: async (signal, tries): Promise<Found> => {
      const facts = { check: 'port', role, host, port } as const;
      const opened = await openWay({ host, port }, await waysOf(parts), parts.lookup, tries, signal);
      if (opened.kind === 'proxy-failed') return { notRun: 'earlier-step', detail: opened.error.code };
      if (opened.kind === 'closed') return { verdict: 'bad', facts: { ...facts, tcp: opened.outcome, tls: null, connectMs: null, pong: null } };
      const { seen, pong } = await greet(opened.socket, parts, tries, signal);
      if (seen === 'reset') return { verdict: 'bad', facts: { ...facts, tcp: 'reset', tls: null, connectMs: opened.milliseconds, pong: null } };
      const good = seen.outcome === 'done' && seen.trust !== 'pin' && pong !== false;
      return { verdict: good ? 'good' : 'bad', facts: { ...facts, tcp: 'open', tls: { ...seen, trust: pins.length === 0 && seen.outcome === 'done' ? 'not-checked' : seen.trust }, connectMs: opened.milliseconds, pong } };
    },
  };
}

/** Straight first, as the dial does; then by the network's proxies. */
async function waysOf({ waysOut }: GatewayPortParts): Promise<readonly WayOut[]> {
  return waysOut === undefined ? STRAIGHT : [...STRAIGHT, ...(await waysOut()).filter(({ kind }) => kind !== 'direct')];
}

async function greet(stream: Socket, { subject, host, port, role, pins, identity }: GatewayPortParts, tries: Tries, signal: AbortSignal): Promise<{ readonly seen: TlsSeen | 'reset'; readonly pong: boolean | null }> {
  try {
    const alpn = role === 'proxy' ? [PROXY_ALPN] : WITHOUT_LINK;
    const socket = await tries.note('tls', `${host}:${port}`, () => openGatewayTls({ socket: stream }, { gateway: subject.name, identity, signal, timeoutMs: TLS_LIMIT_MS, alpn }), (opened) => `${opened.getProtocol() ?? ''} ${opened.alpnProtocol || ''}`.trim());
    try {
      const seen = seenGateway(socket, pins);
      const speaks = role === 'proxy' && seen.trust !== 'pin';
      return { seen, pong: speaks ? await tries.note('frame', `${host}:${port}`, () => answersPing(socket, signal), (answered) => (answered ? 'pong' : 'none')) : null };
    } finally {
      socket.on('error', () => undefined).destroy();
    }
  } catch (error) {
    return { seen: failedHandshake(error), pong: null };
  }
}

/** Whether the peer speaks the proxy protocol. */
function answersPing(socket: TLSSocket, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  if (socket.alpnProtocol !== PROXY_ALPN) return Promise.resolve(false);
  const timer = setTimeout(() => resolve(false), PONG_LIMIT_MS);
  const decoder = new FrameDecoder();
  const onData = (chunk: Buffer): void => {
    try {
      if (decoder.push(chunk).some(({ type }) => type === frameType.pong)) resolve(true);
    } catch {
      resolve(false);
    }
  };
  const gone = (): void => resolve(false);
  socket.on('data', onData).once('error', gone).once('close', gone);
  signal.addEventListener('abort', gone, { once: true });
  socket.write(encodeCount(frameType.ping, 1));
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', gone);
    socket.off('data', onData);
  });
}
