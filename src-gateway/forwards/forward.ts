import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { ForwardGrant } from '../../shared/link/messages.ts';
import { type Frame, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import type { Failed, Forwarding } from '../../shared/proxy-stream/messages.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import type { Journal, JournalFacts } from '../journal/journal.ts';
import type { Logger } from '../logging/logger.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import { SessionLimits } from '../sessions/session-limits.ts';
import type { TargetDialler } from '../target-address/target-dialler.ts';
import { dialNextHop, type ReachedHop } from './next-hop-dialler.ts';
import { Relay, type RelayEnd } from './relay.ts';

/** The two ends of the stream inside ask each other every 15 s whether they are there: so long without a byte, both are gone. */
const SILENT_SECONDS = 300;
/** The last gateway says why a session ends; what was told to end here waits so long for that word, then it is cut. */
const GRACE_MS = 3000;
/** Where the grant says nothing: as for a session (rule 11). */
const DEFAULT_UNSUPERVISED_SECONDS = 900;

export interface ForwardParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Pick<Journal, 'append' | 'appendDurably'>;
  readonly dialler: Pick<TargetDialler, 'dial'>;
  readonly supervision: { readonly silentMs: number };
  /** Throws where nothing may begin now: draining, full, nothing can be journaled. */
  readonly assertReady: () => void;
}

/** What becomes of a forward's wire beside its end. */
export interface ForwardWire {
  /** What the client is told, so that it may lay the wire again after a cut. */
  readonly forwarding: Forwarding;
  /** Which time the wire is laid: 0 with the ticket, then the client's epoch. */
  readonly epoch: number;
}

/**
 * A first hop's part in one connection (rule 8): burns the ticket, reaches the next gateway that the grant names, answers
 * `forwarding`, and is a wire from there on. It takes no frame after the hello but a cancel, it never sees what runs inside,
 * and it can open nothing else. The journal has each: ticket used, forwarded, ended with its bytes; and of a wire that the
 * client laid again after a cut, resumed and cut with its bytes.
 */
export class Forward {
  readonly grant: ForwardGrant;
  readonly #parts: ForwardParts;
  readonly #connection: ProxyConnection;
  readonly #wire: ForwardWire;
  readonly #ending = new AbortController();
  #relay: Relay | undefined;
  #reached: ReachedHop | undefined;
  #limits: SessionLimits | undefined;
  #grace: Timer | undefined;
  #begunMs = 0;
  #clientLost = false;

  constructor(parts: ForwardParts, grant: ForwardGrant, connection: ProxyConnection, wire: ForwardWire) {
    this.#wire = wire;
    this.#parts = parts;
    this.grant = grant;
    this.#connection = connection;
  }

  /** Bytes from and to the client so far. */
  get bytes(): { readonly in: number; readonly out: number } {
    return this.#relay?.counts ?? { in: 0, out: 0 };
  }

