import type { Socket } from 'node:net';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { Clock } from '../clock/clock.ts';
import type { Logger } from '../logging/logger.ts';
import type { ChannelRecorder } from '../recordings/channel-recorder.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import { drained } from '../sessions/drained.ts';
import type { SessionEnd, SessionRun } from '../sessions/protocol-handler.ts';
import { SessionFrame } from '../sessions/session-frame.ts';
import { sessionWork } from '../sessions/session-work.ts';
import type { Withdraw } from '../watches/watch-source.ts';
import type { ConnectionEvents } from './filters/connection-filter.ts';
import { RdpConnection } from './rdp-connection.ts';
import { RdpFormatError } from '../../shared/rdp/rdp-format-error.ts';
import type { RdpTarget } from './sign-on/target-sign-on.ts';
import { WatchedDesktop } from './watched-desktop.ts';
import { type Pdu, PduFramer } from './wire/tpkt.ts';
import { encodeConnectionConfirm, encodeConnectionFailure, negotiationFailure, readConnectionRequest, securityProtocol, tpdu, tpduKind } from '../../shared/rdp/connection-pdus.ts';

/** At most one new connection to the target a second (rule 24): each is a sign-on there. */
const REDIAL_EVERY_MS = 1000;
/** Refusals of one kind that stand in the recording and the log, and then each how many-th: a mouse that moves in a session to look at fills no disk. */
const TOLD_REFUSALS = 3;
const TOLD_EVERY = 10_000;

export interface RdpSessionParts {
  readonly first: RdpTarget;
  readonly grant: TargetGrant;
  readonly spool: Pick<RecordingSpool, 'record'>;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  /** Signs on to the target once more, with the account of the first time. */
  readonly signOnAgain: (socket: Socket, signal: AbortSignal) => Promise<RdpTarget>;
}

/**
 * A session from the client's first byte to its end. The client's stream begins with an X.224 request for a connection, which is
 * answered with TLS as agreed, though none follows: TLS and NLA toward the target are the gateway's. Another such request later
 * connects anew with another size; where that fails the client is told so, and what runs goes on.
 */
export class RdpSession {
  readonly #parts: RdpSessionParts;
  readonly #run: SessionRun;
  readonly #frame: SessionFrame;
  readonly #refusals = new Map<string, number>();
  #connection: RdpConnection | undefined;
  #standing: Promise<void> | undefined;
  #ending = false;
  #dialledAtMs: number | undefined;
  /** The target refused the account; asked again and again it would lock it (rule 4). */
  #signOnRefused = false;
  #sending: Promise<void> = Promise.resolve();
  readonly #watched: WatchedDesktop;
  #withdraw: Withdraw | undefined;

  constructor(parts: RdpSessionParts, run: SessionRun) {
    this.#parts = parts;
    this.#run = run;
    this.#frame = new SessionFrame(parts, run);
    this.#frame.over.addEventListener('abort', () => this.#leaveTarget(), { once: true });
    this.#watched = new WatchedDesktop({ clock: parts.clock, ask: (pdus) => this.#connection?.ask(pdus), lost: () => this.#withdraw?.(new MavisError('session.not-watchable', { protocol: parts.grant.protocol })) });
  }

  /** Runs to the end; resolves when the recording is closed. */
  async run(): Promise<SessionEnd> {
    const { signal } = this.#run;
    const told = (): void => {
      if (signal.reason instanceof MavisError) this.#frame.recorder?.mark('ended', signal.reason.code);
    };
    signal.addEventListener('abort', told, { once: true });
    const { code, args } = await this.#frame.until(() => this.#serve().catch((error: unknown) => this.#broken(asMavisError(error))));
    signal.removeEventListener('abort', told);
    // A first picture that is just being taken in decides whether this is a recording.
    await this.#standing?.catch(() => undefined);
    this.#withdraw?.();
    this.#watched.stop();
    await this.#frame.close();
    return { code, args, exitStatus: null, signal: null };
  }

