import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { Logger } from '../logging/logger.ts';
import type { ChannelRecorder } from '../recordings/channel-recorder.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import type { SessionRun } from './protocol-handler.ts';
import { faultCode, sessionWork } from './session-work.ts';

export interface SessionFrameParts {
  readonly grant: TargetGrant;
  readonly spool: Pick<RecordingSpool, 'record'>;
  readonly logger: Logger;
}

/**
 * What a session with one recording is around its protocol: it begins, ends once and for the first reason, and its recording is
 * closed, or deleted where nothing was connected (S16, S19).
 */
export class SessionFrame {
  readonly #parts: SessionFrameParts;
  readonly #run: SessionRun;
  readonly #over = new AbortController();
  readonly #ended = Promise.withResolvers<MavisError>();
  #recorder: ChannelRecorder | undefined;

  constructor(parts: SessionFrameParts, run: SessionRun) {
    this.#parts = parts;
    this.#run = run;
    run.onLine?.((state) => this.#recorder?.mark(state));
  }

  /** Aborted when the session is over, with its reason. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** The recording, once there is one. */
  get recorder(): ChannelRecorder | undefined {
    return this.#recorder;
  }

  /** Ends the session with a reason, once; the first reason stands. */
  end(reason: MavisError): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(reason);
    this.#ended.resolve(reason);
  }

  /** Begins, and resolves with the reason for which the session ended: the protocol's, the gateway's, the client's departure, or that of one of `others`. */
  async until(begin: () => Promise<void>, others: readonly AbortSignal[] = []): Promise<MavisError> {
    const { clientStream, signal } = this.#run;
    const stops = [signal, ...others].map((from) => ({ from, stop: () => this.end(asMavisError(from.reason)) }));
    for (const { from, stop } of stops) from.addEventListener('abort', stop, { once: true });
    clientStream.once('close', () => this.end(new MavisError('session.closed-by-user')));
    const already = stops.find(({ from }) => from.aborted);
    if (already !== undefined) already.stop();
    else sessionWork(begin(), (error) => this.end(error));
    const reason = await this.#ended.promise;
    for (const { from, stop } of stops) from.removeEventListener('abort', stop);
    return reason;
  }

  /** Makes the recording; where it cannot be stored the session ends. Rejects with the reason where the session is over, and leaves none behind. */
  async record(facts: Parameters<RecordingSpool['record']>[0]['facts']): Promise<ChannelRecorder> {
    const { grant, spool } = this.#parts;
    const recorder = await spool.record({ grant, channel: 0, facts });
    this.#recorder = recorder;
    recorder.failed.addEventListener('abort', () => this.end(asMavisError(recorder.failed.reason)), { once: true });
    if (this.over.aborted) await this.close();
    this.over.throwIfAborted();
    return recorder;
  }

  /** The protocol is connected: from here on this is a recording. Rejects with the reason where the session is over. */
  async stand(recorder: ChannelRecorder): Promise<void> {
    await recorder.stand();
    if (recorder.strict) await recorder.durable();
    this.over.throwIfAborted();
    this.#run.connected(recorder.recordingId);
  }

  /** Closes the recording, or deletes what is none; never rejects. One of a session that fell is incomplete. */
  async close(): Promise<void> {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    if (recorder === undefined) return;
    try {
      await (recorder.stands ? recorder.close(faultCode(this.over.reason)) : recorder.discard());
    } catch (error) {
      this.#parts.logger.error('a recording could not be closed', { reference: this.#parts.grant.reference, recordingId: recorder.recordingId, error });
    }
  }
}
