import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { connect, type TLSSocket } from 'node:tls';

/** One request to the service. */
export type PinnedRequest = {
  readonly url: URL;
  /** `SHA256:` and the base64 of the SHA-256 of the certificate's SubjectPublicKeyInfo. */
  readonly pin: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

/** How long one request may take; provisioning asks nothing that takes longer. */
const requestLimitMs = 20_000;

/** Sends a request over TLS to a server with exactly this key; nothing is sent to any other. */
export async function sendPinned(wanted: PinnedRequest): Promise<{ readonly status: number; readonly body: string }> {
  const socket = await openPinned(wanted.url, wanted.pin);
  return new Promise((resolve, reject) => {
    const sent = request(wanted.url, {
      method: wanted.method,
      headers: { ...wanted.headers, ...(wanted.body === undefined ? {} : { 'content-type': 'application/json' }), connection: 'close' },
      protocol: 'http:',
      createConnection: () => socket,
      signal: AbortSignal.timeout(requestLimitMs),
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.end(wanted.body);
  });
}

function openPinned(url: URL, pin: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname, port: Number(url.port || 443), rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] });
    socket.setTimeout(requestLimitMs, () => socket.destroy(new Error('the service did not answer in time')));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
      if (key !== undefined && sameDigest(key, pin)) return resolve(socket);
      socket.destroy();
      reject(new Error(`the server at ${url.host} is not the service that was started`));
    });
  });
}

function sameDigest(key: Buffer, pin: string): boolean {
  const digest = createHash('sha256').update(key).digest();
  return Buffer.from(pin.replace(/^SHA256:/, ''), 'base64').equals(digest);
}
