import { randomBytes } from 'node:crypto';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { WatchGrant } from '../../shared/link/messages.ts';
import { type Frame, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import type { Accepted, Failed } from '../../shared/proxy-stream/messages.ts';
import { encodeJsonPayload, encodeRecordingFrame, type FrameKind, frameKind, MAX_FRAME_PAYLOAD_BYTES } from '../../shared/recording/recording-frame.ts';
import type { Clock } from '../clock/clock.ts';
import { limited } from '../clock/limited.ts';
import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../logging/logger.ts';
import { CountedDuplex } from '../proxy-port/counted-duplex.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import { SessionLimits } from '../sessions/session-limits.ts';
import type { WatchFeed } from './watch-feed.ts';

/** What may wait for a watcher beside his window of 1 MiB: a full picture of a large desktop fits. One who is further behind skips to what is shown then. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
/** Nobody looks at one session for longer without asking again. */
const LONGEST_SECONDS = 12 * 3600;
/** What was sent last leaves within this, or not at all. */
const FLUSH_LIMIT_MS = 2000;
/** Where the grant says nothing: a quarter of an hour (rule 11). */
const DEFAULT_UNSUPERVISED_SECONDS = 900;

/** Tells a watcher that something was not shown, before he is shown the screen anew. */
const LEFT_OUT = encodeJsonPayload({ name: 'left-out', detail: '' });

/** Ends whose words speak to the session's user: to a watcher the session has simply ended. */
const OF_THE_USER: ReadonlySet<ErrorCode> = new Set(['session.closed-by-user', 'session.user-disabled', 'session.user-disabled-by', 'session.access-changed', 'session.sign-in-revoked', 'session.not-after']);

export interface WatchParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Pick<Journal, 'append' | 'appendDurably'>;
  readonly supervision: { readonly silentMs: number };
  readonly gatewayName: string;
  readonly version: string;
}

/** A watcher's connection as a watch needs it. */
export type WatcherConnection = Pick<ProxyConnection, 'address' | 'port' | 'congested' | 'receive' | 'write' | 'sendJson' | 'beginStream' | 'end'>;

/** A session as a watch needs it. */
export interface WatchedSession {
  readonly feed: WatchFeed;
  readonly notAfter: string;
}

/**
 * One watcher's stream: a copy of what a session's target sends, from its ticket to its end. It is written before the first byte
 * leaves that somebody watches. What the watcher sends goes nowhere (his acknowledgements let more out), and a watcher who takes
 * nothing in holds a bounded queue and skips: neither reaches the session or slows it.
 */
export class Watch {
  readonly grant: WatchGrant;
  readonly #parts: WatchParts;
  readonly #connection: WatcherConnection;
  readonly #ending = new AbortController();
  #stream: CountedDuplex | undefined;
  #startedMs = 0;
  #again: () => void = () => undefined;
  #behind = false;
  #skips = 0;
  #refusedBytes = 0;

  constructor(parts: WatchParts, grant: WatchGrant, connection: WatcherConnection) {
    this.#parts = parts;
    this.grant = grant;
    this.#connection = connection;
  }

