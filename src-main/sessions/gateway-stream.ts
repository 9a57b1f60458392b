import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type ErrorArgs, type ErrorCode, knownErrorCode } from '../../shared/errors/catalogue.ts';
import { CountedStream, encodeJsonFrame } from '../../shared/proxy-stream/counted-stream.ts';
import { decodeCount, encodeCount, type Frame, type FrameDecoder, FrameError, frameType } from '../../shared/proxy-stream/frames.ts';
import { close, parsePayload, type StreamMessage, streamMessage } from '../../shared/proxy-stream/messages.ts';
import { decodeUtf8, encodeUtf8 } from './gateway-hello.ts';

/** Often enough that the number in the status bar is fresh, seldom enough that it costs nothing. */
const PING_EVERY_MS = 5000;
/** Three pings without an answer: the way is dead, though the system has not said so. */
const PONG_LIMIT_MS = 15_000;
/** Time for our last frames to leave before the connection is cut. */
const CLOSE_LIMIT_MS = 1000;

/** Why a stream ended. */
export interface StreamEnd {
  readonly code: ErrorCode;
  readonly args: ErrorArgs;
}

export interface GatewayStreamOptions {
  readonly socket: TLSSocket;
  readonly decoder: FrameDecoder;
  /** Frames that came together with `accepted`. */
  readonly following: readonly Frame[];
  readonly gateway: string;
  readonly onMessage: (message: StreamMessage) => void;
  readonly onRoundTrip: (milliseconds: number) => void;
  /** Called once, with the gateway's reason or, where it gave none, `session.gateway-lost`. */
  readonly onEnd: (end: StreamEnd) => void;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number;
  readonly pingEveryMs?: number;
  readonly pongLimitMs?: number;
}

/**
 * A session's stream with a gateway: the protocol's own bytes as a Duplex with back-pressure to both ends (a reader that does
 * not read stops the target, a gateway that does not take stops the writer), and beside them the stream's messages, pings and
 * the reason of its end.
 */
export class GatewayStream extends Duplex {
  readonly #options: GatewayStreamOptions;
  readonly #counted: CountedStream;
  readonly #arrived: Uint8Array[] = [];
  #wanted = false;
  #peerFinished = false;
  #blocked: (() => void) | undefined;
  #end: StreamEnd | undefined;
  #pings: NodeJS.Timeout | undefined;
  #pingNumber = 0;
  #pingSentAt = 0;
  #pongAt: number;

  constructor(options: GatewayStreamOptions) {
    // Not destroyed by itself when both directions have ended: the gateway's reason comes after that.
    super({ readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024, allowHalfOpen: true, autoDestroy: false });
    this.#options = options;
    this.#pongAt = options.monotonic();
    const { socket } = options;
    this.#counted = new CountedStream({
      write: (...parts) => this.#writeParts(parts),
      deliver: (bytes) => {
        this.#arrived.push(bytes);
        this.#handOn();
      },
      finished: () => {
        this.#peerFinished = true;
        this.#handOn();
      },
      writable: () => this.#unblock(),
      setTimer: (callback, milliseconds) => setTimeout(callback, milliseconds),
      clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
    });
    socket.on('data', (chunk: Buffer) => this.#take(() => options.decoder.push(chunk)));
    socket.on('error', () => this.#finish({ code: 'session.gateway-lost', args: { gateway: options.gateway } }));
    socket.on('close', () => this.#finish({ code: 'session.gateway-lost', args: { gateway: options.gateway } }));
    this.#pings = setInterval(() => this.#ping(), options.pingEveryMs ?? PING_EVERY_MS);
    this.#take(() => [...options.following]);
    socket.resume();
    this.#ping();
  }

  /** Tells the gateway why we end, and ends. */
  closeWith(code: ErrorCode): void {
    if (this.#end) return;
    this.#writeParts([encodeJsonFrame(frameType.close, { code, args: {} }, encodeUtf8)]);
    this.#finish({ code, args: {} });
  }

  override _read(): void {
    this.#wanted = true;
    this.#handOn();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send(chunk, callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.#end) this.#counted.finish();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#finish({ code: 'session.ended', args: {} });
    callback(error);
  }

  #send(bytes: Buffer, callback: (error?: Error | null) => void): void {
    // What is written after the end goes nowhere; the end has been told.
    if (this.#end || this.#counted.send(bytes)) callback();
    else this.#blocked = callback;
  }

  #unblock(): void {
    const callback = this.#blocked;
    this.#blocked = undefined;
    callback?.();
  }

  #handOn(): void {
    while (this.#wanted && !this.readableEnded && !this.destroyed) {
      const bytes = this.#arrived.shift();
      if (!bytes) {
        if (this.#peerFinished) {
          this.#wanted = false;
          this.push(null);
        }
        return;
      }
      this.#wanted = this.push(bytes);
      // Only what the reader has taken is acknowledged: the window is its memory.
      if (!this.#end) this.#counted.consume(bytes.length);
    }
  }

  #take(read: () => Frame[]): void {
    try {
      for (const frame of read()) {
        if (this.#end) return;
        this.#takeFrame(frame);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#finish({ code: 'session.protocol-violation', args: {} });
    }
  }

  #takeFrame(frame: Frame): void {
    if (this.#counted.take(frame)) return;
    switch (frame.type) {
      case frameType.message: {
        this.#options.onMessage(parsePayload(streamMessage, frame.payload, decodeUtf8));
        return;
      }
      case frameType.ping:
        this.#writeParts([encodeCount(frameType.pong, decodeCount(frame.payload))]);
        return;
      case frameType.pong:
        this.#takePong(decodeCount(frame.payload));
        return;
      case frameType.close: {
        const { code, args } = parsePayload(close, frame.payload, decodeUtf8);
        this.#finish({ code: knownErrorCode(code), args });
        return;
      }
      default:
        throw new FrameError('bad-order');
    }
  }

  #ping(): void {
    const now = this.#options.monotonic();
    if (now - this.#pongAt > (this.#options.pongLimitMs ?? PONG_LIMIT_MS)) {
      this.#finish({ code: 'session.gateway-lost', args: { gateway: this.#options.gateway } });
      return;
    }
    this.#pingNumber += 1;
    this.#pingSentAt = now;
    this.#writeParts([encodeCount(frameType.ping, this.#pingNumber)]);
  }

  #takePong(number: number): void {
    this.#pongAt = this.#options.monotonic();
    // The answer to an older ping says that the way lives, but not how long it takes now.
    if (number === this.#pingNumber) this.#options.onRoundTrip(this.#pongAt - this.#pingSentAt);
  }

  #writeParts(parts: readonly Uint8Array[]): void {
    const { socket } = this.#options;
    if (!socket.writable) return;
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
  }

  #finish(end: StreamEnd): void {
    if (this.#end) return;
    this.#end = end;
    clearInterval(this.#pings);
    this.#counted.dispose();
    const { socket } = this.#options;
    socket.end();
    const cut = setTimeout(() => socket.destroy(), CLOSE_LIMIT_MS);
    socket.once('close', () => clearTimeout(cut));
    this.#peerFinished = true;
    this.#handOn();
    this.#unblock();
    this.#options.onEnd(end);
  }
}
