import type { TLSSocket } from 'node:tls';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type Frame, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import { type Forwarding, forwarding, parsePayload } from '../../shared/proxy-stream/messages.ts';
import { decodeUtf8, GatewayRefusal } from './gateway-hello.ts';
import { exchangeResume } from './resume-exchange.ts';

/** A first gateway reaches the next one within five seconds, or says that it did not. */
const ANSWER_LIMIT_MS = 8000;
/** What a first gateway answers where it knows nothing of the wire any more: it was started again, or the time is over. The stream to the last gateway may stand all the same. */
const FORGOTTEN: ReadonlySet<string> = new Set(['session.gateway-lost', 'session.ended', 'gateway.restarted']);
/** Refusals that concern this moment: the next gateway was not reached just now. */
const PASSING: ReadonlySet<string> = new Set(['tunnel.next-unreachable', 'hello.time-out', 'gateway.full', 'gateway.draining']);

/** A first gateway that forwards, with what lays its wire again. */
export interface LaidWire {
  readonly socket: TLSSocket;
  readonly forwarding: Forwarding;
}

export interface TwoHopWayParts<Hop extends { readonly gatewayName: string }> {
  readonly first: Hop;
  readonly forwarding: Forwarding;
  /** TLS to a first gateway, its key pinned. */
  readonly dialFirst: (hop: Hop, signal: AbortSignal) => Promise<TLSSocket>;
  /** TLS to the last gateway inside, its key pinned. */
  readonly dialLast: (carrier: TLSSocket, signal: AbortSignal) => Promise<TLSSocket>;
  /** Another first gateway, granted by the service, or null where there is none now; throws what ends the session. Absent where nobody can be asked. */
  readonly newFirst?: (failed: Hop, signal: AbortSignal) => Promise<Hop | null>;
  /** Says hello to a newly granted first gateway with its ticket. */
  readonly hello: (socket: TLSSocket, hop: Hop, signal: AbortSignal) => Promise<Forwarding>;
}

/**
 * The way over two gateways, laid again after a cut (rules 8, 10): to the first one with the secret that it gave, or, where it
 * is gone or has forgotten, to another one that the service grants; inside, TLS to the last one, whose stream is taken up by
 * its own secret.
 */
export class TwoHopWay<Hop extends { readonly gatewayName: string }> {
  readonly #parts: TwoHopWayParts<Hop>;
  #first: Hop;
  #secret: string | undefined;
  #epoch = 0;

  constructor(parts: TwoHopWayParts<Hop>) {
    this.#parts = parts;
    this.#first = parts.first;
    this.#secret = parts.forwarding.resumeSecret;
  }

  /** TLS to the last gateway over a wire that was laid again. Throws a GatewayRefusal where the session is over, else a failure of this try. */
  async again(signal: AbortSignal): Promise<TLSSocket> {
    const carrier = await this.#wire(signal);
    try {
      return await this.#parts.dialLast(carrier, signal);
    } catch (error) {
      carrier.on('error', () => undefined);
      carrier.destroy();
      throw error;
    }
  }

  async #wire(signal: AbortSignal): Promise<TLSSocket> {
    if (this.#secret === undefined) return this.#newWire(signal);
    let socket: TLSSocket;
    try {
      socket = await this.#parts.dialFirst(this.#first, signal);
    } catch (error) {
      if (signal.aborted || this.#parts.newFirst === undefined) throw error;
      return this.#newWire(signal);
    }
    try {
      this.#epoch += 1;
      await exchangeResume(socket, { gateway: this.#first.gatewayName, resumeSecret: this.#secret, epoch: this.#epoch, received: 0, limitMs: ANSWER_LIMIT_MS, signal, take: takeForwarding });
      return socket;
    } catch (error) {
      if (!(error instanceof GatewayRefusal)) throw error;
      if (PASSING.has(error.code)) throw new MavisError(error.code, error.args, { cause: error });
      if (!FORGOTTEN.has(error.code) || this.#parts.newFirst === undefined) throw error;
      this.#secret = undefined;
      return this.#newWire(signal);
    }
  }

  async #newWire(signal: AbortSignal): Promise<TLSSocket> {
    const { newFirst, dialFirst, hello } = this.#parts;
    const hop = await newFirst?.(this.#first, signal);
    if (hop === undefined || hop === null) throw new MavisError('gateway.unreachable', { gateway: this.#first.gatewayName });
    this.#first = hop;
    this.#secret = undefined;
    const socket = await dialFirst(hop, signal);
    try {
      ({ resumeSecret: this.#secret } = await hello(socket, hop, signal));
    } catch (error) {
      // Of this gateway and this moment: that the session is over says the service, which is asked for the next one.
      throw error instanceof GatewayRefusal ? new MavisError(error.code, error.args, { cause: error }) : error;
    }
    this.#epoch = 0;
    return socket;
  }
}

/** A first gateway carries raw bytes once it has answered, and sends nothing after this by itself. */
function takeForwarding({ type, payload }: Frame, following: readonly Frame[]): undefined {
  if (type !== frameType.forwarding || following.length > 0) throw new FrameError('bad-order');
  parsePayload(forwarding, payload, decodeUtf8);
  return undefined;
}
