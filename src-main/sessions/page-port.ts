import { z } from 'zod';
import type { FilesToPage } from '../../shared/ipc/files-port.ts';
import { INPUT_CREDIT_BYTES, MAX_INPUT_BYTES, OUTPUT_CREDIT_BYTES, type SessionPortToPage, TERMINAL_BOUNDS } from '../../shared/ipc/session-port.ts';
import { RecentOutput } from '../../shared/recording/recent-output.ts';

/** The end of the port that a session's process holds: Electron's MessagePortMain, narrowed. */
export interface ProcessPort {
  postMessage(message: SessionPortToPage | FilesToPage): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  start(): void;
  close(): void;
}

const fromPage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('input'), bytes: z.instanceof(Uint8Array) }),
  z.object({ kind: z.literal('resize'), columns: z.number().int(), rows: z.number().int(), widthPx: z.number().int().min(0).max(100_000).catch(0), heightPx: z.number().int().min(0).max(100_000).catch(0) }),
  z.object({ kind: z.literal('drawn'), bytes: z.number().int().min(0) }),
]);

/** A size of a terminal within the bounds. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Where a session's bytes come from and go to. */
export interface PageSource {
  /** Stops the flow of output; it may give what it has on its way. */
  pause(): void;
  resume(): void;
  /** Takes input; calls back when it has gone on. */
  input(bytes: Uint8Array, gone: () => void): void;
  resize(size: TerminalSize): void;
  /** The page does not keep to the rules: what it sends is not passed on. */
  violation(what: 'message' | 'input-too-long' | 'input-credit'): void;
  /** A page has taken the place of one that was here before; whether it is sent the last output again. */
  startedAnew(): boolean;
}

/**
 * Input that waits for a target that does not read. A page that counts `taken` stops at a thirty-second of it; one that does not can
 * paste the largest text that the clipboard gives (16 MiB) twice before its session ends. Bounds what one session makes us hold.
 */
const MAX_WAITING_INPUT_BYTES = INPUT_CREDIT_BYTES * 32;
/** Larger messages save nothing more, and delay the first byte of what they carry. */
const MAX_MESSAGE_BYTES = 64 * 1024;
/** A window that is dragged gives a size each frame; a program that redraws the screen for each falls behind. */
const RESIZE_PAUSE_MS = 50;

/** Ordered to one page at a time: output under the page's credit, its last part again for a page that starts anew, and the page's input. */
export class PagePort {
  readonly #source: PageSource;
  readonly #recent = new RecentOutput(OUTPUT_CREDIT_BYTES);
  readonly #pending: Uint8Array[] = [];
  #port: ProcessPort | undefined;
  #outstanding = 0;
  #paused = false;
  #ended = false;
  #endTold = false;
  #waitingInput = 0;
  #size: TerminalSize | undefined;
  #resizeTimer: NodeJS.Timeout | undefined;
  #scheduled = false;
  readonly #onDrained: () => void;
  readonly #schedule: (flush: () => void) => void;

  /**
   * @param onDrained called once, when the page has been sent everything and the end
   * @param schedule runs a function at the end of this turn of the event loop
   */
  constructor(source: PageSource, onDrained: () => void, schedule: (flush: () => void) => void = setImmediate) {
    this.#source = source;
    this.#onDrained = onDrained;
    this.#schedule = schedule;
  }

  /** Takes the port of a page; a port before it is closed, and what it was sent last is sent again. */
  attach(port: ProcessPort): void {
    this.#port?.close();
    const again = this.#port !== undefined;
    this.#port = port;
    this.#outstanding = 0;
    this.#endTold = false;
    port.on('message', ({ data }) => {
      if (port === this.#port) this.#take(data);
    });
    port.start();
    if (again && this.#source.startedAnew()) {
      const replay = this.#recent.replay();
      if (replay.length > 0) this.#post(port, replay);
    }
    this.#flush();
  }

  /** Output of the session; kept until a page draws it. What comes in one turn of the event loop goes in one message: a program that writes small pieces would cost a message each. */
  output(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** No more output will come. */
  end(): void {
    this.#ended = true;
    this.#flush();
  }

  close(): void {
    clearTimeout(this.#resizeTimer);
    this.#port?.close();
    this.#port = undefined;
  }

  #flush(): void {
    const port = this.#port;
    if (port) this.#sendPending(port);
    this.#steer(this.#pending.length > 0);
    if (port && this.#ended && this.#pending.length === 0 && !this.#endTold) {
      this.#endTold = true;
      port.postMessage({ kind: 'end' });
      this.#onDrained();
    }
  }

  #sendPending(port: ProcessPort): void {
    while (this.#outstanding < OUTPUT_CREDIT_BYTES) {
      const bytes = this.#takePending(Math.min(OUTPUT_CREDIT_BYTES - this.#outstanding, MAX_MESSAGE_BYTES));
      if (bytes.length === 0) return;
      this.#recent.add(bytes);
      this.#post(port, bytes);
    }
  }

  /** The oldest pending bytes as one piece of its own: a clone of a view would carry the whole buffer under it, with bytes of others in it. */
  #takePending(most: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let left = most;
    while (left > 0) {
      const chunk = this.#pending.shift();
      if (!chunk) break;
      if (chunk.length > left) this.#pending.unshift(chunk.subarray(left));
      const part = chunk.subarray(0, left);
      parts.push(part);
      left -= part.length;
    }
    const bytes = new Uint8Array(most - left);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  #post(port: ProcessPort, bytes: Uint8Array): void {
    this.#outstanding += bytes.length;
    port.postMessage({ kind: 'output', bytes: new Uint8Array(bytes) });
  }

  #steer(pause: boolean): void {
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#source.pause();
    else this.#source.resume();
  }

  #take(data: unknown): void {
    const parsed = fromPage.safeParse(data);
    if (!parsed.success) {
      this.#source.violation('message');
      return;
    }
    const message = parsed.data;
    if (message.kind === 'input') this.#takeInput(message.bytes);
    else if (message.kind === 'resize') this.#takeResize(message);
    else {
      this.#outstanding = Math.max(0, this.#outstanding - message.bytes);
      this.#flush();
    }
  }

  #takeInput(bytes: Uint8Array): void {
    if (bytes.length > MAX_INPUT_BYTES) {
      this.#source.violation('input-too-long');
      return;
    }
    if (this.#waitingInput + bytes.length > MAX_WAITING_INPUT_BYTES) {
      this.#source.violation('input-credit');
      return;
    }
    this.#waitingInput += bytes.length;
    const port = this.#port;
    this.#source.input(bytes, () => {
      this.#waitingInput -= bytes.length;
      if (port && port === this.#port) port.postMessage({ kind: 'taken', bytes: bytes.length });
    });
  }

  #takeResize(size: TerminalSize): void {
    this.#size = bounded(size);
    if (this.#resizeTimer) return;
    this.#tellSize();
    this.#resizeTimer = setTimeout(() => {
      this.#resizeTimer = undefined;
      this.#tellSize();
    }, RESIZE_PAUSE_MS);
  }

  #tellSize(): void {
    const size = this.#size;
    this.#size = undefined;
    if (size) this.#source.resize(size);
  }
}

function bounded(size: TerminalSize): TerminalSize {
  const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
  return {
    columns: within(size.columns, TERMINAL_BOUNDS.minColumns, TERMINAL_BOUNDS.maxColumns),
    rows: within(size.rows, TERMINAL_BOUNDS.minRows, TERMINAL_BOUNDS.maxRows),
    widthPx: size.widthPx,
    heightPx: size.heightPx,
  };
}
