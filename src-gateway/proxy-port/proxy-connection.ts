import type { TLSSocket } from 'node:tls';
import { asMavisError, type MavisError } from '../../shared/errors/mavis-error.ts';
import { encodeJsonFrame, LAST_WINDOW_BYTES } from '../../shared/proxy-stream/counted-stream.ts';
import { encodeFrame, type Frame, FrameDecoder, FrameError, frameType, type FrameType } from '../../shared/proxy-stream/frames.ts';
import { OutgoingFrames } from '../../shared/proxy-stream/outgoing-frames.ts';
import { freeMemory } from '../../shared/proxy-stream/free-memory.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import { encodeUtf8 } from './utf8.ts';

/** A whole window may wait for the network; a peer that makes us write more than that (pings, and never reads) is cut off. */
const MAX_UNSENT_BYTES = LAST_WINDOW_BYTES + 4 * 1024 * 1024;
/** Before the stream there are only small frames each way; who has proved nothing can make us hold no more. */
const MAX_UNSENT_BEFORE_STREAM_BYTES = 64 * 1024;
/** The last frames have so long to leave before the connection is cut. */
const END_LIMIT_MS = 3000;
/** So long after the last frame has left the peer may take to read it and go: closed at once, what it sends meanwhile would be answered with a reset, which takes from it what it has not read. */
const LEAVE_LIMIT_MS = 1000;
/** Asked after so long without a frame... */
const PING_AFTER_MS = 15_000;
/** ... and given up after so long: three pings were lost, the peer's machine sleeps or its network is gone. */
const SILENT_LIMIT_MS = 45_000;

/** Who takes a connection's frames. Frames come one at a time, in order; a payload is the receiver's until it returns. */
export interface FrameReceiver {
  /** May throw FrameError for a frame that has no place here. */
  readonly frame: (frame: Frame) => void;
  /** The peer broke the rules; the connection is of no more use. */
  readonly violated: (error: FrameError) => void;
  /** What the receiver makes of a frame failed for what no peer has to answer for: it ends itself. The connection is cut where it is absent. */
  readonly fell?: (error: MavisError) => void;
  /** The connection is gone, without our doing. */
  readonly lost: () => void;
  /** It was congested and is no more. */
  readonly drained?: () => void;
}

/**
 * A client's connection as frames. Pings are answered and asked here; everything else goes to the receiver of the moment.
 * Nothing is read before there is one.
 */
export class ProxyConnection {
  readonly address: string;
  readonly port: number;
  readonly thumbprint: string;
  readonly #socket: TLSSocket;
  readonly #clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  readonly #decoder = new FrameDecoder();
  readonly #out: OutgoingFrames;
  #receiver: FrameReceiver | undefined;
  #ended = false;
  #maxUnsentBytes = MAX_UNSENT_BEFORE_STREAM_BYTES;
  #heardAtMs: number;
  #keepAlive: Timer | undefined;
  readonly #onData = (chunk: Buffer): void => this.#read(chunk);
  readonly #onGone = (): void => this.#closed();

