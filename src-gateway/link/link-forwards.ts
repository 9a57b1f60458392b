import type { TLSSocket } from 'node:tls';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { encodeLinkFrame, LinkFrameDecoder, linkFrameKind } from '../../shared/link/framing.ts';
import { type LinkForwardRequest, linkForwardRequest } from '../../shared/link/messages.ts';
import type { Clock } from '../clock/clock.ts';
import { dialNextHop } from '../forwards/next-hop-dialler.ts';
import { Relay } from '../forwards/relay.ts';
import type { Journal, JournalFacts } from '../journal/journal.ts';
import type { Logger } from '../logging/logger.ts';
import { decodeUtf8, encodeUtf8 } from '../proxy-port/utf8.ts';
import type { TargetDialler } from '../target-address/target-dialler.ts';

/** The request is one small frame, sent right after the handshake. */
const REQUEST_LIMIT_MS = 5000;
/** Wires at once: control and bulk to a thousand gateways behind this one. Each is two sockets and what waits on them. */
const MAX_FORWARDS = 2048;

export interface LinkForwardsParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Pick<Journal, 'append'>;
  readonly dialler: Pick<TargetDialler, 'dial'>;
  /** The service was heard (rule 11). */
  readonly heard: () => void;
}

/**
 * The service's own way to gateways behind this one (rule 8): the same dial and the same raw wire as a session's forward, so
 * that this gateway sees the link's ciphertext alone. Who asks has proved a key of the service, which may have it forward to
 * anywhere by a grant, too: a ticket would add nothing. It runs while this gateway drains or is full: those behind it are
 * synced, and their sessions ended, all the same. The journal has each wire with its bytes.
 */
export class LinkForwards {
  readonly #parts: LinkForwardsParts;
  readonly #open = new Map<TLSSocket, AbortController>();

  constructor(parts: LinkForwardsParts) {
    this.#parts = parts;
  }

  /** Number of wires, those that are still being laid among them. */
  get size(): number {
    return this.#open.size;
  }

  /** Takes one connection of the service. */
  begin(socket: TLSSocket): void {
    if (this.#open.size >= MAX_FORWARDS) {
      this.#parts.log.warn('forward of the link refused: too many', { address: socket.remoteAddress, count: this.#open.size });
      socket.destroy();
      return;
    }
    const ending = new AbortController();
    this.#open.set(socket, ending);
    socket.once('close', () => {
      this.#open.delete(socket);
      ending.abort(new MavisError('gateway.link-failed'));
    });
    this.#run(socket, ending.signal).catch((error: unknown) => {
      this.#parts.log.warn('forward of the link closed', { address: socket.remoteAddress, error });
      socket.destroy();
    });
  }

  /** Cuts all wires. */
  close(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  async #run(socket: TLSSocket, signal: AbortSignal): Promise<void> {
    const { clock, dialler, journal, heard, log } = this.#parts;
    const { id, next } = await this.#request(socket, signal);
    heard();
    let reached;
    try {
      const { gatewayId, gatewayName, host, port } = next;
      reached = await dialNextHop({ dialler, clock }, { gatewayId, gatewayName, host, ports: [[port]] }, signal);
    } catch (error) {
      const { code, args, cause } = asMavisError(error);
      log.info('forward of the link failed', { address: next.host, port: next.port, code, error: cause });
      socket.end(answer({ id, error: { code, args } }), () => socket.destroySoon());
      return;
    }
    const facts: JournalFacts = { link: true, nextGatewayId: next.gatewayId, nextGatewayName: next.gatewayName, nextAddress: reached.address, nextPort: reached.port };
    const begunMs = clock.monotonicMs();
    const relay = new Relay(socket, reached.socket, () => undefined);
    try {
      journal.append({ kind: 'forwarded', facts });
    } catch (error) {
      // Nothing runs that is not written down.
      reached.socket.destroy();
      throw error;
    }
    socket.write(answer({ id, result: {} }));
    await relay.run();
    const { in: bytesIn, out: bytesOut } = relay.counts;
    journal.append({ kind: 'forward-ended', facts: { ...facts, durationMs: Math.round(clock.monotonicMs() - begunMs), bytesIn, bytesOut } });
  }

  /** The one request; what follows it before the answer is no handshake with the next gateway. */
  #request(socket: TLSSocket, signal: AbortSignal): Promise<LinkForwardRequest> {
    const decoder = new LinkFrameDecoder();
    return new Promise((resolve, reject) => {
      const limit = this.#parts.clock.setTimer(() => settle(() => reject(new MavisError('hello.time-out'))), REQUEST_LIMIT_MS);
      const onAbort = (): void => settle(() => reject(signal.reason));
      const onData = (chunk: Buffer): void => {
        try {
          const [frame, ...more] = decoder.push(chunk);
          if (frame === undefined) return;
          if (frame.kind !== linkFrameKind.json || more.length > 0 || !decoder.idle) throw new RangeError('one request and nothing after it');
          const request = linkForwardRequest.parse(JSON.parse(decodeUtf8(frame.payload)));
          socket.pause();
          settle(() => resolve(request));
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const settle = (finish: () => void): void => {
        limit.cancel();
        signal.removeEventListener('abort', onAbort);
        socket.off('data', onData);
        finish();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      socket.on('data', onData);
    });
  }
}

function answer(value: unknown): Uint8Array {
  return encodeLinkFrame(linkFrameKind.json, encodeUtf8(JSON.stringify(value)));
}
