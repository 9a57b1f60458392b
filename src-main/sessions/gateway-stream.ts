import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type ErrorArgs, type ErrorCode, knownErrorCode } from '../../shared/errors/catalogue.ts';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import { CountedStream, encodeJsonFrame } from '../../shared/proxy-stream/counted-stream.ts';
import { freeMemory } from '../../shared/proxy-stream/free-memory.ts';
import { decodeCount, encodeCount, type Frame, type FrameDecoder, FrameError, frameType, MAX_DATA_BYTES } from '../../shared/proxy-stream/frames.ts';
import { OutgoingFrames } from '../../shared/proxy-stream/outgoing-frames.ts';
import { close, parsePayload, type StreamMessage, streamMessage } from '../../shared/proxy-stream/messages.ts';
import { decodeUtf8, encodeUtf8 } from './gateway-hello.ts';
import { ResumeLoop, type ResumedConnection, type WayAgain } from './resume-loop.ts';

/** Often enough that the number in the status bar is fresh, seldom enough that it costs nothing. */
const PING_EVERY_MS = 5000;
/** Three pings without an answer: the way is dead, though the system has not said so. */
const PONG_LIMIT_MS = 15_000;
/** Time for our last frames to leave before the connection is cut. */
const CLOSE_LIMIT_MS = 1000;

/** After the machine slept or the network changed, a connection that still works answers within this; else it is given up at once. */
const CHECK_LIMIT_MS = 2000;

/** How a stream whose connection was cut is taken up again (rule 10). */
export interface StreamResume {
  readonly secret: string;
  /** So long it is tried; with 0 a cut ends the stream. */
  readonly seconds: number;
  readonly dialAgain: WayAgain;
  readonly random: () => number;
  readonly onInterrupted: (secondsLeft: number) => void;
  readonly onResumed: () => void;
  /** A try to take it up failed, in another way than the one before; the next one follows. */
  readonly onTryFailed?: (error: unknown, tries: number) => void;
}

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
  readonly resume?: StreamResume;
  readonly pingEveryMs?: number;
  readonly pongLimitMs?: number;
}

