import { PduFramer } from '../../../shared/rdp/pdu-framer.ts';
import { connectIron, type Size } from '../../desktop/rdp/iron-session.ts';
import { PixelCanvas, type PictureSink } from './pixel-canvas.ts';
import { RecordedHandshake } from './recorded-handshake.ts';
import { RecordedPeer } from './recorded-peer.ts';
import { readTargetPdu } from '../../desktop/rdp/target-pdu.ts';

/** What a client may ask for; what the target made of it stands in the recorded handshake. */
const ASKED: Size = { width: 1024, height: 768 };

declare module 'ironrdp-wasm' {
  interface SessionBuilder {
    /** All that the engine does with a canvas is to set its size and to put pixels into its context. */
    renderCanvas(canvas: PixelCanvas): SessionBuilder;
  }
}

/**
 * Decodes a recorded RDP desktop with the engine of its sessions, from its first byte on. A connection that was made anew with
 * another size (rule 24) is another engine, whose picture replaces the one before with its first pixels.
 */
export class RecordedDesktop {
  readonly #sink: PictureSink;
  readonly #framer = new PduFramer();
  #handshake: RecordedHandshake | undefined;
  #peer: RecordedPeer | undefined;
  #broken: Error | undefined;

  constructor(sink: PictureSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes; resolves when they are drawn. Rejects where they cannot be, and nothing more can. */
  async receive(bytes: Uint8Array): Promise<void> {
    for (const pdu of this.#framer.take(bytes)) {
      await this.#take(pdu);
      if (this.#broken !== undefined) throw this.#broken;
    }
    await turn();
    if (this.#broken !== undefined) throw this.#broken;
  }

  close(): void {
    this.#peer?.close();
    this.#peer = undefined;
  }

  async #take(pdu: Uint8Array): Promise<void> {
    const read = readTargetPdu(pdu);
    if (read.kind === 'confirm') {
      // A refusal was for the client that asked anew; what ran went on.
      if (read.agreed) this.#handshake = new RecordedHandshake(pdu);
      return;
    }
    const handshake = this.#handshake;
    if (handshake === undefined) {
      this.#peer?.deliver(pdu, read);
      return;
    }
    handshake.take(pdu, read);
    if (!handshake.whole) return;
    this.#handshake = undefined;
    await this.#connect(handshake);
  }

  async #connect(handshake: RecordedHandshake): Promise<void> {
    this.close();
    const peer = new RecordedPeer(handshake);
    const session = await connectIron(peer.address(), ASKED, (builder) => builder.renderCanvas(new PixelCanvas(this.#sink)).setCursorStyleCallback(() => undefined));
    this.#peer = peer;
    session.run().catch((error: unknown) => {
      // One whose place another has taken was ended in the middle of its stream.
      if (this.#peer === peer) this.#broken = error instanceof Error ? error : new Error('engine', { cause: error });
    });
    for (const pdu of handshake.early) peer.deliver(pdu, { kind: 'fast' });
  }
}

/** The engine decodes in the turns that its messages begin: when the next task runs, these are drawn. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}