  /**
   * Ends the forward with a reason, once; the first reason stands. The last gateway, which is told the same, says goodbye to
   * the client through it: so much time it has, unless `atOnce`.
   */
  end(reason: MavisError, { atOnce = false }: { readonly atOnce?: boolean } = {}): void {
    if (!this.#ending.signal.aborted) this.#ending.abort(reason);
    if (atOnce) this.#relay?.destroy();
    else if (this.#relay !== undefined) this.#grace ??= this.#parts.clock.setTimer(() => this.#relay?.destroy(), GRACE_MS);
  }

  /** Why it was ended from outside or by a limit; undefined where it ended by itself, or its client's connection was lost. */
  get endedBecause(): MavisError | undefined {
    return this.#clientLost ? undefined : this.#reason();
  }

  /** Runs to the end; never rejects. True where the wire stood. */
  async run(): Promise<boolean> {
    try {
      this.#reached = await this.#reach();
      const end = await this.#carry(this.#reached);
      const cut: JournalFacts = end.kind === 'cut' ? { cut: end.side === 'near' ? 'client' : 'next-gateway' } : {};
      this.#ended(this.#reason() ?? new MavisError('session.ended'), { forwarded: true, ...cut });
      return true;
    } catch (error) {
      await this.#failed(this.#reason() ?? asMavisError(error));
      return false;
    } finally {
      this.#limits?.stop();
      this.#grace?.cancel();
      this.#reached?.socket.destroy();
    }
  }

  async #reach(): Promise<ReachedHop> {
    const { clock, journal, dialler, assertReady } = this.#parts;
    const { signal } = this.#ending;
    this.#connection.receive({
      frame: (frame) => this.#frame(frame),
      violated: (error) => this.#violated(error),
      fell: (error) => this.end(error),
      lost: () => {
        this.#clientLost = !this.#ending.signal.aborted;
        this.end(new MavisError('connect.cancelled'));
      },
    });
    assertReady();
    if (this.#wire.epoch > 0) return dialNextHop({ dialler, clock }, this.grant.next, signal);
    // Burnt on disk before anything is dialled, like any ticket (rule 2).
    await journal.appendDurably({ ...this.#who(), kind: 'ticket-used', facts: { ...this.#about(), forward: true, address: this.#connection.address, port: this.#connection.port } });
    signal.throwIfAborted();
    return dialNextHop({ dialler, clock }, this.grant.next, signal);
  }

  #carry(reached: ReachedHop): Promise<RelayEnd> {
    const { clock, journal } = this.#parts;
    this.#ending.signal.throwIfAborted();
    // Bytes before the word are no frames of ours, and no handshake with the next gateway either.
    if (!this.#connection.idle) throw new MavisError('session.protocol-violation');
    const { epoch, forwarding } = this.#wire;
    const facts: JournalFacts = { ...this.#about(), nextAddress: reached.address, nextPort: reached.port };
    if (epoch === 0) journal.append({ ...this.#who(), kind: 'forwarded', facts });
    else journal.append({ ...this.#who(), kind: 'resumed', facts: { ...facts, forward: true, epoch, address: this.#connection.address, port: this.#connection.port } });
    this.#connection.sendJson(frameType.forwarding, forwarding);
    this.#begunMs = clock.monotonicMs();
    const relay = new Relay(this.#connection.release(), reached.socket, () => this.#limits?.activity());
    this.#relay = relay;
    this.#limits = this.#watchLimits();
    return relay.run();
  }

  #watchLimits(): SessionLimits {
    const { clock, supervision } = this.#parts;
    const { notAfter, maxUnsupervisedSeconds = DEFAULT_UNSUPERVISED_SECONDS } = this.grant;
    return new SessionLimits(
      { notAfterMs: Date.parse(notAfter), maxDurationSeconds: Infinity, idleSeconds: SILENT_SECONDS, maxUnsupervisedSeconds },
      // The last gateway warns the user; from here nobody can say anything.
      { clock, supervision, endsSoon: () => undefined, reached: (error) => this.end(error) },
    );
  }

  #frame(frame: Frame): void {
    if (frame.type !== frameType.cancel) throw new FrameError('bad-order');
    this.end(new MavisError('connect.cancelled'));
  }

  #violated(error: FrameError): void {
    this.#parts.log.warn('client broke the protocol', { reference: this.grant.reference, address: this.#connection.address, what: error.what });
    this.end(new MavisError('session.protocol-violation'));
  }

  async #failed(error: MavisError): Promise<void> {
    const { log } = this.#parts;
    log[error.code === 'internal' ? 'error' : 'info']('forward failed', { reference: this.grant.reference, code: error.code, error: error.cause });
    const because = error.cause instanceof MavisError ? { because: error.cause.code } : {};
    this.#ended(error, { forwarded: false, ...because });
    const said: Failed = { code: error.code, args: error.args, credentialSent: false };
    await this.#connection.end(frameType.failed, said);
  }

  #ended(reason: MavisError, facts: JournalFacts): void {
    const { journal, log, clock } = this.#parts;
    const { in: bytesIn, out: bytesOut } = this.bytes;
    const durationMs = this.#begunMs === 0 ? 0 : Math.round(clock.monotonicMs() - this.#begunMs);
    try {
      const { epoch } = this.#wire;
      const told: JournalFacts = { ...this.#about(), code: reason.code, durationMs, bytesIn, bytesOut, ...facts };
      if (epoch === 0) journal.append({ ...this.#who(), kind: 'forward-ended', facts: told });
      else if (facts['forwarded'] === true) journal.append({ ...this.#who(), kind: 'cut', facts: { ...told, forward: true, epoch } });
    } catch (error) {
      log.error('journal takes no more entries', { reference: this.grant.reference, what: 'forward-ended', error });
    }
    log.info('forward ended', { reference: this.grant.reference, code: reason.code, bytes: bytesIn + bytesOut });
  }

  #who(): { connectionId: ForwardGrant['connectionId']; reference: ForwardGrant['reference'] } {
    return { connectionId: this.grant.connectionId, reference: this.grant.reference };
  }

  #about(): JournalFacts {
    const { ticketSha256, userId, next } = this.grant;
    return { ticketSha256, userId, nextGatewayId: next.gatewayId, nextGatewayName: next.gatewayName };
  }

  #reason(): MavisError | undefined {
    return this.#ending.signal.aborted ? asMavisError(this.#ending.signal.reason) : undefined;
  }
}
