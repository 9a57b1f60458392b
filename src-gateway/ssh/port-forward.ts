import type { Duplex } from 'node:stream';
import type { AcceptConnection, RejectConnection, ServerChannel, TcpipRequestInfo } from 'ssh2';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { ChannelRecorder } from '../recordings/channel-recorder.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import { faultCode } from '../sessions/session-work.ts';
import { joinChannels } from './join-channels.ts';
import type { SshTarget } from './target-sign-on.ts';

export interface PortForwardParts {
  readonly target: SshTarget;
  readonly clientStream: Duplex;
  readonly grant: TargetGrant;
  readonly number: number;
  readonly spool: Pick<RecordingSpool, 'record'>;
  readonly connected: (recordingId: RecordingId) => void;
  readonly activity: () => void;
  readonly signal: AbortSignal;
  /** Where the recording of the forward could not be made or go on. */
  readonly failed: (error: unknown) => void;
  /** Called once, at the end. */
  readonly ended: () => void;
}

/** A TCP connection that the target opens for the client (`direct-tcpip`), where the rule allows. Its recording says where to, when, and how many bytes went each way. */
export class PortForward {
  readonly #parts: PortForwardParts;
  readonly #over = new AbortController();
  #ends: (() => void)[] = [];
  #bytes = { out: 0, in: 0 };
  #recorder: ChannelRecorder | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: PortForwardParts) {
    this.#parts = parts;
    parts.signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** Opens the connection; rejects nothing: a failure is the channel's, and what nobody foresaw is the session's. */
  async open(accept: AcceptConnection<ServerChannel>, reject: RejectConnection, info: TcpipRequestInfo): Promise<void> {
    try {
      await this.#open(accept, reject, info);
    } catch (error) {
      this.#parts.failed(error);
      this.#end();
    }
  }

  async #open(accept: AcceptConnection<ServerChannel>, reject: RejectConnection, info: TcpipRequestInfo): Promise<void> {
    const { spool, grant, number, target } = this.#parts;
    const [recording, opening] = await Promise.allSettled([spool.record({ grant, channel: number, facts: { kind: 'forward', targetIdentity: target.hostKey } }), this.#reach(info)]);
    if (opening.status === 'fulfilled') this.#ends.push(() => opening.value.destroy());
    if (recording.status === 'fulfilled') this.#recorder = recording.value;
    if (recording.status === 'rejected') this.#parts.failed(asMavisError(recording.reason));
    if (opening.status === 'rejected' || recording.status === 'rejected' || this.#over.signal.aborted) {
      reject();
      this.#end();
      return;
    }
    await this.#connect(accept, opening.value, recording.value, info);
  }

  /** ssh2 throws where the target has just gone, and for a request that was cut short and names no address. */
  #reach({ srcIP, srcPort, destIP, destPort }: TcpipRequestInfo): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.#parts.target.client.forwardOut(srcIP, srcPort, destIP, destPort, (error, channel) => (error === undefined ? resolve(channel) : reject(error)));
    });
  }

  /** Resolves when the recording is closed. */
  async closed(): Promise<void> {
    await this.#closing;
  }

  async #connect(accept: AcceptConnection<ServerChannel>, target: Duplex, recorder: ChannelRecorder, info: TcpipRequestInfo): Promise<void> {
    recorder.mark('forward', `${info.destIP.slice(0, 253)}:${info.destPort}`);
    try {
      await recorder.stand();
    } catch (error) {
      this.#parts.failed(error);
      this.#end();
      return;
    }
    this.#parts.connected(recorder.recordingId);
    const client = accept();
    this.#ends.push(() => client.destroy());
    recorder.failed.addEventListener('abort', () => this.#parts.failed(recorder.failed.reason), { once: true });
    const { clientStream, failed, target: connection } = this.#parts;
    joinChannels({
      ...{ client, target, clientWire: clientStream, targetWire: connection.socket, failed, signal: this.#over.signal },
      taken: (from, bytes) => this.#count(from === 'client' ? 'out' : 'in', bytes),
      ended: () => this.#end(),
    });
  }

  #count(way: 'out' | 'in', bytes: number): void {
    this.#bytes[way] += bytes;
    this.#parts.activity();
  }

  #end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    for (const end of this.#ends) end();
    this.#recorder?.mark('forwarded', `out ${this.#bytes.out}, in ${this.#bytes.in}`);
    const recorder = this.#recorder;
    if (recorder !== undefined) this.#closing = (recorder.stands ? recorder.close(faultCode(this.#parts.signal.reason)).then(() => undefined) : recorder.discard()).catch((error: unknown) => this.#parts.failed(error));
    this.#parts.ended();
  }
}
