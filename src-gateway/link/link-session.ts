import type { TLSSocket } from 'node:tls';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { encodeLinkFrame, LinkFrameDecoder, linkFrameKind, MAX_LINK_FRAME_BYTES, type LinkFrame } from '../../shared/link/framing.ts';
import { linkRequest } from '../../shared/link/messages.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import type { Logger } from '../logging/logger.ts';
import { decodeUtf8, encodeUtf8 } from '../proxy-port/utf8.ts';
import type { LinkHandler } from './link-methods.ts';

/** Requests at once on the control channel: a hundred parallel grants, probes and a sync beside them. */
const CONTROL_AT_ONCE = 256;
/** ... and on the bulk channel: enough to keep the line full, little enough to bound memory at a few chunks. */
const BULK_AT_ONCE = 8;
/** The service syncs every 15 s (S10): a control connection so long without a word is dead. */
const IDLE_LIMIT_MS = 5 * 60_000;
/** Answers that wait for a service that does not read. */
const MAX_UNSENT_BYTES = 4 * MAX_LINK_FRAME_BYTES;

export interface LinkSessionParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly handlers: { readonly control: ReadonlyMap<string, LinkHandler>; readonly bulk: ReadonlyMap<string, LinkHandler> };
  readonly heard: () => void;
  /** For the figures: how long a method took. */
  readonly answered: (method: string, milliseconds: number, code: string) => void;
}

type Channel = 'control' | 'bulk';

/**
 * One connection of the service. Its first request says which channel it is; a request of the other channel closes it.
 * Requests run side by side up to a bound, above which nothing more is read.
 */
export class LinkSession {
  readonly #socket: TLSSocket;
  readonly #parts: LinkSessionParts;
  readonly #decoder = new LinkFrameDecoder();
  readonly #closed = new AbortController();
  #channel: Channel | undefined;
  #running = 0;
  #idle: Timer | undefined;

  constructor(socket: TLSSocket, parts: LinkSessionParts) {
    this.#socket = socket;
    this.#parts = parts;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.once('end', () => this.close());
    socket.once('close', () => this.close());
    this.#restIdle();
  }

  /** Closes the connection; requests that run are told to stop. */
  close(): void {
    this.#idle?.cancel();
    if (!this.#closed.signal.aborted) this.#closed.abort(new MavisError('gateway.link-failed'));
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#restIdle();
    try {
      for (const frame of this.#decoder.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#parts.log.warn('link closed: what came is no request', { address: this.#socket.remoteAddress, error });
      this.close();
    }
  }

  #take(frame: LinkFrame): void {
    if (frame.kind !== linkFrameKind.json) throw new RangeError('the service asks in JSON');
    const request = linkRequest.parse(JSON.parse(decodeUtf8(frame.payload)));
    this.#channel ??= request.channel;
    if (request.channel !== this.#channel) throw new RangeError('one connection is one channel');
    this.#parts.heard();
    this.#running += 1;
    if (this.#running >= this.#bound()) this.#socket.pause();
    this.#answer(request.id, request.method, request.params, this.#channel).then(
      () => this.#ran(),
      (error: unknown) => {
        this.#parts.log.error('link answer could not be written', { method: request.method, error });
        this.close();
      },
    );
  }

  async #answer(id: number, method: string, params: unknown, channel: Channel): Promise<void> {
    const { clock, handlers, answered } = this.#parts;
    const begunMs = clock.monotonicMs();
    const handle = handlers[channel].get(method);
    try {
      if (handle === undefined) throw new MavisError('request.not-found');
      const result = await handle(params, this.#closed.signal);
      this.#send(result instanceof Uint8Array ? binaryAnswer(id, result) : jsonAnswer({ id, result }));
      answered(method, clock.monotonicMs() - begunMs, 'ok');
    } catch (error) {
      const { code, args, cause } = asMavisError(error);
      if (code === 'internal') this.#parts.log.error('link request failed', { method: handle === undefined ? '' : method, error: cause });
      answered(handle === undefined ? 'unknown' : method, clock.monotonicMs() - begunMs, code);
      this.#send(jsonAnswer({ id, error: { code, args } }));
    }
  }

  #send(frame: Uint8Array): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(frame);
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.close();
  }

  #ran(): void {
    this.#running -= 1;
    if (this.#socket.isPaused() && this.#running < this.#bound()) this.#socket.resume();
  }

  #bound(): number {
    return this.#channel === 'bulk' ? BULK_AT_ONCE : CONTROL_AT_ONCE;
  }

  #restIdle(): void {
    this.#idle?.cancel();
    this.#idle = this.#parts.clock.setTimer(() => this.close(), IDLE_LIMIT_MS);
  }
}

function jsonAnswer(value: unknown): Uint8Array {
  return encodeLinkFrame(linkFrameKind.json, encodeUtf8(JSON.stringify(value)));
}

function binaryAnswer(id: number, bytes: Uint8Array): Uint8Array {
  const payload = new Uint8Array(4 + bytes.length);
  new DataView(payload.buffer).setUint32(0, id);
  payload.set(bytes, 4);
  return encodeLinkFrame(linkFrameKind.binary, payload);
}
