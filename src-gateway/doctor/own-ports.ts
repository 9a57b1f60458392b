import { createServer } from 'node:net';
import { connect } from 'node:tls';
import type { OwnPort } from '../../shared/diagnostics/doctor/judgements.ts';
import { certificateThumbprint, sameThumbprint } from '../keys/fingerprint.ts';

/** On the same machine a handshake takes milliseconds; who does not answer in this time hangs. */
const ANSWER_LIMIT_MS = 3000;

/** Whether a port can be listened on, where the gateway itself does not run. Throws for an address that is none of this machine's. */
export function tryToListen(host: string, port: number): Promise<OwnPort> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      const code = 'code' in error ? error.code : '';
      if (code === 'EADDRINUSE') resolve({ port, outcome: 'taken' });
      else if (code === 'EACCES') resolve({ port, outcome: 'forbidden' });
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve({ port, outcome: 'free' })));
  });
}

/** Who answers TLS on a port of this machine: the gateway of this key, another, somebody who says nothing, or nobody. */
export function reachOwnPort({ host, port, alpn }: { readonly host: string; readonly port: number; readonly alpn: string }, pins: readonly string[], signal: AbortSignal): Promise<OwnPort> {
  return new Promise((resolve) => {
    // Its own certificate is judged by its key alone, as service and clients do.
    const socket = connect({ host: reachable(host), port, rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: [alpn] });
    const end = (outcome: OwnPort['outcome']): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve({ port, outcome });
      socket.on('error', () => socket.destroy()).destroy();
    };
    const onAbort = (): void => end('silent');
    const timer = setTimeout(onAbort, ANSWER_LIMIT_MS);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error) => end('code' in error && error.code === 'ECONNREFUSED' ? 'closed' : 'wrong-key'));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      end(certificate !== undefined && pins.some((pin) => sameThumbprint(pin, certificateThumbprint(certificate))) ? 'own' : 'wrong-key');
    });
  });
}

/** The address by which a listener is reached on its own machine. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
