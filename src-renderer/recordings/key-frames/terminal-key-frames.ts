import type { ShownEvent } from '../timeline.ts';
import type { KeyFrameTerminal } from './key-frame-maker.ts';
import { fromKeyFrames, type KeyFrame, type ToKeyFrames } from './key-frame-messages.ts';

/** Bytes between two key frames: a sixth of a second of reading them where all lines are short, less otherwise. */
export const EVERY_BYTES = 2 * 1024 * 1024;
/** Bytes given to the worker at once; the next when it has taken them. */
const PIECE_BYTES = 256 * 1024;
/** Letters that the frames of one recording may hold; of more, every other goes. */
export const MOST_LETTERS = 48 * 1024 * 1024;

/** What makes key frames, beside the page. */
export interface KeyFrameWorker {
  readonly post: (message: ToKeyFrames, transfer: Transferable[]) => void;
  readonly onAnswer: (answered: (data: unknown) => void) => void;
  readonly end: () => void;
}

export interface KeyFrameParts {
  readonly terminal: Omit<KeyFrameTerminal, 'everyBytes'>;
  readonly events: { readonly slice: (from: number, to: number) => readonly ShownEvent[]; readonly count: number; readonly bytes: number };
}

/** The worker itself; whoever makes it ends it. */
export function startKeyFrameWorker(): KeyFrameWorker {
  const worker = new Worker(new URL('./key-frames-worker.ts', import.meta.url), { type: 'module', name: 'key-frames-worker' });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    onAnswer: (answered) => worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => answered(data)),
    end: () => worker.terminate(),
  };
}

/**
 * The key frames of one terminal's recording, made as it comes, in a worker that is started once the recording is long enough
 * to have one. In memory alone; without them, or before they stand, seeking reads what lies between. `dispose` ends it.
 */
export class TerminalKeyFrames {
  readonly #parts: KeyFrameParts;
  readonly #start: () => KeyFrameWorker;
  #worker: KeyFrameWorker | undefined;
  #frames: KeyFrame[] = [];
  #everyBytes = EVERY_BYTES;
  #given = 0;
  #working = false;

  constructor(parts: KeyFrameParts, start: () => KeyFrameWorker = startKeyFrameWorker) {
    this.#parts = parts;
    this.#start = start;
  }

  /** The last key frame at or before so many events. */
  before(events: number): KeyFrame | undefined {
    return this.#frames.findLast((frame) => frame.events <= events);
  }

  /** More of the recording has come. */
  more(): void {
    const { events, terminal } = this.#parts;
    if (events.bytes < EVERY_BYTES) return;
    if (this.#worker === undefined) {
      this.#worker = this.#start();
      this.#worker.onAnswer((data) => this.#answered(data));
      this.#worker.post({ kind: 'begin', ...terminal, everyBytes: this.#everyBytes }, []);
    }
    this.#give(this.#worker);
  }

  dispose(): void {
    this.#worker?.end();
  }

  #answered(data: unknown): void {
    const { frame } = fromKeyFrames.parse(data);
    this.#working = false;
    if (frame !== null) this.#keep(frame);
    if (this.#worker !== undefined) this.#give(this.#worker);
  }

  #keep(frame: KeyFrame): void {
    this.#frames.push(frame);
    if (this.#frames.reduce((sum, { text }) => sum + text.length, 0) <= MOST_LETTERS) return;
    this.#frames = this.#frames.filter((_frame, place) => place % 2 === 1);
    this.#everyBytes *= 2;
    this.#worker?.post({ kind: 'every', bytes: this.#everyBytes }, []);
  }

  #give(worker: KeyFrameWorker): void {
    const { events } = this.#parts;
    if (this.#working || this.#given >= events.count) return;
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    while (this.#given + pieces.length < events.count && bytes < PIECE_BYTES) {
      const [event] = events.slice(this.#given + pieces.length, this.#given + pieces.length + 1);
      if (event?.kind !== 'output') break;
      pieces.push(event.bytes);
      bytes += event.bytes.length;
    }
    this.#working = true;
    if (pieces.length === 0) {
      const [event] = events.slice(this.#given, this.#given + 1);
      if (event?.kind === 'resize') worker.post({ kind: 'resize', columns: event.columns, rows: event.rows }, []);
      this.#given += 1;
      return;
    }
    this.#given += pieces.length;
    const whole = joined(pieces, bytes);
    worker.post({ kind: 'output', events: pieces.length, bytes: whole }, [whole.buffer]);
  }
}

/** The pieces one after the other, in memory of their own. */
export function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
