import ssh2, { type AuthContext, type Connection } from 'ssh2';
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import type { Logger } from '../logging/logger.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import type { SessionEnd, SessionRun } from '../sessions/protocol-handler.ts';
import { sessionWork } from '../sessions/session-work.ts';
import { clientAlgorithms } from './algorithms.ts';
import type { EphemeralHostKey } from './ephemeral-host-key.ts';
import { PortForward } from './port-forward.ts';
import { type ChannelEnd, MOST_UNREAD_BYTES, SessionChannel } from './session-channel.ts';
import { TargetChannels } from './target-channels.ts';
import type { SshTarget } from './target-sign-on.ts';

/** Rule 1: where the protocol is not connected within this, there was no session. */
export const CONNECTED_WITHIN_MS = 20_000;
/** A client that wants another channel asks for it at once; after the last one the session is over. */
const LINGER_MS = 1500;
/** The longest that a timer takes, 24 days: to ssh2's server 0 means its own default of 15 seconds. */
const NEVER_MS = 2 ** 31 - 1;
/** Channels at once: a person has one, tools such as editors a handful. OpenSSH's server allows ten. */
const MOST_SESSIONS = 8;
const MOST_FORWARDS = 32;
/** Refusals of a session that are each a line of the log, and then each how many-th: a client that asks in a loop fills no disk. */
const TOLD_REFUSALS = 20;
const TOLD_EVERY = 1000;
/** Ends of a channel that end the session. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['session.recording-failed', 'session.output-not-taken', 'internal']);

export interface ClientSessionParts {
  readonly target: SshTarget;
  readonly hostKey: EphemeralHostKey;
  readonly grant: TargetGrant;
  readonly spool: Pick<RecordingSpool, 'record'>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** ssh2 takes any stream that carries bytes both ways; its typings ask for a socket. */
interface StreamAcceptor {
  injectSocket(stream: Duplex): void;
}

/** The client's side of a session, from its first byte to its end. */
export class ClientSession {
  readonly #parts: ClientSessionParts;
  readonly #run: SessionRun;
  readonly #over = new AbortController();
  readonly #channels = new Set<SessionChannel>();
  readonly #forwards = new Set<PortForward>();
  readonly #closing: Promise<void>[] = [];
  readonly #ended = Promise.withResolvers<SessionEnd>();
  #connection: Connection | undefined;
  #targetChannels: TargetChannels | undefined;
  #numbers = 0;
  #refusals = 0;
  #recordings = 0;
  #last: ChannelEnd | undefined;
  #connectTimer: Timer | undefined;
  #lingerTimer: Timer | undefined;

  constructor(parts: ClientSessionParts, run: SessionRun) {
    this.#parts = parts;
    this.#run = run;
  }

