import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { debug } from './covered.ts';
import { PortConnection } from './message-port.ts';

/** Larger messages end the connection: well above what a page sends at once. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

/** The connection of one document. What is sent before the document's isolated world has connected waits for it. */
export class PageConnection {
  readonly ports: PortConnection;
  /** The document's address as Chromium knows it, kept up to date by the owner; empty until the document has connected. */
  url = '';
  /** Number of the document request that brought the document; set by the owner. */
  request = 0;
  #socket: WebSocket | undefined;
  #waiting: Uint8Array[] = [];
  #closed = false;
  readonly #onControl: (value: unknown, connection: PageConnection) => void;

  constructor(onControl: (value: unknown, connection: PageConnection) => void) {
    this.#onControl = onControl;
    this.ports = new PortConnection((frame) => this.#send(frame), 'parent');
  }

  /** False once the document has gone. */
  get isOpen(): boolean {
    return !this.#closed;
  }

  /** The document has connected. */
  attach(socket: WebSocket, url: string): void {
    this.url = url;
    this.#socket = socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data: Buffer) => {
      // A plain Uint8Array: Buffer's slice would share memory.
      this.ports.receive(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), (value) => this.#onControl(value, this));
    });
    socket.on('close', () => this.close());
    socket.on('error', (error) => debug('page connection', error.message));
    for (const frame of this.#waiting.splice(0)) socket.send(frame);
  }

  /** The document has gone, or will never come. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.close();
    this.ports.close();
  }

  #send(frame: Uint8Array): void {
    if (this.#closed) return;
    if (this.#socket) this.#socket.send(frame);
    else this.#waiting.push(frame);
  }
}

type OnDocument = (socket: WebSocket, url: string) => void;
const expected = new Map<string, OnDocument>();

/**
 * Lets the documents of one window connect. The token is known to their isolated world only.
 * @returns the token
 */
export function expectDocuments(onDocument: OnDocument): string {
  const token = randomBytes(24).toString('base64url');
  expected.set(token, onDocument);
  return token;
}

/** The window has gone: its documents connect no more. */
export function expectNoMore(token: string): void {
  expected.delete(token);
}

/** Port on 127.0.0.1 at which documents reach the main process. */
export let pageServerPort = 0;

/** Opens the port. Who has no window's token gets 403. */
export async function startPageServer(): Promise<void> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES });
  server.on('upgrade', (request, socket, head) => {
    const token = (request.headers['sec-websocket-protocol'] ?? '').trim();
    const onDocument = expected.get(token);
    if (!onDocument) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    socket.on('error', (error) => debug('page socket', error.message));
    sockets.handleUpgrade(request, socket, head, (webSocket) => onDocument(webSocket, decodeURIComponent((request.url ?? '/').slice(1))));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  pageServerPort = (server.address() as AddressInfo).port;
}
