import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import { type Frame, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import { type Hello, parsePayload, type ProgressStep, promptAnswer } from '../../shared/proxy-stream/messages.ts';
import type { Clock } from '../clock/clock.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import { decodeUtf8 } from '../proxy-port/utf8.ts';
import { Prompts } from './prompts.ts';
import type { ProtocolHandler, SignedOnTarget } from './protocol-handler.ts';
import type { ReachedTargets } from './reached-targets.ts';
import { Stopwatch } from './stopwatch.ts';

/** Sign-on, less the time in which the user is asked: the connection's 15 s are over before, this only ends what hangs. */
const SIGN_ON_LIMIT_MS = 15_000;

export interface TargetConnectionParts {
  readonly clock: Clock;
  readonly grant: TargetGrant;
  readonly hello: Hello;
  readonly connection: ProxyConnection;
  readonly handler: ProtocolHandler | undefined;
  readonly targets: ReachedTargets;
  /** Throws where no session may begin now. */
  readonly assertReady: () => void;
  /** Burns the ticket on disk, before anything is dialled (rule 2). */
  readonly burnTicket: () => Promise<void>;
  /** Before the first byte of a credential goes to the target. */
  readonly credentialSent: () => void;
  /** Aborted with why the session ends. */
  readonly signal: AbortSignal;
  readonly end: (reason: MavisError) => void;
  readonly violated: (error: FrameError) => void;
}

/** A session's way to its target: ticket, dial, sign-on, with the user told of each step and asked what the target asks (rule 1). */
export class TargetConnection {
  readonly #parts: TargetConnectionParts;

  constructor(parts: TargetConnectionParts) {
    this.#parts = parts;
  }

  /** The target, signed on to. Rejects with the reason for which the session was ended, or a MavisError. */
  async connect(): Promise<SignedOnTarget> {
    const { clock, grant, hello, connection, handler, targets, signal, end } = this.#parts;
    const prompts = new Prompts(
      clock,
      (prompt) => connection.sendJson(frameType.prompt, prompt),
      (waiting) => (waiting ? signOnTime.pause() : signOnTime.start()),
    );
    const giveUp = (): void => prompts.cancel(asMavisError(signal.reason));
    connection.receive({
      frame: (frame) => this.#take(frame, prompts),
      violated: this.#parts.violated,
      fell: end,
      lost: () => end(new MavisError('connect.cancelled')),
    });
    this.#parts.assertReady();
    await this.#parts.burnTicket();
    signal.throwIfAborted();
    this.#progress('ticket-accepted');
    if (handler === undefined) throw new MavisError('resource.protocol-unknown', { protocol: grant.protocol });
    this.#progress('resolving-target');
    const reached = await targets.dial(signal, { resolved: () => this.#progress('reaching-target') });
    this.#progress('target-reached');
    const signOnTime = new Stopwatch(clock, SIGN_ON_LIMIT_MS, () => end(new MavisError('target.time-out')));
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const signedOn = handler.signOn({
        grant,
        terminal: hello.terminal,
        targetSocket: reached.socket,
        progress: (step, detail) => this.#progress(step, detail),
        ask: (prompt) => prompts.ask(prompt),
        credentialSent: this.#parts.credentialSent,
        signal,
      });
      const target = await this.#unlessEnded(signedOn);
      this.#assertEncrypted(target);
      return target;
    } finally {
      signOnTime.pause();
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** What runs in clear to its target is no part of a Tunnel, unless the resource allows it (rule 8, S24, S32). */
  #assertEncrypted(target: SignedOnTarget): void {
    const { grant } = this.#parts;
    if (target.targetEncrypted || grant.target.allowUnencrypted) return;
    target.abandon();
    throw new MavisError('tunnel.unencrypted-target', { protocol: grant.protocol });
  }

  /** The target signed on to, unless the session was ended meanwhile: then the target is left, whenever it comes. */
  async #unlessEnded(signedOn: Promise<SignedOnTarget>): Promise<SignedOnTarget> {
    const { signal } = this.#parts;
    const ended = new Promise<never>((_resolve, reject) => {
      if (signal.aborted) reject(asMavisError(signal.reason));
      else signal.addEventListener('abort', () => reject(asMavisError(signal.reason)), { once: true });
    });
    try {
      return await Promise.race([signedOn, ended]);
    } catch (error) {
      signedOn.then(
        (late) => late.abandon(),
        () => undefined,
      );
      throw error;
    }
  }

  #take(frame: Frame, prompts: Prompts): void {
    if (frame.type === frameType.promptAnswer) prompts.answer(parsePayload(promptAnswer, frame.payload, decodeUtf8));
    else if (frame.type === frameType.cancel) this.#parts.end(new MavisError('connect.cancelled'));
    else throw new FrameError('bad-order');
  }

  #progress(step: ProgressStep, detail = ''): void {
    this.#parts.connection.sendJson(frameType.progress, { step, detail: detail.slice(0, 200) });
  }
}