  /** Ends the watch with a reason, once; the first reason stands. */
  end(reason: MavisError): void {
    if (!this.#ending.signal.aborted) this.#ending.abort(reason);
  }

  /** Runs to the end; never rejects. `session` is undefined where it is over. */
  async run(session: WatchedSession | undefined): Promise<void> {
    this.#connection.receive({
      frame: (frame) => this.#takeFrame(frame),
      violated: () => this.end(new MavisError('session.protocol-violation')),
      fell: (error) => this.end(error),
      lost: () => this.end(new MavisError('session.watch-ended')),
      drained: () => this.#stream?.goOn(),
    });
    try {
      if (session === undefined || !session.feed.watchable) throw new MavisError('session.not-running');
      await this.#show(session);
    } catch (error) {
      await this.#refuse(asMavisError(error));
    }
  }

  async #show(session: WatchedSession): Promise<void> {
    const { clock, journal } = this.#parts;
    const { signal } = this.#ending;
    const { watchId, watcher, connectionId, reference, ticketSha256, protocol } = this.grant;
    const who = { connectionId, reference };
    await journal.appendDurably({ ...who, kind: 'watch-began', facts: { watchId, watcherId: watcher.id, watcherName: watcher.name, ticketSha256, protocol, address: this.#connection.address, port: this.#connection.port } });
    this.#startedMs = clock.monotonicMs();
    const stream = new CountedDuplex({ write: (...parts) => this.#connection.write(...parts), congested: () => this.#connection.congested, clock, mayGrow: () => false });
    stream.on('error', (error) => this.#parts.log.debug('a watcher\'s stream failed', { reference, error }));
    this.#stream = stream;
    const limits = this.#watchLimits(session);
    let leave: () => void = () => undefined;
    let reason: MavisError;
    try {
      this.#connection.sendJson(frameType.accepted, this.#accepted());
      this.#connection.beginStream();
      const followed = session.feed.follow(watcher.name, (kind, payload) => this.#frame(stream, kind, payload), (over) => this.end(OF_THE_USER.has(over.code) ? new MavisError('session.ended') : over));
      leave = followed.leave;
      this.#again = followed.again;
      reason = await ended(signal);
    } finally {
      limits.stop();
      leave();
    }
    await this.#close(stream, reason);
    journal.append({ ...who, kind: 'watch-ended', facts: { watchId, watcherId: watcher.id, watcherName: watcher.name, code: reason.code, durationMs: Math.round(clock.monotonicMs() - this.#startedMs), bytesOut: stream.counts.sent, skips: this.#skips, refusedBytes: this.#refusedBytes } });
    stream.destroy();
  }

  #watchLimits(session: WatchedSession): SessionLimits {
    const { clock, supervision } = this.#parts;
    const { notAfter, maxUnsupervisedSeconds } = this.grant;
    return new SessionLimits(
      { notAfterMs: Math.min(Date.parse(notAfter), Date.parse(session.notAfter)), maxDurationSeconds: LONGEST_SECONDS, idleSeconds: LONGEST_SECONDS, maxUnsupervisedSeconds: maxUnsupervisedSeconds ?? DEFAULT_UNSUPERVISED_SECONDS },
      { clock, supervision, endsSoon: () => undefined, reached: (error) => this.end(error) },
    );
  }

  /** One frame of the session. Never waits: what a watcher who is behind has no room for is left out, and he is shown the screen as it is once he has caught up. */
  #frame(stream: CountedDuplex, kind: FrameKind, payload: Uint8Array): void {
    if (this.#behind || this.#ending.signal.aborted || stream.destroyed || stream.writableEnded) return;
    if (stream.writableLength > MOST_WAITING_BYTES) {
      this.#behind = true;
      this.#skips += 1;
      stream.once('drain', () => {
        this.#behind = false;
        if (this.#ending.signal.aborted) return;
        this.#write(stream, frameKind.mark, LEFT_OUT);
        this.#again();
      });
      return;
    }
    this.#write(stream, kind, payload);
  }

  #write(stream: CountedDuplex, kind: FrameKind, payload: Uint8Array): void {
    const microseconds = Math.max(0, Math.round((this.#parts.clock.monotonicMs() - this.#startedMs) * 1000));
    for (let start = 0; start === 0 || start < payload.length; start += MAX_FRAME_PAYLOAD_BYTES) {
      stream.write(encodeRecordingFrame({ kind, microseconds, payload: payload.subarray(start, start + MAX_FRAME_PAYLOAD_BYTES) }));
    }
  }

  #takeFrame(frame: Frame): void {
    if (frame.type === frameType.close || frame.type === frameType.cancel) this.end(new MavisError('session.watch-ended'));
    // Whoever watches has nothing to say: not even counted, so that his window is full soon and stays so.
    else if (frame.type === frameType.data) this.#refusedBytes += frame.payload.length;
    else if (this.#stream === undefined || !this.#stream.takeFrame(frame)) throw new FrameError('bad-order');
  }

  async #close(stream: CountedDuplex, { code, args }: MavisError): Promise<void> {
    const { clock, gatewayName, log } = this.#parts;
    if (!stream.destroyed && !stream.writableEnded) {
      const finished = new Promise<void>((resolve) => void stream.once('finish', resolve).once('close', resolve));
      stream.end();
      await limited(finished, clock, FLUSH_LIMIT_MS, () => new MavisError('session.gateway-lost', { gateway: gatewayName })).catch((error: unknown) => log.debug('a watcher did not take the end of his stream', { reference: this.grant.reference, error }));
    }
    await this.#connection.end(frameType.close, { code, args });
  }

  async #refuse({ code, args }: MavisError): Promise<void> {
    const said: Failed = { code, args, credentialSent: false };
    await this.#connection.end(frameType.failed, said);
  }

  /** A watch that is cut is over: whoever wants to see on asks anew, and is written down anew. */
  #accepted(): Accepted {
    return { reference: this.grant.reference, gatewayVersion: this.#parts.version, sshHostKey: null, targetIdentity: null, targetEncrypted: true, targetCertificate: null, resumeSecret: randomBytes(32).toString('base64url'), resumeSeconds: 0, epoch: 0, notAfter: this.grant.notAfter, recording: true };
  }
}

/** Resolves with the reason, now or when it comes. */
function ended(signal: AbortSignal): Promise<MavisError> {
  return new Promise((resolve) => {
    const told = (): void => resolve(asMavisError(signal.reason));
    if (signal.aborted) told();
    else signal.addEventListener('abort', told, { once: true });
  });
}
