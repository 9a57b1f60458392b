import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { Clock } from '../clock/clock.ts';
import type { Logger } from '../logging/logger.ts';
import type { ChannelRecorder } from '../recordings/channel-recorder.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import type { SessionEnd, SessionRun } from '../sessions/protocol-handler.ts';
import { SessionFrame } from '../sessions/session-frame.ts';
import { sessionWork } from '../sessions/session-work.ts';
import { Relay } from '../ssh/relay.ts';
import { clientMessages } from './client-messages.ts';
import { type DesktopSize, isDesktopSize } from '../../shared/vnc/desktop-size.ts';
import { pixelFormat } from '../../shared/vnc/encodings.ts';
import { PackedTexts } from './cut-text.ts';
import { FilterStream } from './filter-stream.ts';
import { HandshakeReader, MAX_TEXT_BYTES } from './handshake-reader.ts';
import { PackedWindows } from './packed-windows.ts';
import { PictureWatch } from './picture-watch.ts';
import { type Grammar, RfbStream, type RfbTap } from './rfb-stream.ts';
import { serverMessages } from './server-messages.ts';
import type { VncTarget } from './target-sign-on.ts';
import { updateRequest } from './update-request.ts';
import { WatchedPicture } from './watched-picture.ts';

/** The client's end of the handshake, as far as the gateway speaks it: version 3.8, no security, accepted. */
const VERSION = Buffer.from('RFB 003.008\n', 'latin1');
const ONLY_NONE = Buffer.of(1, 1);
const ACCEPTED = Buffer.alloc(4);
const NONE = 1;
/** Others at the same desktop stay: whom a session may drive out is not the client's to say. */
const SHARED = Buffer.of(1);
/** ServerInit without the name: size, pixel format, length of the name. */
const SERVER_INIT_BYTES = 24;
const PIXEL_FORMAT_AT = 4;
/** Kind and padding, the one pixel format of sessions, padding (RFC 6143 section 7.5.1). */
const SET_PIXEL_FORMAT = Buffer.concat([Buffer.alloc(4), pixelFormat, Buffer.alloc(3)]);
/** Refusals of one kind that stand in the recording; a client that moves a mouse in a view-only session makes thousands. */
const TOLD_REFUSALS = 20;

export interface VncSessionParts {
  readonly target: VncTarget;
  readonly grant: TargetGrant;
  readonly spool: Pick<RecordingSpool, 'record'>;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
}

/** One VNC session between its sign-on and its end. */
export class VncSession {
  readonly #parts: VncSessionParts;
  readonly #run: SessionRun;
  readonly #frame: SessionFrame;
  readonly #refusals = new Map<string, number>();
  #watch: PictureWatch | undefined;
  #stopWatched: () => void = () => undefined;

  constructor(parts: VncSessionParts, run: SessionRun) {
    this.#parts = parts;
    this.#run = run;
    this.#frame = new SessionFrame(parts, run);
  }

