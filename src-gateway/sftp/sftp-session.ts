import type { ClientChannel } from 'ssh2';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import { restrictsFiles } from '../../shared/policy/file-rules.ts';
import { type FileOperation, MAX_PATH_LETTERS } from '../../shared/recording/file-operation.ts';
import { FieldReader, FieldWriter, typeOf } from '../../shared/sftp/packet-fields.ts';
import { SftpFormatError } from '../../shared/sftp/packet-framer.ts';
import { isKnownExtension, packetType, SFTP_VERSION } from '../../shared/sftp/sftp-constants.ts';
import { encodeUtf8 } from '../../shared/recording/utf8.ts';
import type { Logger } from '../logging/logger.ts';
import type { ChannelRecorder } from '../recordings/channel-recorder.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import type { SessionEnd, SessionRun } from '../sessions/protocol-handler.ts';
import { SessionFrame } from '../sessions/session-frame.ts';
import { sessionWork } from '../sessions/session-work.ts';
import { narrowBuffer } from '../ssh/channel-buffer.ts';
import type { SshTarget } from '../ssh/target-sign-on.ts';
import { FileRelay } from './file-relay.ts';
import { GatheredPackets } from './gathered-packets.ts';
import { PacketPump } from './packet-pump.ts';
import { PathRules } from './path-rules.ts';
import { TargetRequests, TargetStatus } from './target-requests.ts';

/** Requests of a client without an answer: twice what OpenSSH's client and ours have under way, small enough to bound what the target is made to hold. */
const MOST_OUTSTANDING = 256;

/** A player shows the log as lines of text: so wide that most stand on one. */
const SHOWN_COLUMNS = 160;
const SHOWN_ROWS = 40;

export interface SftpSessionParts {
  readonly target: SshTarget;
  readonly grant: TargetGrant;
  readonly spool: Pick<RecordingSpool, 'record'>;
  readonly logger: Logger;
}

/** What the target offers: extensions by name, those alone that the gateway reads. */
type Offered = readonly { readonly name: string; readonly data: Uint8Array }[];

/** One SFTP session between its sign-on and its end. */
export class SftpSession {
  readonly #parts: SftpSessionParts;
  readonly #run: SessionRun;
  readonly #frame: SessionFrame;
  #channel: ClientChannel | undefined;
  #relay: FileRelay | undefined;

  constructor(parts: SftpSessionParts, run: SessionRun) {
    this.#parts = parts;
    this.#run = run;
    this.#frame = new SessionFrame(parts, run);
  }

  /** Runs to the end; resolves when the recording is closed. */
  async run(): Promise<SessionEnd> {
    this.#run.clientStream.once('end', () => this.#frame.end(new MavisError('session.closed-by-user')));
    const end = await this.#frame.until(() => this.#open(), [this.#parts.target.lost]);
    await this.#close(end);
    return { code: end.code, args: end.args, exitStatus: null, signal: null };
  }

