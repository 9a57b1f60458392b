import { connect, isIPv6, type Socket } from 'node:net';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { Clock } from '../clock/clock.ts';
import { sameAddress } from './address-kind.ts';
import { type AddressSurroundings, type AllowedSpecial, type Endpoint, judgeAddress } from './address-rules.ts';
import { type Resolve, resolveTarget } from './resolver.ts';

/** One address: a host that is up answers in a round trip; a packet that was lost is sent again after 1 s. */
const ADDRESS_LIMIT_MS = 3000;
/** All addresses of a target: of the 15 s of a connection (rule 4), sign-on needs the rest. */
const DIAL_LIMIT_MS = 8000;

/** A target that was reached. */
export interface ReachedTarget {
  readonly socket: Socket;
  /** The address that was checked and dialled. */
  readonly address: string;
  /** What was special about it and allowed for this resource; null for an ordinary one. */
  readonly special: string | null;
}

export type TargetAddress = Pick<TargetGrant['target'], 'host' | 'port'> & { readonly allowSpecialAddress: AllowedSpecial };

/** Steps of reaching a target, as they happen. */
export interface DialSteps {
  readonly resolved?: (count: number) => void;
}

export interface TargetDiallerParts {
  readonly resolve: Resolve;
  readonly clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  /** The service's addresses as they are known now; names among them are resolved with each dial. */
  readonly serviceEndpoints: () => readonly Endpoint[];
  readonly ownAddresses: () => readonly string[];
  readonly ownPorts: readonly number[];
}

/**
 * Reaches targets (L4): resolves a name once, judges every address, and dials exactly those that were judged, one after the
 * other with a limit each (B3). A name of which one address is forbidden is not dialled at all: who can put one bad address
 * there can put others.
 */
export class TargetDialler {
  readonly #parts: TargetDiallerParts;

  constructor(parts: TargetDiallerParts) {
    this.#parts = parts;
  }

  /** Rejects with `target.address-forbidden`, `.name-unknown`, `.refused`, `.time-out`, `.unreachable`, or the signal's reason. */
  async dial(target: TargetAddress, signal: AbortSignal, steps: DialSteps = {}): Promise<ReachedTarget> {
    const candidates = await this.#candidates(target, signal);
    steps.resolved?.(candidates.length);
    const endMs = this.#parts.clock.monotonicMs() + DIAL_LIMIT_MS;
    let failure = new MavisError('target.time-out');
    let weight = 0;
    for (const { address, special } of inTurns(candidates)) {
      const leftMs = endMs - this.#parts.clock.monotonicMs();
      if (leftMs <= 0) break;
      try {
        return { socket: await this.#connect(address, target.port, Math.min(leftMs, ADDRESS_LIMIT_MS), signal), address, special };
      } catch (error) {
        signal.throwIfAborted();
        const found = dialError(error);
        // Of several failures the most telling one is reported: a refusal proves that the host is there.
        const telling = TELLING.indexOf(found.code);
        if (telling >= weight) [failure, weight] = [found, telling];
      }
    }
    throw failure;
  }

  async #candidates(target: TargetAddress, signal: AbortSignal): Promise<readonly { address: string; special: string | null }[]> {
    const { resolve, clock } = this.#parts;
    const namedService = this.#parts.serviceEndpoints().some(({ host, port }) => host.toLowerCase() === target.host.toLowerCase().replace(/\.$/, '') && (port === null || port === target.port));
    if (namedService && target.allowSpecialAddress === false) throw new MavisError('target.address-forbidden');
    const [addresses, service] = await Promise.all([resolveTarget(target.host, resolve, clock, signal), this.#serviceAddresses(signal)]);
    const surroundings: AddressSurroundings = { service, ownAddresses: this.#parts.ownAddresses(), ownPorts: this.#parts.ownPorts };
    return addresses.map((address) => {
      const judgement = judgeAddress(address, target.port, target.allowSpecialAddress, surroundings);
      if (!judgement.allowed) throw new MavisError('target.address-forbidden', {}, { cause: new Error(judgement.because) });
      return { address, special: judgement.special };
    });
  }

  /** A name of the service that cannot be resolved here cannot be dialled from here either. */
  async #serviceAddresses(signal: AbortSignal): Promise<readonly Endpoint[]> {
    const found = await Promise.allSettled(
      this.#parts.serviceEndpoints().map(async ({ host, port }) => {
        const addresses = await resolveTarget(host, this.#parts.resolve, this.#parts.clock, signal);
        return addresses.map((address) => ({ host: address, port }));
      }),
    );
    return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  }

  #connect(address: string, port: number, limitMs: number, signal: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(abortReason(signal));
        return;
      }
      const socket = connect({ host: address, port, family: isIPv6(address) ? 6 : 4, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
      const finish = (error?: Error): void => {
        timer.cancel();
        signal.removeEventListener('abort', abort);
        socket.off('error', finish);
        // A connection that is given up, or that its target resets before whoever asked for it listens: its end is told by
        // `close`, and an error that nobody hears would end the process.
        socket.on('error', () => undefined);
        if (error === undefined) return;
        socket.destroy();
        reject(error);
      };
      const abort = (): void => finish(abortReason(signal));
      const timer = this.#parts.clock.setTimer(() => finish(new MavisError('target.time-out')), limitMs);
      signal.addEventListener('abort', abort, { once: true });
      socket.once('error', finish);
      socket.once('connect', () => {
        if (socket.remoteAddress === undefined || !sameAddress(socket.remoteAddress, address)) {
          finish(new MavisError('target.address-forbidden'));
          return;
        }
        finish();
        resolve(socket);
      });
    });
  }
}

const TELLING = ['target.unreachable', 'target.time-out', 'target.refused', 'target.address-forbidden'];

function dialError(error: unknown): MavisError {
  if (error instanceof MavisError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return new MavisError('target.refused', {}, { cause: error });
  if (code === 'ETIMEDOUT') return new MavisError('target.time-out', {}, { cause: error });
  return new MavisError('target.unreachable', {}, { cause: error });
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new MavisError('connect.cancelled');
}

/** IPv4 and IPv6 in turns, the resolver's first choice first, so that one broken family costs one limit and not all the time. */
function inTurns<T extends { readonly address: string }>(candidates: readonly T[]): readonly T[] {
  const firstIsV6 = isIPv6(candidates[0]?.address ?? '');
  const first = candidates.filter(({ address }) => isIPv6(address) === firstIsV6);
  const second = candidates.filter(({ address }) => isIPv6(address) !== firstIsV6);
  return first.flatMap((one, at) => [one, ...second.slice(at, at + 1)]).concat(second.slice(first.length));
}