  /** Runs to the end; resolves when the recording is closed. */
  async run(): Promise<SessionEnd> {
    const { stream } = this.#parts.target;
    stream.on('error', () => this.#frame.end(new MavisError('target.lost')));
    stream.once('close', () => this.#frame.end(new MavisError('target.lost')));
    this.#run.clientStream.once('end', () => this.#frame.end(new MavisError('session.closed-by-user')));
    const end = await this.#frame.until(() => this.#open());
    await this.#close(end);
    return { code: end.code, args: end.args, exitStatus: null, signal: null };
  }

  async #open(): Promise<void> {
    const { stream } = this.#parts.target;
    stream.write(SHARED);
    const { serverInit, size } = await this.#serverInit();
    // By the gateway itself: a client that left it out would have the server's bytes read as what they are not, its clipboard's text as pixels.
    stream.write(SET_PIXEL_FORMAT);
    const recorder = await this.#record(size);
    await this.#welcomeClient();
    this.#frame.over.throwIfAborted();
    recorder.screen(serverInit);
    if (recorder.strict) await recorder.durable();
    this.#run.clientStream.write(serverInit);
    this.#relay(recorder, serverInit, size);
  }

  async #serverInit(): Promise<{ serverInit: Buffer; size: DesktopSize }> {
    const reader = new HandshakeReader(this.#parts.target.stream, this.#frame.over);
    const head = await reader.read(SERVER_INIT_BYTES);
    const size = { width: head.readUInt16BE(0), height: head.readUInt16BE(2) };
    const nameBytes = head.readUInt32BE(20);
    if (nameBytes > MAX_TEXT_BYTES || !isDesktopSize(size)) throw new MavisError('target.protocol-error');
    const name = nameBytes === 0 ? Buffer.alloc(0) : await reader.read(nameBytes);
    reader.release();
    head.set(pixelFormat, PIXEL_FORMAT_AT);
    return { serverInit: Buffer.concat([head, name]), size };
  }

  async #record({ width, height }: DesktopSize): Promise<ChannelRecorder> {
    const { grant, target } = this.#parts;
    const identity = target.identity === null ? {} : { targetIdentity: target.identity };
    const recorder = await this.#frame.record({ kind: 'desktop', width, height, security: target.security.name, viewOnly: grant.policy.viewOnly, ...identity });
    await this.#frame.stand(recorder);
    return recorder;
  }

  /** The client's handshake: whatever the target asked for, the client is asked for nothing. One that is gone meanwhile has closed the session, and broken no protocol. */
  async #welcomeClient(): Promise<void> {
    const { clientStream } = this.#run;
    const reader = new HandshakeReader(clientStream, this.#frame.over, () => this.#leftInHandshake());
    const expect = async (bytes: Buffer): Promise<void> => {
      if (!(await reader.read(bytes.length)).equals(bytes)) throw new MavisError('session.protocol-violation');
    };
    clientStream.write(VERSION);
    await expect(VERSION);
    clientStream.write(ONLY_NONE);
    await expect(Buffer.of(NONE));
    clientStream.write(ACCEPTED);
    // ClientInit: whether the client would share the desktop, which is not asked.
    await reader.read(1);
    reader.release();
  }

