import type { RecordingSpool } from '../../../src-gateway/recordings/recording-spool.ts';
import type { ProtocolHandler, SessionEnd, SessionRun, SignOnRequest } from '../../../src-gateway/sessions/protocol-handler.ts';
import { Relay } from '../../../src-gateway/ssh/relay.ts';

/**
 * Relays bytes as they are, and stores each of them, whichever way it goes, in a recording of the product's own: encrypted,
 * chained and synced, as what a desktop draws is. With the pace that the disk allows.
 */
export class RecordedRelay implements ProtocolHandler {
  readonly #spool: RecordingSpool;

  constructor(spool: RecordingSpool) {
    this.#spool = spool;
  }

  async signOn(request: SignOnRequest): ReturnType<ProtocolHandler['signOn']> {
    request.progress('signing-on');
    request.credentialSent();
    request.progress('signed-on');
    return { sshHostKey: null, targetIdentity: null, targetEncrypted: false, abandon: () => request.targetSocket.destroy(), run: (session) => this.#run(request, session) };
  }

  /** What was recorded so far goes, so that a run does not find the disk full of those before it. */
  async forget(): Promise<void> {
    for (const { recordingId, sha256 } of this.#spool.list()) if (sha256 !== null) await this.#spool.release(recordingId, sha256);
  }

  async #run({ targetSocket, grant }: SignOnRequest, { clientStream, signal, connected, activity }: SessionRun): Promise<SessionEnd> {
    const recorder = await this.#spool.record({ grant, channel: 0, facts: {} });
    await recorder.stand();
    connected(recorder.recordingId);
    await new Promise<void>((resolve) => {
      const hold = (): Promise<void> | undefined => (recorder.congested ? recorder.uncongested() : undefined);
      const take = (chunk: Buffer): undefined => void recorder.screen(chunk);
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
    await recorder.close();
    return { code: 'session.ended', args: {}, exitStatus: 0, signal: null };
  }
}
