import type { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Frame, FrameError, FrameType } from '../../shared/proxy-stream/frames.ts';
import { frameType } from '../../shared/proxy-stream/frames.ts';
import type { Clock, Timer } from '../clock/clock.ts';
import type { FrameReceiver, ProxyConnection } from '../proxy-port/proxy-connection.ts';

/** A client's connection as a line needs it. */
export type LineConnection = Pick<ProxyConnection, 'receive' | 'write' | 'sendJson' | 'beginStream' | 'close' | 'destroy' | 'address' | 'port' | 'congested'>;

export interface SessionLineParts {
  readonly clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  /** A line that is cut waits so long for its client (rule 10); with 0 it is over at once. */
  readonly resumeSeconds: number;
  /** A frame of the connection that counts now; may throw FrameError. */
  readonly frame: (frame: Frame) => void;
  readonly violated: (error: FrameError) => void;
  /** A frame could not be taken, for what the client has not to answer for. */
  readonly fell: (error: MavisError) => void;
  /** The connection is gone; the line waits for another one. */
  readonly cut: () => void;
  /** The connection was congested and is no more, or is gone. */
  readonly drained: () => void;
  /** Nobody came back in time. */
  readonly expired: () => void;
}

/** The sending half of a connection that was replaced: what it still says counts no more. */
const UNHEARD: FrameReceiver = { frame: () => undefined, violated: () => undefined, lost: () => undefined };

/**
 * A session's line to its client, over as many connections as it takes. At any time at most one connection counts: a newer
 * epoch takes over from one that still looks alive, whose late frames go nowhere (rule 10). What is written while the line is
 * cut goes nowhere too; the counted stream keeps what must arrive.
 */
export class SessionLine {
  readonly #parts: SessionLineParts;
  #connection: LineConnection | undefined;
  #epoch = 0;
  #cutAtMs = 0;
  #deadline: Timer | undefined;
  #over = false;

  constructor(parts: SessionLineParts) {
    this.#parts = parts;
  }

  /** The epoch of the connection that counts: 0 for the first, then as the client said. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether the client is waited for. */
  get isCut(): boolean {
    return this.#connection === undefined && !this.#over;
  }

  /** Whether the connection has enough to send for now; a line that is cut keeps nobody waiting. */
  get congested(): boolean {
    return this.#connection?.congested ?? false;
  }

  /** Begins with the connection on which the session was accepted. */
  begin(connection: LineConnection): void {
    this.#use(connection);
  }

  /** Goes on over another connection: sends what `said` gives, then lets the stream begin. Gives for how many milliseconds the line was cut. The caller has checked that the epoch is higher. */
  takeOver(connection: LineConnection, epoch: number, said: { readonly received: number }): number {
    const before = this.#connection;
    const waitedMs = before === undefined ? this.#parts.clock.monotonicMs() - this.#cutAtMs : 0;
    this.#deadline?.cancel();
    this.#connection = undefined;
    before?.receive(UNHEARD);
    before?.destroy();
    this.#epoch = epoch;
    connection.sendJson(frameType.resumed, { epoch, received: said.received });
    this.#use(connection);
    return waitedMs;
  }

  write(...parts: Uint8Array[]): void {
    this.#connection?.write(...parts);
  }

  sendJson(type: FrameType, value: unknown): void {
    this.#connection?.sendJson(type, value);
  }

  /** Ends the line: the connection that counts is closed once what was written has left, no other is taken. */
  async end(): Promise<void> {
    this.#over = true;
    this.#deadline?.cancel();
    await this.#connection?.close();
  }

  #use(connection: LineConnection): void {
    this.#connection = connection;
    const counts = (): boolean => connection === this.#connection && !this.#over;
    connection.beginStream();
    connection.receive({
      frame: (frame) => {
        if (counts()) this.#parts.frame(frame);
      },
      violated: (error) => {
        if (counts()) this.#parts.violated(error);
      },
      fell: (error) => {
        if (counts()) this.#parts.fell(error);
      },
      lost: () => {
        if (counts()) this.#cut();
      },
      drained: () => {
        if (counts()) this.#parts.drained();
      },
    });
  }

  #cut(): void {
    this.#connection = undefined;
    this.#cutAtMs = this.#parts.clock.monotonicMs();
    this.#deadline = this.#parts.clock.setTimer(() => {
      if (this.isCut) this.#parts.expired();
    }, this.#parts.resumeSeconds * 1000);
    this.#parts.cut();
    this.#parts.drained();
  }
}
