import { MavisError, asMavisError } from '../../shared/errors/mavis-error.ts';
import type { ErrorArgs, ErrorCode } from '../../shared/errors/catalogue.ts';
import type { Socket } from 'node:net';
import type { Protocol, RecordingId } from '../../shared/ids.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import { type Frame, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import { type Accepted, type Failed, type Hello, parsePayload, type ProgressStep, promptAnswer, type StreamMessage } from '../../shared/proxy-stream/messages.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { limited } from '../clock/limited.ts';
import type { Journal, JournalFacts } from '../journal/journal.ts';
import type { Logger } from '../logging/logger.ts';
import { CountedDuplex } from '../proxy-port/counted-duplex.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import { decodeUtf8 } from '../proxy-port/utf8.ts';
import type { ReachedTarget, TargetDialler } from '../target-address/target-dialler.ts';
import { ForwardingCounts } from './forwarding-counts.ts';
import { Prompts } from './prompts.ts';
import type { ForwardingEvent, LineState, ProtocolHandler, SessionEnd, SignedOnTarget } from './protocol-handler.ts';
import type { ResumeEntry, ResumeRegister } from './resume-register.ts';
import { SessionLine } from './session-line.ts';
import { SessionLimits } from './session-limits.ts';
import { Stopwatch } from './stopwatch.ts';
import { outputNotTaken, UntakenOutput } from './untaken-output.ts';
import { WatchFeed } from '../watches/watch-feed.ts';

/** Sign-on, less the time in which the user is asked: the connection's 15 s are over before, this only ends what hangs. */
const SIGN_ON_LIMIT_MS = 15_000;
/** From `accepted` to the protocol's own connected event (rule 1). */
export const CONNECTED_LIMIT_MS = 20_000;
/** A session that was told to end says goodbye within this; then its target is cut off, whatever the protocol does. */
const CUT_MS = 3000;
/** A session that was told to end has so long to seal its recordings; then it is given up and said to be. */
const END_LIMIT_MS = 15_000;
/** What the session has written leaves within this, or not at all. */
const FLUSH_LIMIT_MS = 2000;
/** A client that is there has so long to take in the next piece of what a session sent last; one that was cut has the time of a resume. */
const DELIVERY_STALL_MS = 5000;
const DELIVERY_LOOK_MS = 50;
/** So many cuts of one session are each an entry of the journal, and then each how many-th: a client that comes and goes in a loop fills no disk. */
const TOLD_CUTS = 100;
const TOLD_CUTS_EVERY = 100;
/** Messages that wait for a client that is away: a target that asks again and again is told of once it is enough. */
const MOST_UNSAID = 20;
/** Names of watchers that a user is told; a message holds no more. */
const MOST_TOLD_WATCHERS = 20;
/** Where the grant says nothing: a quarter of an hour (rule 11). */
const DEFAULT_UNSUPERVISED_SECONDS = 900;

export interface SessionParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Pick<Journal, 'append' | 'appendDurably'>;
  readonly dialler: Pick<TargetDialler, 'dial'>;
  readonly handlers: Partial<Record<Protocol, ProtocolHandler>>;
  readonly supervision: { readonly silentMs: number };
  /** Throws where no session may begin now: draining, full, nothing can be recorded. */
  readonly assertReady: () => void;
  readonly gatewayName: string;
  readonly version: string;
  readonly resumes: Pick<ResumeRegister, 'add'>;
  readonly resumeSeconds: number;
  /** The port of the link (443): sessions run over it only where the grant says so. */
  readonly linkPort: number;
  /** Whether a port carries a protocol (rule 7). */
  readonly carries: (port: number, protocol: Protocol) => boolean;
  /** What all sessions may keep (rule 10). */
  readonly budget: { mayGrow(bytes: number): boolean };
  /** A session's connection was cut, or the session was taken up again. */
  readonly onLine: (state: LineState) => void;
}

/** Where a session stands. */
export type SessionState =
  | { readonly status: 'connecting' }
  | { readonly status: 'accepted' }
  | { readonly status: 'connected'; readonly recordingIds: readonly RecordingId[]; readonly sinceMs: number }
  | { readonly status: 'over' };

/**
 * One connection from its ticket to its end (rule 1): burnt on disk, dialled, signed on, accepted, connected, ended. It writes
 * exactly one final entry (rule 12): `ended` where the protocol was connected, else `failed`. It holds nothing of any other
 * session, and nobody but its register and its own connection can reach it (rule 9).
 */
