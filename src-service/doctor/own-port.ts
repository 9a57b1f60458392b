import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import type { OwnPort } from '../../shared/diagnostics/doctor/judgements.ts';

/** On the same machine a handshake takes milliseconds; who does not answer in this time hangs. */
const ANSWER_LIMIT_MS = 3000;

/** Whether a port can be listened on, where the service itself does not run. Throws for an address that is none of this machine's. */
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

/** Who answers TLS at an address of this machine: the service with this certificate's key, another, somebody who says nothing, or nobody. */
export function reachOwnPort(url: URL, certificatePem: string, signal: AbortSignal): Promise<OwnPort> {
  const port = Number(url.port === '' ? 443 : url.port);
  const own = new X509Certificate(certificatePem).publicKey;
  return new Promise((resolve) => {
    // It is judged by its key, as clients that pin it do.
    const socket = connect({ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, rejectUnauthorized: false });
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
    socket.once('secureConnect', () => end(socket.getPeerX509Certificate()?.publicKey.equals(own) === true ? 'own' : 'wrong-key'));
  });
}