  async #open(): Promise<void> {
    const { target, grant } = this.#parts;
    const { clientStream } = this.#run;
    const channel = await this.#openChannel();
    const toTarget = new GatheredPackets(channel, target.socket);
    const requests = new TargetRequests((packet) => toTarget.write(packet));
    const version = Promise.withResolvers<Uint8Array>();
    const welcomed = { target: false, client: false };
    const toClient = new PacketPump({
      from: channel, to: clientStream, wire: clientStream,
      // ssh2 gives each packet's data in memory of its own.
      ownsPieces: true,
      take: (packet) => {
        if (welcomed.target) requests.take(packet);
        else version.resolve(packet);
        welcomed.target = true;
      },
      hold: () => undefined,
      failed: (error) => this.#frame.end(error instanceof SftpFormatError ? new MavisError('target.protocol-error', {}, { cause: error }) : asMavisError(error)),
      signal: this.#frame.over,
    });
    channel.once('close', () => this.#frame.end(new MavisError('target.lost')));
    toClient.start();
    channel.write(new FieldWriter(packetType.init).uint32(SFTP_VERSION).end());
    const offered = readVersion(await this.#unlessOver(version.promise));
    const paths = new PathRules(requests, grant.policy);
    await this.#unlessOver(paths.open()).catch((error: unknown) => {
      throw error instanceof TargetStatus ? new MavisError('target.channel-refused', {}, { cause: error }) : error;
    });
    const recorder = await this.#record();
    const answered = new NextTurn();
    const relay = new FileRelay({
      requests, paths,
      rules: grant.policy,
      toClient: (packet) => {
        clientStream.write(packet);
        answered.came();
      },
      record: (operation) => this.#write(recorder, operation),
      failed: (error) => this.#frame.end(asMavisError(error)),
    });
    this.#relay = relay;
    const fromClient = new PacketPump({
      from: clientStream, to: channel, wire: target.socket, ownsPieces: false,
      take: (packet) => {
        this.#run.activity();
        if (welcomed.client) relay.take(packet);
        else clientStream.write(versionPacket(packet, offered));
        welcomed.client = true;
      },
      hold: () => (recorder.congested ? recorder.uncongested() : relay.outstanding >= MOST_OUTSTANDING ? answered.next() : undefined),
      failed: (error) => this.#frame.end(error instanceof SftpFormatError ? new MavisError('session.protocol-violation', {}, { cause: error }) : asMavisError(error)),
      signal: this.#frame.over,
    });
    fromClient.start();
  }

  #openChannel(): Promise<ClientChannel> {
    const { client } = this.#parts.target;
    return new Promise((resolve, reject) => {
      const opened = (error: Error | undefined, channel: ClientChannel): void => {
        if (error !== undefined) {
          reject(new MavisError('target.channel-refused', {}, { cause: error }));
          return;
        }
        channel.pause();
        narrowBuffer(channel);
        // Errors of a channel are those of its connection; what the server says beside its answers is nobody's to read.
        channel.on('error', () => undefined);
        channel.stderr.resume();
        this.#channel = channel;
        resolve(channel);
      };
      try {
        client.subsys('sftp', opened);
      } catch (cause) {
        reject(new MavisError('target.lost', {}, { cause }));
      }
    });
  }

  async #record(): Promise<ChannelRecorder> {
    const { grant, target } = this.#parts;
    this.#frame.over.throwIfAborted();
    const recorder = await this.#frame.record({ kind: 'files', columns: SHOWN_COLUMNS, rows: SHOWN_ROWS, targetIdentity: target.hostKey, restricted: restrictsFiles(grant.policy) });
    await this.#frame.stand(recorder);
    return recorder;
  }

  #write(recorder: ChannelRecorder, operation: FileOperation): Promise<void> | undefined {
    recorder.fileOperation({ ...operation, path: operation.path.slice(0, MAX_PATH_LETTERS), ...(operation.to === undefined ? {} : { to: operation.to.slice(0, MAX_PATH_LETTERS) }) });
    if (operation.outcome === 'refused') {
      const { reference } = this.#parts.grant;
      this.#parts.logger.warn('refused what the rule does not allow', { reference, code: operation.code, what: operation.operation });
    }
    return recorder.strict ? recorder.durable() : undefined;
  }

  #unlessOver<T>(promise: Promise<T>): Promise<T> {
    const signal = this.#frame.over;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(asMavisError(signal.reason));
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      sessionWork(promise.then(resolve).finally(() => signal.removeEventListener('abort', stop)), reject);
    });
  }

  async #close(end: MavisError): Promise<void> {
    this.#relay?.end();
    this.#channel?.close();
    this.#parts.target.close();
    if (end.code !== 'session.closed-by-user') this.#frame.recorder?.mark('ended', end.code);
    await this.#frame.close();
  }
}

/** Lets one who waits go on when something came. */
class NextTurn {
  #waiting: (() => void) | undefined;

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  came(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}

/** What the target offers; throws `target.protocol-error` where it is no SFTP of version 3. */
function readVersion(packet: Uint8Array): Offered {
  try {
    if (typeOf(packet) !== packetType.version) throw new SftpFormatError('no version');
    const reader = new FieldReader(packet, 5);
    if (reader.uint32() < SFTP_VERSION) throw new SftpFormatError('version too old');
    const offered: { name: string; data: Uint8Array }[] = [];
    while (reader.left > 0) {
      const name = reader.text(1000);
      const data = Uint8Array.from(reader.bytes(1000));
      if (isKnownExtension(name) && offered.every((one) => one.name !== name)) offered.push({ name, data });
    }
    return offered;
  } catch (cause) {
    throw cause instanceof SftpFormatError ? new MavisError('target.protocol-error', {}, { cause }) : cause;
  }
}

/** The answer to a client's `init`: what the target offers and the gateway reads. Throws SftpFormatError. */
function versionPacket(init: Uint8Array, offered: Offered): Uint8Array {
  if (typeOf(init) !== packetType.init || new FieldReader(init, 5).uint32() < SFTP_VERSION) throw new SftpFormatError('no init of version 3');
  const writer = new FieldWriter(packetType.version, 512).uint32(SFTP_VERSION);
  for (const { name, data } of offered) writer.bytes(encodeUtf8(name)).bytes(data);
  return writer.end();
}
