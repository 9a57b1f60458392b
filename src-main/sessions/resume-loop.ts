import type { TLSSocket } from 'node:tls';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { type Frame, type FrameDecoder, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import { parsePayload, resumed } from '../../shared/proxy-stream/messages.ts';
import { type BackOff, backOffMs, outOfStepMs } from '../../shared/waiting/back-off.ts';
import { decodeUtf8, GatewayRefusal } from './gateway-hello.ts';
import { exchangeResume } from './resume-exchange.ts';

/** After the first pause a network that was switched is often there; a person who has put the cable back waits no longer than the longest, and a gateway is not asked more often by many. */
const PAUSES: BackOff = { firstMs: 200, longestMs: 5000 };
/** A gateway that is there answers a resume within a round trip and, where it refuses, a pause that hides why. */
const ANSWER_LIMIT_MS = 5000;
/** Refusals of one connection, not of the stream: another port or another moment may do. */
const PASSING: ReadonlySet<string> = new Set(['hello.time-out']);

/** Dials the whole way to the gateway again, up to its TLS with the pinned key; nothing of ours but the handshake was sent on it. Throws a failure of leg L2. */
export type WayAgain = (signal: AbortSignal) => Promise<TLSSocket>;

export interface ResumeLoopOptions {
  readonly gateway: string;
  readonly resumeSecret: string;
  readonly dialAgain: WayAgain;
  /** Bytes of the stream that have come so far. */
  readonly received: () => number;
  /** A number that is higher than all before: the newest connection of a stream wins (rule 10). */
  readonly nextEpoch: () => number;
  readonly limitMs: number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number;
  /** A number from 0 up to 1: many clients that lost the same gateway do not come back in step. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** A try failed and another one follows: told where it failed in another way than the one before. */
  readonly onTryFailed?: (error: unknown, tries: number) => void;
}

/** A connection over which the stream goes on. */
export interface ResumedConnection {
  readonly socket: TLSSocket;
  readonly decoder: FrameDecoder;
  /** Frames that came together with `resumed`. */
  readonly following: readonly Frame[];
  /** Bytes of ours that the gateway has received. */
  readonly received: number;
}

/** Tries to take a stream up again, over and over until it goes on, is refused, or the time is over. */
export class ResumeLoop {
  readonly #options: ResumeLoopOptions;
  #attempt = new AbortController();
  #hurried = false;
  #tries = 0;
  #toldCode: string | undefined;

  constructor(options: ResumeLoopOptions) {
    this.#options = options;
  }

  /** Gives the connection; throws the gateway's refusal, `session.gateway-lost` once the time is over, or the signal's reason. */
  async run(): Promise<ResumedConnection> {
    const { gateway, signal, monotonic, limitMs } = this.#options;
    const endsAt = monotonic() + limitMs;
    for (let tries = 0; ; tries += 1) {
      signal.throwIfAborted();
      const left = endsAt - monotonic();
      if (left <= 0) throw new MavisError('session.gateway-lost', { gateway });
      this.#hurried = false;
      this.#attempt = new AbortController();
      try {
        return await this.#try(AbortSignal.any([signal, this.#attempt.signal]), left);
      } catch (error) {
        if (error instanceof GatewayRefusal && !PASSING.has(error.code)) throw error;
        this.#tell(error);
      }
      if (this.#hurried) tries = -1;
      else await this.#pause(Math.min(outOfStepMs(backOffMs(PAUSES, tries + 1), this.#options.random), Math.max(0, endsAt - monotonic())));
    }
  }

  /** Tries now: what is under way or waited for is given up, as the network may be another one. */
  hurry(): void {
    this.#hurried = true;
    this.#attempt.abort(new MavisError('gateway.time-out', { gateway: this.#options.gateway }));
  }

  /** A network that is away for five minutes fails a hundred times in the same way. */
  #tell(error: unknown): void {
    this.#tries += 1;
    const { code } = asMavisError(error);
    if (this.#hurried || code === this.#toldCode) return;
    this.#toldCode = code;
    this.#options.onTryFailed?.(error, this.#tries);
  }

  async #try(signal: AbortSignal, leftMs: number): Promise<ResumedConnection> {
    const { gateway, dialAgain } = this.#options;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new MavisError('gateway.time-out', { gateway })), leftMs);
    const either = AbortSignal.any([signal, limit.signal]);
    try {
      const socket = await dialAgain(either);
      return await this.#sayResume(socket, either);
    } finally {
      clearTimeout(timer);
    }
  }

  #sayResume(socket: TLSSocket, signal: AbortSignal): Promise<ResumedConnection> {
    const { gateway, resumeSecret, received, nextEpoch } = this.#options;
    const epoch = nextEpoch();
    return exchangeResume(socket, { gateway, resumeSecret, epoch, received: received(), limitMs: ANSWER_LIMIT_MS, signal, take: (answer, following, decoder) => ({ socket, decoder, following, received: takeAnswer(answer, epoch) }) });
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const signal = AbortSignal.any([this.#options.signal, this.#attempt.signal]);
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }
}

/** The gateway's count in its answer; throws FrameError for what is no answer to this try. */
function takeAnswer(frame: Frame, epoch: number): number {
  if (frame.type !== frameType.resumed) throw new FrameError('bad-order');
  const answer = parsePayload(resumed, frame.payload, decodeUtf8);
  if (answer.epoch !== epoch) throw new FrameError('bad-payload');
  return answer.received;
}
