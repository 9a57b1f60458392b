import { randomUUID } from 'node:crypto';
import { recordingId as idOfRecording } from '../../../shared/ids.ts';
import type { RecordingSpool } from '../../../src-gateway/recordings/recording-spool.ts';
import type { ProtocolHandler, SessionEnd, SessionRun, SignOnRequest } from '../../../src-gateway/sessions/protocol-handler.ts';
import { Relay } from '../../../src-gateway/ssh/relay.ts';
import { forgetRecordings } from './forget-recordings.ts';

/**
 * Relays bytes as they are. With a spool it stores each of them, whichever way it goes, in a recording of the product's own:
 * encrypted, chained and synced, as what a desktop draws is, with the pace that the disk allows. Without, all else is the same.
 */
export class RawRelay implements ProtocolHandler {
  readonly #spool: RecordingSpool | undefined;
  readonly #runs = new Set<Promise<SessionEnd>>();

  constructor(spool: RecordingSpool | undefined) {
    this.#spool = spool;
  }

  async signOn(request: SignOnRequest): ReturnType<ProtocolHandler['signOn']> {
    request.progress('signing-on');
    request.credentialSent();
    request.progress('signed-on');
    return { sshHostKey: null, targetIdentity: null, targetEncrypted: false, abandon: () => request.targetSocket.destroy(), run: (session) => this.#kept(request, session) };
  }

  /** Waits until what was recorded is closed and hashed, so that this costs the run that it belongs to, and removes it. */
  async forget(): Promise<void> {
    await Promise.all(this.#runs);
    if (this.#spool !== undefined) await forgetRecordings(this.#spool);
  }

  #kept(request: SignOnRequest, session: SessionRun): Promise<SessionEnd> {
    const run = this.#run(request, session).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
    return run;
  }

  async #run({ targetSocket, grant }: SignOnRequest, { clientStream, signal, connected, activity }: SessionRun): Promise<SessionEnd> {
    const recorder = await this.#spool?.record({ grant, channel: 0, facts: {} });
    await recorder?.stand();
    connected(recorder?.recordingId ?? idOfRecording.parse(randomUUID()));
    await new Promise<void>((resolve) => {
      const hold = (): Promise<void> | undefined => (recorder?.congested === true ? recorder.uncongested() : undefined);
      const take = (chunk: Buffer): undefined => void recorder?.screen(chunk);
      const common = { signal, hold, failed: () => targetSocket.destroy() };
      const input = new Relay({ ...common, from: clientStream, to: targetSocket, wire: targetSocket, take: (chunk) => (activity(), take(chunk)) });
      const relays = [input, new Relay({ ...common, from: targetSocket, to: clientStream, wire: clientStream, take })];
      clientStream.once('end', () => void input.drained().then(() => targetSocket.end()));
      targetSocket.on('error', () => undefined).once('close', () => {
        for (const relay of relays) relay.takeRest();
        resolve();
      });
      clientStream.once('close', () => targetSocket.destroy());
      signal.addEventListener('abort', () => targetSocket.destroy(), { once: true });
    });
    await recorder?.close();
    return { code: 'session.ended', args: {}, exitStatus: 0, signal: null };
  }
}
