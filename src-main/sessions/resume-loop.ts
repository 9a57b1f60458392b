import type { TLSSocket } from 'node:tls';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { encodeJsonFrame } from '../../shared/proxy-stream/counted-stream.ts';
import { type Frame, FrameDecoder, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import { failed, parsePayload, resumed } from '../../shared/proxy-stream/messages.ts';
import { decodeUtf8, encodeUtf8, GatewayRefusal } from './gateway-hello.ts';

/** The pause after the first try that failed: a network that was switched is often there after it. It doubles ... */
const FIRST_PAUSE_MS = 200;
/** ... up to here: a person who has put the cable back does not wait longer than this, and a gateway is not asked more often by many. */
const LAST_PAUSE_MS = 5000;
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
      }
      if (this.#hurried) tries = -1;
      else await this.#pause(Math.min(this.#pauseMs(tries), Math.max(0, endsAt - monotonic())));
    }
  }

  /** Tries now: what is under way or waited for is given up, as the network may be another one. */
  hurry(): void {
    this.#hurried = true;
    this.#attempt.abort(new MavisError('gateway.time-out', { gateway: this.#options.gateway }));
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

  async #sayResume(socket: TLSSocket, signal: AbortSignal): Promise<ResumedConnection> {
    const { gateway, resumeSecret, received, nextEpoch } = this.#options;
    const epoch = nextEpoch();
    const decoder = new FrameDecoder();
    const { promise, resolve, reject } = Promise.withResolvers<ResumedConnection>();
    const onData = (chunk: Buffer): void => {
      try {
        const [first, ...following] = decoder.push(chunk);
        if (first === undefined) return;
        socket.pause();
        resolve({ socket, decoder, following, received: takeAnswer(first, epoch) });
      } catch (error) {
        reject(error instanceof FrameError ? new MavisError('gateway.protocol-error', { gateway }, { cause: error }) : error);
      }
    };
    const onGone = (): void => reject(new MavisError('gateway.unreachable', { gateway }));
    const onAbort = (): void => reject(signal.reason);
    const timer = setTimeout(() => reject(new MavisError('gateway.time-out', { gateway })), ANSWER_LIMIT_MS);
    socket.on('data', onData).on('error', onGone).on('close', onGone);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      socket.write(encodeJsonFrame(frameType.resume, { version: 1, resumeSecret, epoch, received: received() }, encodeUtf8));
      return await promise;
    } catch (error) {
      socket.on('error', () => undefined);
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('data', onData).off('error', onGone).off('close', onGone);
    }
  }

  #pauseMs(tries: number): number {
    const whole = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 10), LAST_PAUSE_MS);
    return (whole * (1 + this.#options.random())) / 2;
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

/** The gateway's count in its answer; throws its refusal, or FrameError for what is no answer to this try. */
function takeAnswer(frame: Frame, epoch: number): number {
  if (frame.type === frameType.failed) {
    const { code, args } = parsePayload(failed, frame.payload, decodeUtf8);
    throw new GatewayRefusal(code, args, true);
  }
  if (frame.type !== frameType.resumed) throw new FrameError('bad-order');
  const answer = parsePayload(resumed, frame.payload, decodeUtf8);
  if (answer.epoch !== epoch) throw new FrameError('bad-payload');
  return answer.received;
}
