import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { PingAnswer } from '../../shared/link/messages.ts';
import type { Clock } from '../clock/clock.ts';

/** A request must be whole and answered by then (B5): it is one line and a few headers. */
export const REQUEST_LIMIT_MS = 10_000;
const MAX_HEADER_BYTES = 8 * 1024;

/** Answers `GET /ping` over HTTP/1.1 and nothing else: one request a connection, no body read, no name or version told (S60, S62). */
export class PingServer {
  readonly #http: Server;
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #askers = new WeakMap<object, string | null>();

  /** `answer` is given the thumbprint of the client's key, null where it showed none. */
  constructor(clock: Pick<Clock, 'setTimer'>, answer: (thumbprint: string | null) => PingAnswer) {
    this.#clock = clock;
    this.#http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAlive: false, requireHostHeader: false }, (request, response) => {
      respond(request, response, () => answer(this.#askers.get(request.socket) ?? null));
    });
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Serves one connection whose TLS handshake is done. */
  serve(socket: TLSSocket, thumbprint: string | null): void {
    this.#askers.set(socket, thumbprint);
    const limit = this.#clock.setTimer(() => socket.destroy(), REQUEST_LIMIT_MS);
    socket.once('close', () => limit.cancel());
    this.#http.emit('connection', socket);
  }
}

function respond(request: IncomingMessage, response: ServerResponse, answer: () => PingAnswer): void {
  const known = request.method === 'GET' && request.url === '/ping';
  const body = known ? JSON.stringify(answer()) : '';
  response.sendDate = false;
  response.writeHead(known ? 200 : 404, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', connection: 'close' });
  response.end(body);
}
