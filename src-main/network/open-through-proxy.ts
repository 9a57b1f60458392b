import { connect, isIPv6, type Socket } from 'node:net';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type ConnectAnswer, ConnectAnswerParser } from './connect-answer.ts';
import { type HttpProxy, proxyName } from './way-out.ts';

export interface ThroughProxyOptions {
  readonly proxy: HttpProxy;
  /** Where to. */
  readonly host: string;
  readonly port: number;
  /** The proxy must have answered by then. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Status codes with which a proxy says that the other end did not answer it (RFC 9110, 15.6). */
const GATEWAY_TIMEOUT = 504;
const PROXY_AUTHENTICATION_REQUIRED = 407;

/**
 * A connection to a host by way of an HTTP proxy (CONNECT), as raw as if it were straight: whoever speaks on it proves
 * himself by TLS, the proxy sees ciphertext only. Nothing is sent but the request, redirects are not followed, and a proxy
 * that says more than it was asked is not used. Throws `proxy.*`, or `connect.cancelled`.
 */
export function openThroughProxy({ proxy, host, port, timeoutMs, signal }: ThroughProxyOptions): Promise<Socket> {
  const name = proxyName(proxy);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new MavisError('connect.cancelled'));
      return;
    }
    const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true });
    const parser = new ConnectAnswerParser();
    let connected = false;
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect).off('data', onData).off('error', onError).off('close', onClose);
    };
    const fail = (error: MavisError): void => {
      settle();
      // Whatever the proxy still does to this connection is of no concern.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(new MavisError('connect.cancelled'));
    const onConnect = (): void => {
      connected = true;
      socket.write(connectRequest(proxy, host, port));
    };
    const onData = (chunk: Buffer): void => {
      try {
        const answer = parser.push(chunk);
        if (answer === undefined) return;
        const wrong = whatIsWrong(answer, proxy, name);
        if (wrong) {
          fail(wrong);
          return;
        }
        socket.pause();
        settle();
        resolve(socket);
      } catch (error) {
        fail(new MavisError('proxy.answer-invalid', { proxy: name }, { cause: error }));
      }
    };
    const onError = (error: Error): void => fail(new MavisError(connected ? 'proxy.answer-invalid' : 'proxy.unreachable', { proxy: name }, { cause: error }));
    const onClose = (): void => fail(new MavisError(connected ? 'proxy.answer-invalid' : 'proxy.unreachable', { proxy: name }));
    const timer = setTimeout(() => fail(new MavisError(connected ? 'proxy.time-out' : 'proxy.unreachable', { proxy: name })), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', onConnect).on('data', onData).once('error', onError).once('close', onClose);
  });
}

function connectRequest({ credentials }: HttpProxy, host: string, port: number): string {
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const known = credentials === null ? '' : `Proxy-Authorization: Basic ${Buffer.from(`${credentials.userName}:${credentials.password}`, 'utf8').toString('base64')}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${known}\r\n`;
}

function whatIsWrong({ status, schemes, rest }: ConnectAnswer, { credentials }: HttpProxy, proxy: string): MavisError | undefined {
  if (status >= 200 && status < 300) {
    // The other end waits for our TLS: bytes that are here already come from the proxy itself.
    return rest.length === 0 ? undefined : new MavisError('proxy.answer-invalid', { proxy });
  }
  if (status === PROXY_AUTHENTICATION_REQUIRED) {
    if (!schemes.includes('basic')) return new MavisError('proxy.scheme-unsupported', { proxy, scheme: schemes.join(', ') || '407' });
    return new MavisError(credentials === null ? 'proxy.authentication-required' : 'proxy.authentication-failed', { proxy });
  }
  return status === GATEWAY_TIMEOUT ? new MavisError('proxy.time-out', { proxy }) : new MavisError('proxy.refused', { proxy, status });
}
