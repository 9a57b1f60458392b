import type { TLSSocket } from 'node:tls';
import type { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { LINK_ALPN, LinkFrameDecoder, encodeLinkFrame, linkFrameKind, type LinkFrame } from '../../shared/link/framing.ts';
import { linkAnswer } from '../../shared/link/messages.ts';
import { answeredError, faultOf, linkError } from './link-errors.ts';
import type { LinkIdentity } from './link-identity.ts';
import { openBehind, type LinkAddress } from './link-forward.ts';
import { openPinned, type AskOptions } from './pinned-tls.ts';

/** A method as `shared/link/messages.ts` gives it. */
interface Method<P extends z.ZodType, R> {
  readonly params: P;
  readonly result: R;
}

/** Requests that wait at once on one connection: 100 parallel grants fit with room for probes; above it the gateway is hung or the service runs wild. */
const MAX_IN_FLIGHT = 256;
/** Answers nobody asked for, in a row: late answers to given-up requests are few, a flood is an attack. */
const MAX_UNSOLICITED = 512;
/** Bytes that wait to be written: a gateway that does not read is given up instead of filling the memory. */
const MAX_WRITE_BUFFER_BYTES = 8 * 1024 * 1024;

interface Waiting {
  readonly binary: boolean;
  readonly settle: (outcome: { readonly value: unknown } | { readonly bytes: Uint8Array } | { readonly error: MavisError }) => void;
}

/**
 * One TLS 1.3 connection of the link. The gateway's key is compared with its pins before the first byte is written; nothing
 * is resumed. Its owner closes it; `onClose` is called once, with the reason where it was not the owner.
 */
export class LinkConnection {
  readonly #socket: TLSSocket;
  readonly #channel: 'control' | 'bulk';
  readonly #gatewayName: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #frames = new LinkFrameDecoder();
  readonly #onClose: (reason: MavisError | null) => void;
  #nextId = 1;
  #unsolicited = 0;
  #closed = false;
  #retired = false;

  private constructor(socket: TLSSocket, channel: 'control' | 'bulk', gatewayName: string, onClose: (reason: MavisError | null) => void) {
    this.#socket = socket;
    this.#channel = channel;
    this.#gatewayName = gatewayName;
    this.#onClose = onClose;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#end(linkError(faultOf(error), gatewayName, error)));
    socket.on('close', () => this.#end(linkError('failed', gatewayName, new Error('the gateway closed the link'))));
  }

  /**
   * Opens a connection, through a default gateway where the address says so. Rejects with `gateway.link-unreachable`,
   * `-time-out`, `-pin-mismatch` or `-failed`, or what stands in the way to or at the default gateway; at the latest after
   * `timeLimitMs`.
   */
  static async open(address: LinkAddress, identity: LinkIdentity, channel: 'control' | 'bulk', onClose: (reason: MavisError | null) => void, options: AskOptions): Promise<LinkConnection> {
    const socket = await (address.behind === undefined ? openPinned(address, LINK_ALPN, identity, options) : openBehind(address, address.behind, identity, options));
    return new LinkConnection(socket, channel, address.gatewayName, onClose);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Asks and waits for a JSON answer, parsed by the method's schema. Rejects with the gateway's own code, or one of `gateway.link-*`. */
  async ask<P extends z.ZodType, R extends z.ZodType>(name: string, method: Method<P, R>, params: z.input<P>, options: AskOptions): Promise<z.output<R>> {
    const outcome = await this.#request(name, method.params, params, false, options);
    if (!('value' in outcome)) throw linkError('failed', this.#gatewayName, new Error('a binary answer where JSON was asked'));
    const parsed = method.result.safeParse(outcome.value);
    if (!parsed.success) throw linkError('failed', this.#gatewayName, parsed.error);
    return parsed.data;
  }

  /** Asks and waits for a binary answer of at most `maxBytes`. Rejects as `ask` does. */
  async askBytes<P extends z.ZodType>(name: string, method: Method<P, 'binary'>, params: z.input<P>, maxBytes: number, options: AskOptions): Promise<Uint8Array> {
    const outcome = await this.#request(name, method.params, params, true, options);
    if (!('bytes' in outcome) || outcome.bytes.length > maxBytes) throw linkError('failed', this.#gatewayName, new Error('an answer of the wrong kind or length'));
    return outcome.bytes;
  }

  /** Ends the connection once what waits is answered, at the latest after `limitMs`; another one has its place. */
  retire(limitMs: number): void {
    this.#retired = true;
    if (this.#waiting.size === 0) this.close();
    else setTimeout(() => this.close(), limitMs).unref();
  }

  /** Ends the connection; requests that wait are refused. */
  close(): void {
    this.#end(null);
  }

  #request(name: string, schema: z.ZodType, params: unknown, binary: boolean, options: AskOptions): Promise<{ readonly value: unknown } | { readonly bytes: Uint8Array }> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(linkError('failed', this.#gatewayName, new Error('the link is closed')));
      if (options.signal?.aborted) return reject(linkError('failed', this.#gatewayName, options.signal.reason));
      if (this.#waiting.size >= MAX_IN_FLIGHT) return reject(new MavisError('gateway.full', { gateway: this.#gatewayName }));
      const id = this.#freeId();
      const timer = setTimeout(() => settle({ error: linkError('time-out', this.#gatewayName) }), Math.max(1, options.timeLimitMs));
      const onAbort = (): void => settle({ error: linkError('failed', this.#gatewayName, options.signal?.reason) });
      const settle: Waiting['settle'] = (outcome) => {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(id);
        if (this.#retired && this.#waiting.size === 0) this.close();
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome);
      };
      options.signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, { binary, settle });
      const text = JSON.stringify({ id, channel: this.#channel, method: name, params: schema.parse(params) });
      this.#socket.write(encodeLinkFrame(linkFrameKind.json, Buffer.from(text)));
      if (this.#socket.writableLength > MAX_WRITE_BUFFER_BYTES) this.#end(linkError('failed', this.#gatewayName, new Error('the gateway does not read')));
    });
  }

  #freeId(): number {
    do this.#nextId = (this.#nextId + 1) >>> 0;
    while (this.#waiting.has(this.#nextId));
    return this.#nextId;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#end(linkError('failed', this.#gatewayName, error));
    }
  }

  #take(frame: LinkFrame): void {
    if (frame.kind === linkFrameKind.binary) {
      if (frame.payload.length < 4) throw new Error('binary answer without its number');
      const id = new DataView(frame.payload.buffer, frame.payload.byteOffset).getUint32(0);
      this.#settle(id, { bytes: frame.payload.subarray(4) });
      return;
    }
    const answer = linkAnswer.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(frame.payload)));
    this.#settle(answer.id, 'error' in answer ? { error: answeredError(answer.error.code, answer.error.args, this.#gatewayName) } : { value: answer.result });
  }

  #settle(id: number, outcome: Parameters<Waiting['settle']>[0]): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      this.#unsolicited += 1;
      if (this.#unsolicited > MAX_UNSOLICITED) throw new Error('too many answers that nobody asked for');
      return;
    }
    this.#unsolicited = 0;
    waiting.settle(outcome);
  }

  #end(reason: MavisError | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    const error = reason ?? linkError('failed', this.#gatewayName, new Error('the service closed the link'));
    for (const waiting of this.#waiting.values()) waiting.settle({ error });
    this.#onClose(reason);
  }
}