export class Session {
  readonly grant: TargetGrant;
  /** What of it can be watched, and who does. */
  readonly feed = new WatchFeed((names) => this.#tellWatched(names));
  readonly #parts: SessionParts;
  readonly #connection: ProxyConnection;
  readonly #hello: Hello;
  readonly #ending = new AbortController();
  readonly #forwardings = new ForwardingCounts();
  #state: SessionState = { status: 'connecting' };
  #credentialSent = false;
  #reached: ReachedTarget | undefined;
  /** Connections to the target before the one that counts: a session that is cut off cuts off all of them. */
  readonly #reachedBefore = new Set<ReachedTarget>();
  #stream: CountedDuplex | undefined;
  #limits: SessionLimits | undefined;
  #line: SessionLine | undefined;
  #resume: ResumeEntry | undefined;
  #cuts = 0;
  #wasWatched = false;
  /** How it ended, once it has: whoever comes back for the rest is told. */
  #closing: { readonly code: ErrorCode; readonly args: ErrorArgs } | undefined;
  readonly #unsaid: StreamMessage[] = [];
  readonly #lineListeners = new Set<(state: LineState) => void>();

  constructor(parts: SessionParts, grant: TargetGrant, hello: Hello, connection: ProxyConnection) {
    this.#parts = parts;
    this.grant = grant;
    this.#hello = hello;
    this.#connection = connection;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Bytes from and to the client so far. */
  get bytes(): { readonly in: number; readonly out: number } {
    const counts = this.#stream?.counts;
    return { in: counts?.received ?? 0, out: counts?.sent ?? 0 };
  }

  /** Bytes that are kept for the two ends. */
  get keptBytes(): number {
    return this.#stream?.keptBytes ?? 0;
  }

  /** Whether the client's connection was cut and the client is waited for. */
  get isCut(): boolean {
    return this.#line?.isCut ?? false;
  }

  /** Ends a session that keeps too much for a client that is not there (rule 10). */
  endForBudget(): void {
    this.end(new MavisError('session.kept-too-much', { gateway: this.#parts.gatewayName }));
  }

  /** Ends the session with a reason, once; the first reason stands. */
  end(reason: MavisError): void {
    if (this.#ending.signal.aborted) return;
    // From now on no connection takes the stream up again, though the target has still to be left in good order (rule 10).
    this.#resume?.ended(reason);
    this.#ending.abort(reason);
  }

  /** Runs the session to its end; never rejects. */
  async run(ticketSha256: string): Promise<void> {
    try {
      const target = await this.#connect(ticketSha256);
      await this.#relay(target);
    } catch (error) {
      await this.#failed(this.#reasonOr(error));
    } finally {
      this.#limits?.stop();
      const { code, args } = this.#closing ?? this.#gatewayLost();
      this.#resume?.ended(new MavisError(code, args));
      this.feed.end(new MavisError(code, args));
      this.#stream?.destroy();
      this.#cutTarget();
      this.#state = { status: 'over' };
    }
  }

  async #connect(ticketSha256: string): Promise<SignedOnTarget> {
    const { clock, journal, dialler, handlers } = this.#parts;
    const { grant } = this;
    const signal = this.#ending.signal;
    const prompts = new Prompts(
      clock,
      (prompt) => this.#connection.sendJson(frameType.prompt, prompt),
      (waiting) => (waiting ? signOnTime.pause() : signOnTime.start()),
    );
    const giveUp = (): void => prompts.cancel(this.#reasonOr(signal.reason));
    this.#connection.receive({
      frame: (frame) => this.#connectFrame(frame, prompts),
      violated: (error) => this.#violated(error),
      lost: () => this.end(new MavisError('connect.cancelled')),
    });
    this.#parts.assertReady();
    // Burnt on disk before anything is dialled: neither a replay nor a restart uses the ticket twice (rule 2).
    await journal.appendDurably({ ...this.#who(), kind: 'ticket-used', facts: { ticketSha256, protocol: grant.protocol, address: this.#connection.address, port: this.#connection.port, ...this.#about() } });
    signal.throwIfAborted();
    this.#progress('ticket-accepted');
    const handler = handlers[grant.protocol];
    if (handler === undefined) throw new MavisError('resource.protocol-unknown', { protocol: grant.protocol });
    this.#progress('resolving-target');
    const reached = await dialler.dial(grant.target, signal, { resolved: () => this.#progress('reaching-target') });
    this.#reached = reached;
    this.#progress('target-reached');
    const signOnTime = new Stopwatch(clock, SIGN_ON_LIMIT_MS, () => this.end(new MavisError('target.time-out')));
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const signedOn = handler.signOn({
        grant,
        terminal: this.#hello.terminal,
        targetSocket: reached.socket,
        progress: (step, detail) => this.#progress(step, detail),
        ask: (prompt) => prompts.ask(prompt),
        credentialSent: () => (this.#credentialSent = true),
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
    if (target.targetEncrypted || this.grant.target.allowUnencrypted) return;
    target.abandon();
    throw new MavisError('tunnel.unencrypted-target', { protocol: this.grant.protocol });
  }

  /** The target signed on to, unless the session was ended meanwhile: then the target is left, whenever it comes. */
  async #unlessEnded(signedOn: Promise<SignedOnTarget>): Promise<SignedOnTarget> {
    const { signal } = this.#ending;
    const ended = new Promise<never>((_resolve, reject) => {
      if (signal.aborted) reject(this.#reasonOr(signal.reason));
      else signal.addEventListener('abort', () => reject(this.#reasonOr(signal.reason)), { once: true });
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

  async #relay(target: SignedOnTarget): Promise<void> {
    const { clock, log } = this.#parts;
    const { grant } = this;
    const line = new SessionLine({
      clock,
      resumeSeconds: this.#parts.resumeSeconds,
      frame: (frame) => this.#streamFrame(frame, stream),
      violated: (error) => this.#violated(error),
      cut: () => this.#wasCut(),
      drained: () => stream.goOn(),
      expired: () => this.end(this.#gatewayLost()),
    });
    const untaken = new UntakenOutput({
      clock,
      held: () => log.warn('input is held back: the client takes no output', { reference: grant.reference }),
      // Who is away is waited for as long as a resume is.
      expired: () => {
        if (!line.isCut) this.end(outputNotTaken());
      },
    });
    const stream: CountedDuplex = new CountedDuplex({ write: (...parts) => line.write(...parts), congested: () => line.congested, clock, mayGrow: (bytes) => this.#parts.budget.mayGrow(bytes), untaken });
    // The session's end is told by `run`; what the stream says on its way there has no other listener.
    stream.on('error', (error) => log.debug('session stream failed', { reference: grant.reference, error }));
    this.#stream = stream;
    this.#line = line;
    this.#state = { status: 'accepted' };
    this.#resume = this.#parts.resumes.add(
      { connectionId: grant.connectionId, reference: grant.reference, clientKeyThumbprint: grant.clientKeyThumbprint },
      {
        epoch: () => line.epoch,
        carriedBy: (port) => this.#parts.carries(port, grant.protocol) && (port !== this.#parts.linkPort || grant.over443),
        takeOver: (connection, epoch, received) => this.#takenOver(line, stream, connection, epoch, received),
      },
    );
    this.#connection.sendJson(frameType.accepted, this.#accepted(target, this.#resume.resumeSecret));
    line.begin(this.#connection);
    this.#limits = this.#watchLimits();
    const notConnected = clock.setTimer(() => this.end(new MavisError('connect.no-connected-event')), CONNECTED_LIMIT_MS);
    const connected = (recordingId: RecordingId): void => {
      notConnected.cancel();
      this.#connected(recordingId, target);
    };
    const run = target.run({
      clientStream: stream,
      signal: this.#ending.signal,
      connected,
      activity: () => this.#limits?.activity(),
      dialAgain: () => this.#dialAgain(),
      forwarding: (event) => this.#forwarding(event),
      onLine: (listener) => this.#lineListeners.add(listener),
      watchable: (source) => this.feed.add(source),
    });
    try {
      const end = await this.#withinEndLimit(run).catch((error: unknown) => this.#brokenEnd(error));
      await this.#flush(stream);
      await this.#over(end, target);
      await this.#handOver(stream, line);
    } finally {
      notConnected.cancel();
    }
  }

  async #dialAgain(): Promise<Socket> {
    const reached = await this.#parts.dialler.dial(this.grant.target, this.#ending.signal);
    const before = this.#reached;
    if (before !== undefined) {
      this.#reachedBefore.add(before);
      before.socket.once('close', () => this.#reachedBefore.delete(before));
    }
    this.#reached = reached;
    return reached.socket;
  }

  #cutTarget(): void {
    for (const { socket } of [...this.#reachedBefore, ...(this.#reached === undefined ? [] : [this.#reached])]) socket.destroy();
  }

  /** Another connection of the same client goes on with the stream. */
  #takenOver(line: SessionLine, stream: CountedDuplex, connection: ProxyConnection, epoch: number, received: number): void {
    const counts = stream.counts;
    const waitedMs = line.takeOver(connection, epoch, { received: counts.received });
    try {
      stream.resend(received);
      // Who waited for the connection before waits for this one, or for nothing.
      stream.goOn();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#violated(error);
      return;
    }
    // Facts beside the stream are not counted: what was on its way may be lost, and is said again.
    if (this.#state.status === 'connected') for (const recordingId of this.#state.recordingIds) this.#message({ kind: 'recording', recordingId });
    if (this.#wasWatched) this.#tellWatched(this.feed.watchers);
    for (const message of this.#unsaid.splice(0)) this.#message(message);
    this.#limits?.tellAgain();
    if (this.#closing !== undefined) line.sendJson(frameType.close, this.#closing);
    this.#tellLine('resumed', { address: connection.address, port: connection.port, epoch, waitedMs: Math.round(waitedMs), resentBytes: counts.sent - received });
  }

  #wasCut(): void {
    // A client that leaves after the end was said, by itself or to it, is not interrupted.
    if (this.#ending.signal.aborted) return;
    this.#cuts += 1;
    this.#tellLine('interrupted', { bytesIn: this.bytes.in, bytesOut: this.bytes.out, keptBytes: this.keptBytes });
  }

  #tellLine(state: LineState, facts: JournalFacts): void {
    const kind = state === 'interrupted' ? 'cut' : 'resumed';
    if (this.#cuts <= TOLD_CUTS || this.#cuts % TOLD_CUTS_EVERY === 0) {
      this.#write(kind, { ...facts, cuts: this.#cuts });
      this.#parts.log.info(kind === 'cut' ? 'session interrupted' : 'session resumed', { reference: this.grant.reference, count: this.#cuts });
    }
    for (const listener of this.#lineListeners) listener(state);
    this.#parts.onLine(state);
  }

  /**
   * What a session sent last reaches the user, also where the connection is cut just then: until the client has taken it all in,
   * comes back for it, or is given up. A session that was ended from outside hands nothing over.
   */
  async #handOver(stream: CountedDuplex, line: SessionLine): Promise<void> {
    if (this.#state.status !== 'connected') return;
    const { clock } = this.#parts;
    const { signal } = this.#ending;
    let [taken, takenAtMs] = [-1, clock.monotonicMs()];
    while (!signal.aborted && !stream.delivered) {
      const now = clock.monotonicMs();
      const { acknowledged } = stream.counts;
      if (acknowledged !== taken || line.isCut) [taken, takenAtMs] = [acknowledged, now];
      if (now - takenAtMs > DELIVERY_STALL_MS) break;
      await new Promise<void>((resolve) => {
        clock.setTimer(resolve, DELIVERY_LOOK_MS);
      });
    }
    await line.end();
  }

  #accepted(target: SignedOnTarget, resumeSecret: string): Accepted {
    return {
      reference: this.grant.reference,
      gatewayVersion: this.#parts.version,
      sshHostKey: target.sshHostKey,
      targetIdentity: target.targetIdentity,
      targetEncrypted: target.targetEncrypted,
      targetCertificate: target.targetCertificate === undefined ? null : Buffer.from(target.targetCertificate).toString('base64'),
      resumeSecret,
      resumeSeconds: this.#parts.resumeSeconds,
      epoch: 0,
      notAfter: this.grant.notAfter,
      recording: true,
    };
  }

  /** Waits for the protocol's own end; once the session is told to end, no longer than the limit. */
  #withinEndLimit(run: Promise<SessionEnd>): Promise<SessionEnd> {
    const { clock, log } = this.#parts;
    const { signal } = this.#ending;
    return new Promise((resolve, reject) => {
      const timers: Timer[] = [];
      const told = (): void => {
        timers.push(clock.setTimer(() => this.#cutTarget(), CUT_MS));
        timers.push(
          clock.setTimer(() => {
            log.error('session did not end in time', { reference: this.grant.reference, protocol: this.grant.protocol });
            reject(this.#reasonOr(signal.reason));
          }, END_LIMIT_MS),
        );
      };
      if (signal.aborted) told();
      else signal.addEventListener('abort', told, { once: true });
      const settled = (settle: () => void): void => {
        for (const timer of timers) timer.cancel();
        signal.removeEventListener('abort', told);
        settle();
      };
      run.then(
        (end) => settled(() => resolve(end)),
        (error: unknown) => settled(() => reject(asMavisError(error))),
      );
    });
  }

  /** A protocol that fell or hung is an end like any other: its recordings and its final entry are written all the same. */
  #brokenEnd(error: unknown): SessionEnd {
    const { code, args, cause } = this.#reasonOr(error);
    if (code === 'internal') this.#parts.log.error('session fell', { reference: this.grant.reference, protocol: this.grant.protocol, error: cause });
    return { code, args, exitStatus: null, signal: null };
  }

  #connected(recordingId: RecordingId, target: SignedOnTarget): void {
    const { journal, clock } = this.#parts;
    if (this.#state.status === 'over' || this.#state.status === 'connecting') return;
    const before = this.#state.status === 'connected' ? this.#state : undefined;
    this.#state = { status: 'connected', recordingIds: [...(before?.recordingIds ?? []), recordingId], sinceMs: before?.sinceMs ?? clock.monotonicMs() };
    this.#message({ kind: 'recording', recordingId });
    if (before !== undefined) return;
    journal.append({ ...this.#who(), kind: 'connected', facts: { recordingId, protocol: this.grant.protocol, targetIdentity: target.targetIdentity, targetEncrypted: target.targetEncrypted, ...this.#where(), ...this.#about() } });
  }

  #forwarding(event: ForwardingEvent): void {
    const told = this.#forwardings.take(event);
    if (told !== undefined) this.#write('forwarding', { what: event.what, event: told, ...this.#about() });
    if (event.kind === 'refused-by-target') this.#message({ kind: 'forwarding-refused', what: event.what });
  }

  async #over(end: SessionEnd, target: SignedOnTarget): Promise<void> {
    const reason = this.#reason();
    const code: ErrorCode = reason?.code ?? end.code;
    const args = reason?.args ?? end.args;
    if (this.#state.status !== 'connected') {
      // Signed on and gone before the protocol was connected: a failure, never a recording (S16, S19).
      await this.#failed(new MavisError(ORDINARY_ENDS.has(code) ? 'connect.cancelled' : code, ORDINARY_ENDS.has(code) ? {} : args));
      return;
    }
    const { recordingIds, sinceMs } = this.#state;
    const counts = this.bytes;
    this.#write('ended', {
      code,
      recordingId: recordingIds[0] ?? null,
      recordings: recordingIds.length,
      durationMs: Math.round(this.#parts.clock.monotonicMs() - sinceMs),
      bytesIn: counts.in,
      bytesOut: counts.out,
      cuts: this.#cuts,
      exitStatus: end.exitStatus,
      signal: end.signal,
      protocol: this.grant.protocol,
      targetIdentity: target.targetIdentity,
      ...this.#forwardings.facts,
      ...this.#where(),
      ...this.#about(),
    });
    this.#parts.log.info('session ended', { reference: this.grant.reference, code, protocol: this.grant.protocol, bytes: counts.in + counts.out });
    this.#close(code, args);
  }

  #close(code: ErrorCode, args: ErrorArgs): void {
    this.#closing = { code, args };
    this.#line?.sendJson(frameType.close, this.#closing);
  }

  async #failed(error: MavisError): Promise<void> {
    const { log } = this.#parts;
    const unforeseen = error.code === 'internal';
    log[unforeseen ? 'error' : 'info']('connection failed', { reference: this.grant.reference, code: error.code, protocol: this.grant.protocol, error: error.cause ?? (unforeseen ? error : undefined) });
    const seen = error.args['fingerprint'] ?? error.args['seen'];
    if (typeof seen === 'string') this.#write('identity-seen', { code: error.code, fingerprint: seen, ...this.#about() });
    this.#write('failed', {
      code: error.code,
      credentialSent: this.#credentialSent,
      protocol: this.grant.protocol,
      because: error.cause instanceof Error && error.code === 'target.address-forbidden' ? error.cause.message : null,
      ...this.#where(),
      ...this.#about(),
    });
    const said: Failed = { code: error.code, args: error.args, credentialSent: this.#credentialSent };
    if (this.#line === undefined) {
      await this.#connection.end(frameType.failed, said);
      return;
    }
    this.#close(error.code, error.args);
    await this.#line.end();
  }

  /** What the protocol has written goes out before the close frame. */
  async #flush(stream: CountedDuplex): Promise<void> {
    if (stream.destroyed || stream.writableFinished) return;
    const finished = new Promise<void>((resolve) => {
      stream.once('finish', resolve);
      stream.once('close', resolve);
    });
    if (!stream.writableEnded) stream.end();
    await limited(finished, this.#parts.clock, FLUSH_LIMIT_MS, () => new MavisError('session.gateway-lost', { gateway: this.#parts.gatewayName })).catch((error: unknown) => {
      this.#parts.log.debug('client did not take the end of the stream', { reference: this.grant.reference, error });
    });
  }

  #watchLimits(): SessionLimits {
    const { grant } = this;
    return new SessionLimits(
      {
        notAfterMs: Date.parse(grant.notAfter),
        maxDurationSeconds: grant.policy.maxDurationSeconds,
        idleSeconds: grant.policy.idleSeconds,
        maxUnsupervisedSeconds: grant.maxUnsupervisedSeconds ?? DEFAULT_UNSUPERVISED_SECONDS,
      },
      {
        clock: this.#parts.clock,
        supervision: this.#parts.supervision,
        endsSoon: (code, secondsLeft) => this.#message({ kind: 'ends-soon', code, secondsLeft }),
        reached: (error) => this.end(error),
      },
    );
  }

  #connectFrame(frame: Frame, prompts: Prompts): void {
    if (frame.type === frameType.promptAnswer) prompts.answer(parsePayload(promptAnswer, frame.payload, decodeUtf8));
    else if (frame.type === frameType.cancel) this.end(new MavisError('connect.cancelled'));
    else throw new FrameError('bad-order');
  }

  #streamFrame(frame: Frame, stream: CountedDuplex): void {
    // Who was told to end types nothing more; acknowledgements still let the last output out.
    if (frame.type === frameType.data && this.#ending.signal.aborted) return;
    if (frame.type === frameType.close || frame.type === frameType.cancel) this.end(new MavisError('session.closed-by-user'));
    else if (!stream.takeFrame(frame)) throw new FrameError('bad-order');
  }

  #violated(error: FrameError): void {
    this.#parts.log.warn('client broke the protocol', { reference: this.grant.reference, address: this.#connection.address, what: error.what });
    this.end(new MavisError('session.protocol-violation'));
  }

  #gatewayLost(): MavisError {
    return new MavisError('session.gateway-lost', { gateway: this.#parts.gatewayName });
  }

  #progress(step: ProgressStep, detail = ''): void {
    this.#connection.sendJson(frameType.progress, { step, detail: detail.slice(0, 200) });
  }

  /** The user is told always that somebody watches, and who it is where the policy says so. */
  #tellWatched(names: readonly string[]): void {
    this.#wasWatched = true;
    this.#message({ kind: 'watched', watchers: names.length, by: this.grant.policy.tellWhoWatches ? names.slice(0, MOST_TOLD_WATCHERS) : [] });
  }

  #message(message: StreamMessage): void {
    // What nobody would hear is said when somebody does; limits and recordings are said again by themselves.
    if (this.isCut && message.kind === 'forwarding-refused' && this.#unsaid.length < MOST_UNSAID) this.#unsaid.push(message);
    this.#line?.sendJson(frameType.message, message);
  }

  #write(kind: 'ended' | 'failed' | 'identity-seen' | 'forwarding' | 'cut' | 'resumed', facts: JournalFacts): void {
    try {
      this.#parts.journal.append({ ...this.#who(), kind, facts });
    } catch (error) {
      this.#parts.log.error('journal takes no more entries', { reference: this.grant.reference, what: kind, error });
    }
  }

  #who(): { connectionId: TargetGrant['connectionId']; reference: TargetGrant['reference'] } {
    return { connectionId: this.grant.connectionId, reference: this.grant.reference };
  }

  #about(): JournalFacts {
    return { userId: this.grant.user.id, userName: this.grant.user.name, resourceId: this.grant.resource.id, resourceName: this.grant.resource.name };
  }

  #where(): JournalFacts {
    if (this.#reached === undefined) return {};
    return { targetAddress: this.#reached.address, targetPort: this.grant.target.port, specialAddress: this.#reached.special };
  }

  #reason(): MavisError | undefined {
    return this.#ending.signal.aborted ? asMavisError(this.#ending.signal.reason) : undefined;
  }

  /** The reason for which the session was ended, before anything that this made fail. */
  #reasonOr(error: unknown): MavisError {
    return this.#reason() ?? asMavisError(error);
  }
}

const ORDINARY_ENDS: ReadonlySet<ErrorCode> = new Set(['session.ended', 'session.closed-by-user', 'session.gateway-lost']);
