import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { PingAnswer } from '../../shared/link/messages.ts';
import { httpFault } from '../../shared/refused-peers/peer-fault.ts';
import type { RefusedPeer } from '../../shared/refused-peers/refused-peers.ts';
import type { Clock } from '../clock/clock.ts';
import type { TlsPeer } from '../proxy-port/tls-listener.ts';

/** A request must be whole and answered by then (B5): it is one line and a few headers. */
export const REQUEST_LIMIT_MS = 10_000;
const MAX_HEADER_BYTES = 8 * 1024;

/** Answers `GET /ping` over HTTP/1.1 and nothing else: one request a connection, no body read, no name or version told (S60, S62). */
export class PingServer {
  readonly #http: Server;
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #askers = new WeakMap<object, TlsPeer>();

  /** `answer` is given the thumbprint of the client's key, null where it showed none; `refused` who sent no HTTP, on which port stands with the caller. */
  constructor(clock: Pick<Clock, 'setTimer'>, answer: (thumbprint: string | null) => PingAnswer, refused: (peer: Omit<RefusedPeer, 'port'>) => void) {
    this.#clock = clock;
    this.#http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAlive: false, requireHostHeader: false }, (request, response) => {
      respond(request, response, () => answer(this.#askers.get(request.socket)?.thumbprint ?? null));
    });
    this.#http.on('clientError', (error, socket) => {
      socket.destroy();
      const asker = this.#askers.get(socket);
      const what = httpFault(error);
      if (asker !== undefined && what !== null) refused({ address: asker.address, code: 'hello.malformed', what });
    });
  }

  /** Serves one connection whose TLS handshake is done. */
  serve(peer: TlsPeer): void {
    const { socket } = peer;
    this.#askers.set(socket, peer);
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
