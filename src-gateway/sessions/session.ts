import { MavisError, asMavisError } from '../../shared/errors/mavis-error.ts';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import type { Protocol, RecordingId } from '../../shared/ids.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import { type Frame, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import type { Accepted, Failed, Hello } from '../../shared/proxy-stream/messages.ts';
import type { Clock } from '../clock/clock.ts';
import type { Journal, JournalFacts } from '../journal/journal.ts';
import type { Logger } from '../logging/logger.ts';
import { CountedDuplex } from '../proxy-port/counted-duplex.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import type { TargetDialler } from '../target-address/target-dialler.ts';
import { WatchFeed } from '../watches/watch-feed.ts';
import { withinEndLimit } from './end-limit.ts';
import { delivered, flushed } from './last-output.ts';
import type { ForwardingEvent, LineState, ProtocolHandler, SessionEnd, SignedOnTarget } from './protocol-handler.ts';
import { ReachedTargets } from './reached-targets.ts';
import type { ResumeEntry, ResumeRegister } from './resume-register.ts';
import { SessionJournal } from './session-journal.ts';
import { SessionLimits } from './session-limits.ts';
import { SessionLine } from './session-line.ts';
import { SessionMessages } from './session-messages.ts';
import { TargetConnection } from './target-connection.ts';
import { outputNotTaken, UntakenOutput } from './untaken-output.ts';