  /** A client that is gone before the desktop was shown: by itself, or because its line broke, which only the log tells. */
  #leftInHandshake(): MavisError {
    const { errored } = this.#run.clientStream;
    this.#parts.logger.info('the client left in the handshake', { reference: this.#parts.grant.reference, ...(errored === null ? {} : { error: errored }) });
    return new MavisError('session.closed-by-user', {}, errored === null ? {} : { cause: errored });
  }

  #relay(recorder: ChannelRecorder, serverInit: Buffer, first: DesktopSize): void {
    const { target, grant, clock } = this.#parts;
    let size = first;
    // Between two messages of the client: each of them is written whole.
    const askPicture = (incremental: boolean): void => {
      if (target.stream.writable) target.stream.write(updateRequest(size, { incremental }));
    };
    const watch = new PictureWatch(clock, () => askPicture(true));
    this.#watch = watch;
    watch.start();
    const { clientStream, activity } = this.#run;
    const { clipboardIn, clipboardOut, viewOnly, recordInput } = grant.policy;
    const hold = (): Promise<void> | undefined => (recorder.congested ? recorder.uncongested() : undefined);
    const stored = (): Promise<void> | undefined => (recorder.strict ? recorder.durable() : undefined);
    const common = { hold, signal: this.#frame.over, failed: (error: unknown) => this.#frame.end(asMavisError(error)) };
    const { packed, picture } = this.#watchable(() => resizedInit(serverInit, size), () => askPicture(false));
    const fromTarget = this.#filter(
      (send) =>
        serverMessages(
          {
            size, clipboardOut, packed,
            texts: new PackedTexts(clock),
            clipboardIn: clipboardIn && !viewOnly,
            updated: () => watch.updated(),
            resized: (now) => {
              size = now;
              recorder.resize({ columns: 0, rows: 0, widthPx: now.width, heightPx: now.height });
            },
            clipboard: (bytes, allowed) => this.#noteClipboard('clipboard-out', bytes, allowed),
          },
          send,
        ),
      picture,
    );
    const fromClient = this.#filter((send) =>
      clientMessages(
        {
          viewOnly, clipboardIn, clipboardOut, activity,
          texts: new PackedTexts(clock),
          size: () => size,
          asked: (what) => watch.asked(what),
          keyPressed: () => {
            if (recordInput) recorder.inputMark(1);
          },
          clipboard: (bytes, allowed) => this.#noteClipboard('clipboard-in', bytes, allowed),
          refused: (what) => this.#refuse(what),
        },
        send,
      ),
    );
    const output = new Relay({ ...common, from: fromTarget, to: clientStream, wire: clientStream, take: (chunk) => (recorder.screen(chunk), stored()) });
    const input = new Relay({ ...common, from: fromClient, to: target.stream, wire: target.stream, take: () => undefined });
    fromClient.once('end', () => sessionWork(input.drained().then(() => this.#frame.end(new MavisError('session.closed-by-user'))), common.failed));
    fromTarget.once('end', () => sessionWork(output.drained().then(() => this.#frame.end(new MavisError('target.lost'))), common.failed));
    target.stream.pipe(fromTarget);
    clientStream.pipe(fromClient);
  }

  /** Offers the desktop to those who watch; what its streams have packed is followed from the first byte on, since nobody can enter them without. */
  #watchable(serverInit: () => Buffer, askPicture: () => void): { readonly packed: PackedWindows; readonly picture: WatchedPicture } {
    const { clock, grant, logger } = this.#parts;
    const packed = new PackedWindows(clock, () => {
      logger.info('a desktop\'s stream cannot be followed for watchers', { reference: grant.reference });
      withdraw?.(new MavisError('session.not-watchable', { protocol: grant.protocol }));
    });
    const picture = new WatchedPicture({ clock, serverInit, askPicture, primers: () => packed.primers(), failed: (error) => this.#frame.end(error) });
    const withdraw = this.#run.watchable?.(picture);
    this.#stopWatched = () => {
      withdraw?.();
      picture.stop();
      packed.stop();
    };
    return { packed, picture };
  }

  #filter(grammar: (send: (bytes: Buffer) => void) => Grammar, tap?: RfbTap): FilterStream {
    const filter = new FilterStream(new RfbStream(grammar, tap));
    filter.on('error', (error) => this.#frame.end(asMavisError(error)));
    return filter;
  }

  /** How much text crossed, never what: the recording holds what the target sent, where it went on. */
  #noteClipboard(way: 'clipboard-in' | 'clipboard-out', bytes: number, allowed: boolean): void {
    if (allowed) this.#frame.recorder?.mark(way, String(bytes));
    else this.#refuse(way);
  }

  #refuse(what: string): void {
    const count = (this.#refusals.get(what) ?? 0) + 1;
    this.#refusals.set(what, count);
    if (count > TOLD_REFUSALS) return;
    this.#frame.recorder?.mark('refused', what);
    this.#parts.logger.warn('refused what the rule does not allow', { reference: this.#parts.grant.reference, code: 'session.not-allowed', what, count });
  }

  async #close(end: MavisError): Promise<void> {
    this.#watch?.stop();
    this.#stopWatched();
    this.#parts.target.stream.destroy();
    if (this.#run.signal.aborted) this.#frame.recorder?.mark('ended', end.code);
    await this.#frame.close();
  }
}

/** ServerInit of a desktop that has another size by now. */
function resizedInit(serverInit: Buffer, { width, height }: DesktopSize): Buffer {
  const resized = Buffer.from(serverInit);
  resized.writeUInt16BE(width, 0);
  resized.writeUInt16BE(height, 2);
  return resized;
}
