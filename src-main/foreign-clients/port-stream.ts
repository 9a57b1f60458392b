import { Duplex } from 'node:stream';
import { z } from 'zod';
import { INPUT_CREDIT_BYTES, MAX_INPUT_BYTES, type SessionPortFromPage } from '../../shared/ipc/session-port.ts';

/** The end of a session's port that main keeps for itself, in place of a page: Electron's MessagePortMain, narrowed. */
export interface KeptPort {
  postMessage(message: SessionPortFromPage): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  start(): void;
  close(): void;
}

const fromProcess = z.discriminatedUnion('kind', [z.object({ kind: z.literal('output'), bytes: z.instanceof(Uint8Array) }), z.object({ kind: z.literal('taken'), bytes: z.number().int().min(0) }), z.object({ kind: z.literal('end') })]);

/** A session's bytes as a stream, over the port that a page would have: the same credit bounds both directions. */
export class PortStream extends Duplex {
  readonly #port: KeptPort;
  /** Output that was handed on and not read yet: the process sends no more than the credit before it hears of it. */
  #unreadBytes = 0;
  #untakenBytes = 0;
  #room: (() => void) | undefined;

  constructor(port: KeptPort) {
    super();
    this.#port = port;
    port.on('message', ({ data }) => this.#take(data));
    port.start();
  }

  override _read(): void {
    this.#tellRead();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, 0, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#goOn();
    this.#port.close();
    done(error);
  }

  /** Sends a chunk from a place on, and goes on where there is room for more. */
  #send(chunk: Buffer, from: number, done: () => void): void {
    for (let at = from; at < chunk.length && !this.destroyed; at += MAX_INPUT_BYTES) {
      const piece = chunk.subarray(at, at + MAX_INPUT_BYTES);
      if (this.#untakenBytes + piece.length > INPUT_CREDIT_BYTES) {
        this.#room = () => this.#send(chunk, at, done);
        return;
      }
      this.#untakenBytes += piece.length;
      // A clone of a view would carry the whole buffer under it.
      this.#port.postMessage({ kind: 'input', bytes: new Uint8Array(piece) });
    }
    done();
  }

  #take(data: unknown): void {
    const parsed = fromProcess.safeParse(data);
    if (!parsed.success || this.destroyed) return;
    const message = parsed.data;
    if (message.kind === 'taken') {
      this.#untakenBytes = Math.max(0, this.#untakenBytes - message.bytes);
      this.#goOn();
    } else if (message.kind === 'output') {
      this.#unreadBytes += message.bytes.length;
      if (this.push(message.bytes)) this.#tellRead();
    } else this.push(null);
  }

  #goOn(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.();
  }

  #tellRead(): void {
    if (this.#unreadBytes === 0 || this.destroyed) return;
    this.#port.postMessage({ kind: 'drawn', bytes: this.#unreadBytes });
    this.#unreadBytes = 0;
  }
}