/** From `accepted` to the protocol's own connected event (rule 1). */
export const CONNECTED_LIMIT_MS = 20_000;
/** A failure is told to the client once it is on the disk, or after this: what that disk holds up is the user's next try. */
const FAILURE_ON_DISK_MS = 1_000;
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
  readonly feed = new WatchFeed((names) => this.#messages.watched(names));
  readonly #parts: SessionParts;
  readonly #connection: ProxyConnection;
  readonly #hello: Hello;
  readonly #ending = new AbortController();
  readonly #targets: ReachedTargets;
  readonly #journal: SessionJournal;
  readonly #messages: SessionMessages;
  readonly #lineListeners = new Set<(state: LineState) => void>();
  #state: SessionState = { status: 'connecting' };
  #credentialSent = false;
  #stream: CountedDuplex | undefined;
  #limits: SessionLimits | undefined;
  #line: SessionLine | undefined;
  #resume: ResumeEntry | undefined;

  constructor(parts: SessionParts, grant: TargetGrant, hello: Hello, connection: ProxyConnection) {
    this.#parts = parts;
    this.grant = grant;
    this.#hello = hello;
    this.#connection = connection;
    const targets = new ReachedTargets(parts.dialler, grant.target);
    this.#targets = targets;
    this.#journal = new SessionJournal({ journal: parts.journal, log: parts.log, grant, where: () => targets.where });
    this.#messages = new SessionMessages(grant.policy);
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
      const failure = this.#reasonOr(error);
      // A fault that ended the session was logged where it came up.
      if (failure.code === 'internal' && !this.#ending.signal.aborted) this.#parts.log.error('session fell', { reference: this.grant.reference, protocol: this.grant.protocol, error: failure.cause ?? failure });
      await this.#failed(failure);
    } finally {
      this.#limits?.stop();
      const { code, args } = this.#messages.closing ?? this.#gatewayLost();
      this.#resume?.ended(new MavisError(code, args));
      this.feed.end(new MavisError(code, args));
      this.#stream?.destroy();
      this.#targets.cut();
      this.#state = { status: 'over' };
    }
  }

  #connect(ticketSha256: string): Promise<SignedOnTarget> {
    const { clock, handlers, assertReady } = this.#parts;
    const { grant } = this;
    return new TargetConnection({
      ...{ clock, grant, hello: this.#hello, connection: this.#connection, handler: handlers[grant.protocol], targets: this.#targets, assertReady },
      burnTicket: () => this.#journal.ticketUsed(ticketSha256, this.#connection),
      credentialSent: () => (this.#credentialSent = true),
      signal: this.#ending.signal,
      end: (reason) => this.end(reason),
      violated: (error) => this.#violated(error),
    }).connect();
  }

  async #relay(target: SignedOnTarget): Promise<void> {
    const { clock, log } = this.#parts;
    const { grant } = this;
    const line = new SessionLine({
      clock,
      resumeSeconds: this.#parts.resumeSeconds,
      frame: (frame) => this.#streamFrame(frame, stream),
      violated: (error) => this.#violated(error),
      fell: (error) => this.#fell(error),
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
    stream.on('error', (error) => {
      log.debug('session stream failed', { reference: grant.reference, error });
      if (error instanceof MavisError) this.#fell(error);
    });
    this.#stream = stream;
    this.#line = line;
    this.#messages.begin(line);
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
      dialAgain: async () => (await this.#targets.dial(this.#ending.signal)).socket,
      forwarding: (event) => this.#forwarding(event),
      onLine: (listener) => this.#lineListeners.add(listener),
      watchable: (source) => this.feed.add(source),
    });
    try {
      const end = await withinEndLimit(run, {
        clock,
        signal: this.#ending.signal,
        cutTarget: () => this.#targets.cut(),
        hangs: () => log.error('session did not end in time', { reference: grant.reference, protocol: grant.protocol }),
      }).catch((error: unknown) => this.#brokenEnd(error));
      await this.#flush(stream);
      await this.#over(end, target);
      await this.#handOver(stream, line);
    } finally {
      notConnected.cancel();
    }
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
    this.#messages.again();
    this.#limits?.tellAgain();
    this.#tellLine('resumed', { address: connection.address, port: connection.port, epoch, waitedMs: Math.round(waitedMs), resentBytes: counts.sent - received });
  }

  #wasCut(): void {
    // A client that leaves after the end was said, by itself or to it, is not interrupted.
    if (this.#ending.signal.aborted) return;
    this.#tellLine('interrupted', { bytesIn: this.bytes.in, bytesOut: this.bytes.out, keptBytes: this.keptBytes });
  }

  #tellLine(state: LineState, facts: JournalFacts): void {
    this.#journal.line(state, facts);
    for (const listener of this.#lineListeners) listener(state);
    this.#parts.onLine(state);
  }

  /**
   * What a session sent last reaches the user, also where the connection is cut just then: until the client has taken it all in,
   * comes back for it, or is given up. A session that was ended from outside hands nothing over.
   */
  async #handOver(stream: CountedDuplex, line: SessionLine): Promise<void> {
    if (this.#state.status !== 'connected') return;
    await delivered(stream, line, this.#parts.clock, this.#ending.signal);
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

  /** A protocol that fell or hung is an end like any other: its recordings and its final entry are written all the same. */
  #brokenEnd(error: unknown): SessionEnd {
    const { code, args, cause } = this.#reasonOr(error);
    if (code === 'internal') this.#parts.log.error('session fell', { reference: this.grant.reference, protocol: this.grant.protocol, error: cause });
    return { code, args, exitStatus: null, signal: null };
  }

  #connected(recordingId: RecordingId, target: SignedOnTarget): void {
    if (this.#state.status === 'over' || this.#state.status === 'connecting') return;
    const before = this.#state.status === 'connected' ? this.#state : undefined;
    this.#state = { status: 'connected', recordingIds: [...(before?.recordingIds ?? []), recordingId], sinceMs: before?.sinceMs ?? this.#parts.clock.monotonicMs() };
    this.#messages.recording(recordingId);
    if (before === undefined) this.#journal.connected(recordingId, target);
  }

  #forwarding(event: ForwardingEvent): void {
    this.#journal.forwarding(event);
    if (event.kind === 'refused-by-target') this.#messages.forwardingRefused(event.what);
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
    const durationMs = Math.round(this.#parts.clock.monotonicMs() - sinceMs);
    this.#journal.ended({ code, recordingIds, durationMs, bytes: this.bytes }, end, target);
    this.#messages.close(code, args);
  }

  async #failed(error: MavisError): Promise<void> {
    await this.#journaled(this.#journal.failed(error, this.#credentialSent));
    const said: Failed = { code: error.code, args: error.args, credentialSent: this.#credentialSent };
    if (this.#line === undefined) {
      await this.#connection.end(frameType.failed, said);
      return;
    }
    this.#messages.close(error.code, error.args);
    await this.#line.end();
  }

  /**
   * The client is told of a failure when it is on the disk: asked for another gateway, the service reads it here first (rule 4).
   * A disk that hangs is waited for no longer than a moment.
   */
  async #journaled(written: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.clock.setTimer(resolve, FAILURE_ON_DISK_MS);
    await Promise.race([written, promise]);
    timer.cancel();
  }

  /** What the protocol has written goes out before the close frame. */
  async #flush(stream: CountedDuplex): Promise<void> {
    const late = (): MavisError => this.#gatewayLost();
    await flushed(stream, this.#parts.clock, late).catch((error: unknown) => {
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
        endsSoon: (code, secondsLeft) => this.#messages.endsSoon(code, secondsLeft),
        reached: (error) => this.end(error),
      },
    );
  }

  #streamFrame(frame: Frame, stream: CountedDuplex): void {
    // Who was told to end types nothing more: what was on its way is not counted, nor is its finish held against it.
    // Acknowledgements still let the last output out.
    if (this.#ending.signal.aborted && frame.type === frameType.data) return;
    if (this.#ending.signal.aborted && frame.type === frameType.finish) stream.endInput();
    else if (frame.type === frameType.close || frame.type === frameType.cancel) this.end(new MavisError('session.closed-by-user'));
    else if (!stream.takeFrame(frame)) throw new FrameError('bad-order');
  }

  #violated(error: FrameError): void {
    this.#parts.log.warn('client broke the protocol', { reference: this.grant.reference, address: this.#connection.address, what: error.what });
    this.end(new MavisError('session.protocol-violation'));
  }

  /** What ran in the session itself, and nobody foresaw, ends it and no other. */
  #fell(error: MavisError): void {
    this.#parts.log.error('session fell', { reference: this.grant.reference, protocol: this.grant.protocol, error: error.cause ?? error });
    this.end(error);
  }

  #gatewayLost(): MavisError {
    return new MavisError('session.gateway-lost', { gateway: this.#parts.gatewayName });
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