  async #serve(): Promise<void> {
    const { first, grant } = this.#parts;
    const recorder = await this.#frame.record({ kind: 'desktop', targetIdentity: first.fingerprint, inputRecorded: false, viewOnly: grant.policy.viewOnly });
    const framer = new PduFramer();
    for await (const chunk of this.#run.clientStream.iterator({ destroyOnReturn: false })) {
      for (const pdu of framed(framer, chunk)) await this.#fromClient(pdu, recorder);
      if (this.#frame.over.aborted) return;
    }
    this.#frame.end(new MavisError('session.closed-by-user'));
  }

  async #fromClient(pdu: Pdu, recorder: ChannelRecorder): Promise<void> {
    if (this.#frame.over.aborted) return;
    if (pdu.path === 'slow' && tpduKind(pdu.bytes) === tpdu.connectionRequest) await this.#connect(requestedProtocols(pdu.bytes), recorder);
    else if (this.#connection === undefined) throw new MavisError('session.protocol-violation');
    else await this.#connection.fromClient(pdu);
  }

  async #connect(clientProtocols: number, recorder: ChannelRecorder): Promise<void> {
    // The client must be one that goes on without RDP's own encryption.
    if ((clientProtocols & securityProtocol.ssl) === 0) throw new MavisError('session.protocol-violation');
    const before = this.#connection;
    const target = before === undefined ? this.#parts.first : await this.#again(recorder);
    if (this.#frame.over.aborted) return;
    if (target === undefined) {
      await this.#send(asBuffer(encodeConnectionFailure(negotiationFailure.none)), recorder);
      return;
    }
    const connection = new RdpConnection({ target, clientProtocols, policy: this.#parts.grant.policy, events: this.#events(recorder), over: this.#frame.over, toClient: (pdus) => (this.#connection === connection ? this.#pass(pdus, recorder) : Promise.resolve()) });
    this.#connection = connection;
    before?.close();
    const confirm = asBuffer(encodeConnectionConfirm(securityProtocol.ssl, target.confirmFlags));
    this.#watched.began(confirm);
    await this.#send(confirm, recorder);
    sessionWork(connection.pump().then(() => this.#targetEnded(connection)), (error) => this.#targetEnded(connection, error));
  }

  /** Another connection to the target; undefined where there is none to be had now. */
  async #again(recorder: ChannelRecorder): Promise<RdpTarget | undefined> {
    const { clock, signOnAgain, logger, grant } = this.#parts;
    const waitMs = (this.#dialledAtMs ?? -Infinity) + REDIAL_EVERY_MS - clock.monotonicMs();
    if (waitMs > 0) {
      await new Promise<void>((resolve) => {
        clock.setTimer(resolve, waitMs);
      });
    }
    const { dialAgain } = this.#run;
    if (this.#frame.over.aborted || dialAgain === undefined) return undefined;
    this.#dialledAtMs = clock.monotonicMs();
    try {
      if (this.#signOnRefused) throw new MavisError('target.sign-on-refused');
      const target = await signOnAgain(await dialAgain(), this.#frame.over);
      recorder.mark('redial');
      // A session that ended meanwhile leaves nobody signed on.
      if (this.#frame.over.aborted) target.socket.destroy();
      return target;
    } catch (error) {
      if (this.#frame.over.aborted) return undefined;
      const { code } = asMavisError(error);
      this.#signOnRefused ||= code === 'target.sign-on-refused';
      logger.info('a desktop could not be connected anew', { reference: grant.reference, code });
      recorder.mark('redial-failed', code);
      return undefined;
    }
  }

  async #pass(pdus: readonly Buffer[], recorder: ChannelRecorder): Promise<void> {
    // Both are waited for: what is sent may fail too where the picture could not be followed.
    await Promise.all([this.#send(Buffer.concat(pdus), recorder), this.#follow(pdus)]);
  }

  async #follow(pdus: readonly Buffer[]): Promise<void> {
    this.#watched.went(pdus);
  }

  /** Recorded, then sent: nothing reaches the client that is not in the recording. */
  async #send(bytes: Buffer, recorder: ChannelRecorder): Promise<void> {
    recorder.screen(bytes);
    // What the target sends and what the gateway answers in its place go in the order in which they were recorded.
    const sent = this.#sending.then(() => this.#sendRecorded(bytes, recorder));
    this.#sending = sent.catch(() => undefined);
    await sent;
  }

  async #sendRecorded(bytes: Buffer, recorder: ChannelRecorder): Promise<void> {
    const { clientStream } = this.#run;
    await this.#standing;
    if (recorder.strict && recorder.stands) await recorder.durable();
    if (recorder.congested) await recorder.uncongested();
    if (this.#frame.over.aborted || !clientStream.writable) return;
    if (!clientStream.write(bytes)) await drained(clientStream, this.#frame.over);
  }

  #events(recorder: ChannelRecorder): ConnectionEvents {
    return {
      drawn: () => this.#drawn(recorder),
      activity: this.#run.activity,
      refused: (what) => this.#refused(what, recorder),
      clipboard: (direction, bytes) => recorder.mark(`clipboard-${direction}`, `${bytes}`),
      filesListed: (direction, files) => recorder.mark(`files-offered-${direction}`, `${files}`),
      file: (direction, { path, bytes, whole }) => {
        recorder.mark(`file-${direction}`, `${bytes} ${whole ? 'whole' : 'in-part'} ${path}`);
        this.#parts.logger.info('a file crossed by the clipboard', { reference: this.#parts.grant.reference, what: `${direction} ${whole ? 'whole' : 'in-part'}`, bytes });
      },
      ending: () => (this.#ending = true),
      size: ({ width, height }) => recorder.resize({ columns: 0, rows: 0, widthPx: width, heightPx: height }),
    };
  }

  /** The first that was drawn: whoever sends on waits for the recording that stands then. */
  #drawn(recorder: ChannelRecorder): void {
    if (this.#standing !== undefined) return;
    this.#standing = this.#stand(recorder);
    sessionWork(this.#standing, (error) => this.#frame.end(error));
  }

  async #stand(recorder: ChannelRecorder): Promise<void> {
    try {
      await recorder.stand();
      if (recorder.strict) await recorder.durable();
    } catch (cause) {
      throw new MavisError('session.recording-failed', {}, { cause });
    }
    if (this.#watched.enterable) this.#withdraw = this.#run.watchable?.(this.#watched);
    this.#run.connected(recorder.recordingId);
  }

  #refused(what: string, recorder: ChannelRecorder): void {
    const count = (this.#refusals.get(what) ?? 0) + 1;
    this.#refusals.set(what, count);
    if (count > TOLD_REFUSALS && count % TOLD_EVERY !== 0) return;
    recorder.mark('refused', what);
    this.#parts.logger.info('refused by the policy', { reference: this.#parts.grant.reference, what, count });
  }

  #targetEnded(connection: RdpConnection, error?: unknown): void {
    // One that was left for another size is expected to end.
    if (connection !== this.#connection) return;
    if (error !== undefined) this.#broken(asMavisError(error));
    else this.#frame.end(new MavisError(this.#ending ? 'session.ended' : 'target.lost'));
  }

  /** What was wrong with a peer's bytes is a word of ours, never the bytes. */
  #broken(error: MavisError): void {
    const { reference } = this.#parts.grant;
    if (error.cause instanceof RdpFormatError) this.#parts.logger.warn('a peer of a desktop broke the protocol', { reference, code: error.code, what: error.cause.what });
    this.#frame.end(error);
  }

  #leaveTarget(): void {
    this.#connection?.close();
    if (this.#connection === undefined) this.#parts.first.socket.destroy();
  }
}

function framed(framer: PduFramer, chunk: Buffer): Pdu[] {
  try {
    return framer.take(chunk);
  } catch (cause) {
    if (cause instanceof RdpFormatError) throw new MavisError('session.protocol-violation', {}, { cause });
    throw cause;
  }
}

/** The same bytes, as Node's streams have them. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function requestedProtocols(pdu: Buffer): number {
  try {
    return readConnectionRequest(pdu).protocols;
  } catch (cause) {
    if (cause instanceof RdpFormatError) throw new MavisError('session.protocol-violation', {}, { cause });
    throw cause;
  }
}