  constructor(socket: TLSSocket, peer: { readonly address: string; readonly port: number; readonly thumbprint: string }, clock: Pick<Clock, 'setTimer' | 'monotonicMs'>) {
    this.#socket = socket;
    this.#clock = clock;
    this.address = peer.address;
    this.port = peer.port;
    this.thumbprint = peer.thumbprint;
    this.#heardAtMs = clock.monotonicMs();
    this.#out = new OutgoingFrames({
      write: (bytes, written) => {
        if (socket.writable) socket.write(bytes, written);
      },
      defer: (callback) => void setImmediate(callback),
      drained: () => this.#receiver?.drained?.(),
    });
    socket.once('close', this.#onGone);
  }

  /** Whether nothing of a next frame has come yet. */
  get idle(): boolean {
    return this.#decoder.idle;
  }

  /** Whether more waits for the network than keeps it busy: who can wait should, until `drained`. */
  get congested(): boolean {
    return this.#out.full;
  }

  /** Hands the socket over: its bytes are no frames from the next one on. Only where it is idle. */
  release(): TLSSocket {
    this.#out.flush();
    this.#ended = true;
    this.#keepAlive?.cancel();
    this.#socket.off('data', this.#onData).off('end', this.#onGone).off('close', this.#onGone).pause();
    return this.#socket;
  }

  /** Gives the frames to another receiver, from the next frame on. */
  receive(receiver: FrameReceiver): void {
    const first = this.#receiver === undefined;
    this.#receiver = receiver;
    if (this.#socket.destroyed) {
      receiver.lost();
      return;
    }
    if (!first) return;
    this.#socket.on('data', this.#onData);
    this.#socket.once('end', this.#onGone);
  }

  /** The stream begins: a window of it may wait for the network, and a silent peer is asked whether it is there, and cut off where it is not. */
  beginStream(): void {
    this.#maxUnsentBytes = MAX_UNSENT_BYTES;
    this.#watchSilence();
  }

  /** So many bytes more may wait for the network before the stream: what is given back where a line is measured. */
  allowUnsent(bytes: number): void {
    this.#maxUnsentBytes += bytes;
  }

  #watchSilence(): void {
    this.#keepAlive ??= this.#clock.setTimer(() => {
      this.#keepAlive = undefined;
      if (this.#ended) return;
      const silentMs = this.#clock.monotonicMs() - this.#heardAtMs;
      if (silentMs >= SILENT_LIMIT_MS) {
        this.destroy();
        return;
      }
      if (silentMs >= PING_AFTER_MS) this.write(encodeFrame(frameType.ping, new Uint8Array(8)));
      this.#watchSilence();
    }, PING_AFTER_MS);
  }

  /** Sends a JSON frame; does nothing on a connection that is gone. */
  sendJson(type: FrameType, value: unknown): void {
    this.write(encodeJsonFrame(type, value, encodeUtf8));
  }

  /** Writes parts of frames, kept together and in order; what is written in one turn leaves in as few TLS records as possible. */
  write(...parts: Uint8Array[]): void {
    if (this.#ended || !this.#socket.writable) return;
    this.#out.write(...parts);
    if (this.#out.waitingBytes + this.#socket.writableLength > this.#maxUnsentBytes) this.#receiver?.violated(new FrameError('bad-order'));
  }

  /** Sends a last frame and closes; cuts the connection where the peer does not take it in time. */
  async end(type: FrameType, value: unknown): Promise<void> {
    this.sendJson(type, value);
    await this.close();
  }

  /** Closes once what was written has left and the peer has gone; cuts the connection where the peer does not take it, or does not go, in time. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#out.flush();
    this.#ended = true;
    this.#keepAlive?.cancel();
    // What still comes is read and dropped, so that the peer's end is seen behind it.
    this.#socket.resume();
    await new Promise<void>((resolve) => {
      if (this.#socket.destroyed) {
        resolve();
        return;
      }
      let timer = this.#clock.setTimer(() => this.#socket.destroy(), END_LIMIT_MS);
      this.#socket.once('close', () => {
        timer.cancel();
        resolve();
      });
      this.#socket.end(() => {
        if (this.#socket.destroyed) return;
        timer.cancel();
        timer = this.#clock.setTimer(() => this.#socket.destroy(), LEAVE_LIMIT_MS);
      });
    });
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#ended) return;
    this.#heardAtMs = this.#clock.monotonicMs();
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (this.#ended) return;
        if (frame.type === frameType.ping) this.#answerPing(frame);
        else if (frame.type !== frameType.pong) this.#receiver?.frame(frame);
      }
      freeMemory(chunk);
    } catch (error) {
      this.#socket.pause();
      // Thrown on, it would end the gateway with all its sessions.
      if (error instanceof FrameError) this.#receiver?.violated(error);
      else if (this.#receiver?.fell === undefined) this.destroy();
      else this.#receiver.fell(asMavisError(error));
    }
  }

  #answerPing(frame: Frame): void {
    if (frame.payload.length > 8) throw new FrameError('bad-payload');
    this.write(encodeFrame(frameType.pong, frame.payload));
  }

  #closed(): void {
    this.#keepAlive?.cancel();
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.#receiver?.lost();
  }
}