/**
 * A session's stream with a gateway: the protocol's own bytes as a Duplex with back-pressure to both ends (a reader that does
 * not read stops the target, a gateway that does not take stops the writer), and beside them the stream's messages, pings and
 * the reason of its end. It outlives its connection: where that is cut, what is written waits, and the stream goes on over the
 * next one, with nothing lost and nothing twice. Large memory that is written to it is its own, and goes back once it is
 * acknowledged.
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
  /** The connection that counts; none while the stream is interrupted. */
  #socket: TLSSocket | undefined;
  /** What waits for that connection. */
  #out: OutgoingFrames | undefined;
  #resuming: ResumeLoop | undefined;
  #epoch = 0;
  #checking: NodeJS.Timeout | undefined;
  readonly #over = new AbortController();

  constructor(options: GatewayStreamOptions) {
    // Not destroyed by itself when both directions have ended: the gateway's reason comes after that.
    super({ readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024, allowHalfOpen: true, autoDestroy: false });
    this.#options = options;
    this.#pongAt = options.monotonic();
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
      acknowledged: (bytes, end) => {
        // A gateway that acknowledges what has not left yet is not believed: those bytes are still to be copied.
        if (end <= this.#counted.counts.sent - (this.#out?.waitingBytes ?? 0)) freeMemory(bytes);
      },
      setTimer: (callback, milliseconds) => setTimeout(callback, milliseconds),
      clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
    });
    this.#pings = setInterval(() => this.#ping(), options.pingEveryMs ?? PING_EVERY_MS);
    this.#use(options);
  }

  /** Whether the connection was cut and is being sought again. */
  get interrupted(): boolean {
    return this.#socket === undefined && !this.#end;
  }

  /** The machine slept, its network changed, or the user does not want to wait: a connection that does not answer now is given up, and a resume is tried at once. */
  check(): void {
    this.#resuming?.hurry();
    const socket = this.#socket;
    if (this.#end || !socket || this.#checking) return;
    const before = this.#pongAt;
    this.#ping();
    this.#checking = setTimeout(() => {
      this.#checking = undefined;
      if (this.#pongAt === before) this.#lost(socket);
    }, CHECK_LIMIT_MS);
  }

  /** Tells the gateway why we end, and ends. */
  closeWith(code: ErrorCode): void {
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
    const bytes = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    // What is little leaves as one frame; what is much is not worth a copy of all of it.
    const whole = bytes <= MAX_DATA_BYTES ? [Buffer.concat(chunks.map(({ chunk }) => chunk))] : chunks.map(({ chunk }) => chunk);
    const last = whole.pop() ?? Buffer.alloc(0);
    if (!this.#end) for (const chunk of whole) this.#counted.send(chunk);
    this.#send(last, callback);
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
    if (this.#end || (this.#counted.send(bytes) && !this.#congested)) callback();
    else this.#blocked = callback;
  }

  /** Whether the connection has enough to send for now. What is written while there is none waits for the window alone. */
  get #congested(): boolean {
    return this.#out?.full ?? false;
  }

  #unblock(): void {
    if (!this.#end && (!this.#counted.hasRoom || this.#congested)) return;
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

  #connect(socket: TLSSocket): void {
    this.#socket = socket;
    this.#out = new OutgoingFrames({
      write: (bytes, written) => {
        if (socket.writable) socket.write(bytes, written);
      },
      defer: (callback) => void setImmediate(callback),
      drained: () => {
        if (socket === this.#socket) this.#unblock();
      },
    });
  }

  #use({ socket, decoder, following }: Pick<ResumedConnection, 'socket' | 'decoder' | 'following'>): void {
    if (socket !== this.#socket) this.#connect(socket);
    this.#pongAt = this.#options.monotonic();
    socket.on('data', (chunk: Buffer) => {
      // What a connection that was given up still says counts no more.
      if (socket === this.#socket) this.#take(() => decoder.push(chunk));
    });
    socket.on('error', () => this.#lost(socket));
    socket.on('close', () => this.#lost(socket));
    this.#take(() => [...following]);
    socket.resume();
    this.#ping();
  }

  #lost(socket: TLSSocket): void {
    if (socket !== this.#socket || this.#end) return;
    this.#socket = undefined;
    this.#out = undefined;
    socket.destroy();
    this.#unblock();
    const { resume, gateway, monotonic } = this.#options;
    if (!resume || resume.seconds <= 0) {
      this.#finish({ code: 'session.gateway-lost', args: { gateway } });
      return;
    }
    const loop = new ResumeLoop({
      gateway, monotonic,
      resumeSecret: resume.secret,
      dialAgain: resume.dialAgain,
      random: resume.random,
      received: () => this.#counted.counts.received,
      nextEpoch: () => (this.#epoch += 1),
      limitMs: resume.seconds * 1000,
      signal: this.#over.signal,
      ...(resume.onTryFailed === undefined ? {} : { onTryFailed: resume.onTryFailed }),
    });
    this.#resuming = loop;
    resume.onInterrupted(resume.seconds);
    loop.run().then(
      (connection) => this.#resumed(connection, resume),
      (error: unknown) => {
        const { code, args } = asMavisError(error);
        this.#finish({ code, args });
      },
    );
  }

  #resumed(connection: ResumedConnection, resume: StreamResume): void {
    this.#resuming = undefined;
    if (this.#end) {
      connection.socket.on('error', () => undefined);
      connection.socket.destroy();
      return;
    }
    const { socket } = connection;
    this.#connect(socket);
    try {
      this.#counted.resend(connection.received);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#finish({ code: 'session.protocol-violation', args: {} });
      return;
    }
    resume.onResumed();
    this.#use(connection);
    if (socket.destroyed) this.#lost(socket);
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
    const socket = this.#socket;
    if (!socket) return;
    const now = this.#options.monotonic();
    if (now - this.#pongAt > (this.#options.pongLimitMs ?? PONG_LIMIT_MS)) {
      this.#lost(socket);
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
    // While the connection is cut this goes nowhere: what must arrive is kept by the counted stream.
    if (this.#socket?.writable) this.#out?.write(...parts);
  }

  #finish(end: StreamEnd): void {
    if (this.#end) return;
    // Also the answer to the gateway's own word: with it the gateway knows that everything before it has come.
    this.#writeParts([encodeJsonFrame(frameType.close, end, encodeUtf8)]);
    this.#end = end;
    clearInterval(this.#pings);
    clearTimeout(this.#checking);
    this.#over.abort();
    this.#counted.dispose();
    const socket = this.#socket;
    if (socket) {
      this.#out?.flush();
      socket.end();
      const cut = setTimeout(() => socket.destroy(), CLOSE_LIMIT_MS);
      socket.once('close', () => clearTimeout(cut));
    }
    this.#peerFinished = true;
    this.#handOn();
    this.#unblock();
    this.#options.onEnd(end);
  }
}