  /** Runs to the end; resolves when all recordings are closed. */
  async run(): Promise<SessionEnd> {
    const { target, clock } = this.#parts;
    const { clientStream, signal } = this.#run;
    const stop = (): void => this.#end(asMavisError(signal.reason));
    const lost = (): void => this.#end(this.#whyLost(asMavisError(target.lost.reason)));
    this.#run.onLine?.((state) => {
      for (const channel of this.#channels) channel.markLine(state);
    });
    signal.addEventListener('abort', stop, { once: true });
    target.lost.addEventListener('abort', lost, { once: true });
    clientStream.once('close', () => this.#clientGone());
    clientStream.once('end', () => this.#clientGone());
    // ssh2 ends the stream without a word where what came first was no SSH.
    clientStream.once('finish', () => (this.#connection === undefined ? this.#end(new MavisError('session.protocol-violation')) : this.#clientGone()));
    this.#connectTimer = clock.setTimer(() => this.#end(new MavisError('connect.no-connected-event')), CONNECTED_WITHIN_MS);
    if (signal.aborted) stop();
    else if (target.lost.aborted) lost();
    else this.#serveOrEnd();
    const end = await this.#ended.promise;
    await Promise.all(this.#closing);
    signal.removeEventListener('abort', stop);
    target.close();
    return end;
  }

  #serveOrEnd(): void {
    try {
      this.#serve();
    } catch (error) {
      this.#end(asMavisError(error));
    }
  }

  #serve(): void {
    const { hostKey, target } = this.#parts;
    const { clientStream } = this.#run;
    const server = new ssh2.Server(
      {
        hostKeys: [hostKey.privateKey],
        algorithms: clientAlgorithms(),
        ident: 'MAVIS-Gateway',
        // No keep-alive of SSH's own: the connection below has one, and a client whose connection was cut comes back (rule 10).
        keepaliveInterval: NEVER_MS,
        ...(target.banner === '' ? {} : { banner: target.banner }),
      },
      (connection) => this.#accept(connection),
    );
    const acceptor: StreamAcceptor = server;
    acceptor.injectSocket(clientStream);
    // ssh2 has paused both, so these take nothing away from it; they see what came after ssh2 has taken it in.
    clientStream.on('data', this.#watchWindows);
    target.socket.on('data', this.#watchWindows);
  }

  #accept(connection: Connection): void {
    this.#connection = connection;
    const targetChannels = this.#watchTarget(connection);
    // The stream is bound to the ticket and to the client's key already: there is nothing to ask.
    connection.on('authentication', (context: AuthContext) => (context.method === 'none' ? context.accept() : context.reject(['none'])));
    connection.on('error', (error: Error) => this.#clientFailed(error));
    connection.on('close', () => this.#clientGone());
    connection.on('session', (accept, reject) => this.#openSession(accept, reject, targetChannels));
    connection.on('tcpip', (accept, reject, info) => {
      if (!this.#parts.grant.policy.portForwarding || this.#forwards.size >= MOST_FORWARDS) this.#refuse(reject, 'direct-tcpip');
      else this.#openForward(accept, reject, info);
    });
    connection.on('openssh.streamlocal', (_accept, reject) => this.#refuse(reject, 'direct-streamlocal'));
    connection.on('request', (_accept, reject) => this.#refuse(reject, 'remote-forward'));
  }

  #watchTarget(connection: Connection): TargetChannels {
    const { target, clock } = this.#parts;
    const { clientStream, activity, forwarding } = this.#run;
    this.#targetChannels = new TargetChannels({
      ...{ target, connection, clientStream, clock, activity, refused: this.#tellRefused, signal: this.#over.signal },
      tell: (event) => forwarding?.(event),
      breach: (error) => this.#end(error),
    });
    return this.#targetChannels;
  }

  #openSession(accept: () => ssh2.Session, reject: () => void, targetChannels: TargetChannels): void {
    if (this.#channels.size >= MOST_SESSIONS || this.#over.signal.aborted) {
      this.#refuse(reject, 'session');
      return;
    }
    this.#lingerTimer?.cancel();
    const { target, grant, spool, logger, clock } = this.#parts;
    const { clientStream, activity, watchable = () => () => undefined } = this.#run;
    const channel: SessionChannel = new SessionChannel({
      ...{ session: accept(), number: this.#nextNumber(), target, clientStream, grant, spool, logger, clock, activity, watchable, refused: this.#tellRefused },
      connected: this.#connected,
      claim: (what) => targetChannels.claim(what),
      agentAsked: () => targetChannels.agentAsked,
      forwardingRefused: (what) => this.#run.forwarding?.({ kind: 'refused-by-target', what }),
      signal: this.#over.signal,
      ended: (end) => this.#channelEnded(channel, end),
    });
    this.#channels.add(channel);
  }

  readonly #connected = (recordingId: RecordingId): void => {
    this.#connectTimer?.cancel();
    this.#recordings += 1;
    this.#run.connected(recordingId);
  };

  #channelEnded(channel: SessionChannel, end: ChannelEnd): void {
    this.#channels.delete(channel);
    this.#closing.push(channel.closed());
    this.#last = end;
    if (end.error !== undefined && (FATAL.has(end.error.code) || this.#recordings === 0)) this.#end(end.error);
    else this.#linger();
  }

  #openForward(accept: () => ssh2.ServerChannel, reject: () => void, info: ssh2.TcpipRequestInfo): void {
    this.#lingerTimer?.cancel();
    const { target, grant, spool } = this.#parts;
    const { clientStream, activity } = this.#run;
    const forward: PortForward = new PortForward({
      ...{ target, clientStream, grant, number: this.#nextNumber(), spool, activity, connected: this.#connected, signal: this.#over.signal },
      failed: (error) => this.#end(asMavisError(error)),
      ended: () => {
        this.#forwards.delete(forward);
        this.#closing.push(forward.closed());
        this.#linger();
      },
    });
    this.#forwards.add(forward);
    sessionWork(forward.open(accept, reject, info), (error) => this.#end(error));
  }

  /** Whether a channel carries anything; one that was opened and then left does not. */
  get #active(): boolean {
    return this.#forwards.size > 0 || [...this.#channels].some((channel) => channel.active);
  }

  #nextNumber(): number {
    this.#numbers += 1;
    return Math.min(this.#numbers - 1, 0xffff);
  }

  #refuse(reject: (() => void) | undefined, what: string): void {
    reject?.();
    this.#tellRefused(what);
  }

  readonly #tellRefused = (what: string): void => {
    this.#refusals += 1;
    if (this.#refusals > TOLD_REFUSALS && this.#refusals % TOLD_EVERY !== 0) return;
    this.#parts.logger.warn('refused what the rule does not allow', { reference: this.#parts.grant.reference, code: 'session.not-allowed', what, count: this.#refusals });
  };

  #linger(): void {
    if (this.#active || this.#over.signal.aborted) return;
    this.#lingerTimer?.cancel();
    this.#lingerTimer = this.#parts.clock.setTimer(() => this.#end(undefined), LINGER_MS);
  }

  readonly #watchWindows = (): void => {
    for (const { unread } of this.#channels) this.#checkWindows(unread);
    for (const unread of this.#targetChannels?.unread ?? []) this.#checkWindows(unread);
  };

  #checkWindows({ target, client }: { readonly target: number; readonly client: number }): void {
    if (target > MOST_UNREAD_BYTES) this.#end(new MavisError('target.protocol-error'));
    if (client > MOST_UNREAD_BYTES) this.#end(new MavisError('session.protocol-violation'));
  }

  /**
   * An sshd without root that may not give a terminal to its group cuts the connection instead of refusing: where a target
   * closes the connection itself, with a terminal just asked for, that is what is told of it. A wire that breaks is an error.
   */
  #whyLost(error: MavisError): MavisError {
    const closed = error.code === 'target.lost' && error.cause === undefined;
    return closed && [...this.#channels].some((channel) => channel.awaitsTerminal) ? new MavisError('target.no-terminal') : error;
  }

  #clientFailed(error: Error): void {
    if (this.#over.signal.aborted) return;
    const level = 'level' in error ? error.level : undefined;
    // A socket's error, a keep-alive that is not answered and a goodbye with its reason (which has a code) are departures; all else is a breach.
    const violation = level === 'protocol' || level === 'handshake' || (level === undefined && !('code' in error));
    this.#parts.logger.warn('the client\'s SSH connection failed', { reference: this.#parts.grant.reference, what: violation ? 'protocol' : 'connection', error });
    this.#end(new MavisError(violation ? 'session.protocol-violation' : 'session.closed-by-user', {}, { cause: error }));
  }

  #clientGone(): void {
    // After the last channel's end a client that leaves has only waited for it.
    this.#end(this.#last !== undefined && !this.#active ? undefined : new MavisError('session.closed-by-user'));
  }

  #end(error: MavisError | undefined): void {
    if (this.#over.signal.aborted) return;
    this.#connectTimer?.cancel();
    this.#lingerTimer?.cancel();
    this.#over.abort(error);
    for (const channel of this.#channels) this.#closing.push(channel.closed());
    for (const forward of this.#forwards) this.#closing.push(forward.closed());
    this.#run.clientStream.off('data', this.#watchWindows);
    this.#parts.target.socket.off('data', this.#watchWindows);
    const { exitStatus = null, signal = null } = this.#last ?? {};
    this.#ended.resolve({ code: error?.code ?? 'session.ended', args: error?.args ?? {}, exitStatus, signal });
    // Whatever ssh2 makes of it: the session is over.
    this.#connection?.end();
  }
}
