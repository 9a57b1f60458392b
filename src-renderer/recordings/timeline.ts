import { fileOperation, fileOperationLine } from '../../shared/recording/file-operation.ts';
import { decodeCount32, decodeJsonPayload, decodeResize, exitSignalPayload, frameKind, markPayload, type RecordingFrame, requestPayload } from '../../shared/recording/recording-frame.ts';
import { decodeUtf8, encodeUtf8 } from '../../shared/recording/utf8.ts';
import { safeTitle } from '../terminal/hardened.ts';

/** What a player shows: bytes for the terminal, or a new size. */
export type ShownEvent = { readonly atMs: number; readonly kind: 'output'; readonly bytes: Uint8Array } | { readonly atMs: number; readonly kind: 'resize'; readonly columns: number; readonly rows: number };

/** A moment worth jumping to. Text in it comes from a target or its user, and is bounded and free of control characters. */
export type Mark = { readonly atMs: number } & (
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'input'; readonly bytes: number; readonly text: string }
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'signal' }
  | { readonly kind: 'request'; readonly what: string }
  | { readonly kind: 'note'; readonly what: string }
);

/** Keys typed within so long of each other are one mark: a person reads words, not letters. */
const SAME_INPUT_MS = 1500;
/** More marks than a bar can show help nobody; the rest is still in the recording. */
const MAX_MARKS = 2000;

/** A recording in the order of its times, filled as it comes. */
export class Timeline {
  readonly #events: ShownEvent[] = [];
  /** Bytes of output before each event. */
  readonly #bytesBefore: number[] = [];
  readonly #marks: Mark[] = [];
  #lastMs = 0;
  #bytes = 0;

  /** Time of the last frame that has come. */
  get loadedMs(): number {
    return this.#lastMs;
  }

  /** Bytes of output that have come. */
  get bytes(): number {
    return this.#bytes;
  }

  get marks(): readonly Mark[] {
    return this.#marks;
  }

  /** Adds the next frame; throws RecordingFormatError for a payload that is not as its kind says. */
  append(frame: RecordingFrame): void {
    const atMs = frame.microseconds / 1000;
    this.#lastMs = atMs;
    switch (frame.kind) {
      case frameKind.output:
      case frameKind.errorOutput:
        this.#bytesBefore.push(this.#bytes);
        this.#bytes += frame.payload.length;
        this.#events.push({ atMs, kind: 'output', bytes: frame.payload });
        return;
      case frameKind.resize: {
        const size = decodeResize(frame.payload);
        // A desktop has no columns: its size is in pixels.
        const [columns, rows] = size.columns === 0 ? [size.widthPx, size.heightPx] : [size.columns, size.rows];
        this.#bytesBefore.push(this.#bytes);
        this.#events.push({ atMs, kind: 'resize', columns, rows });
        return this.#mark({ atMs, kind: 'resize', columns, rows });
      }
      case frameKind.input:
        return this.#input(atMs, frame.payload.length, decodeUtf8(frame.payload) ?? '');
      case frameKind.inputMark:
        return this.#input(atMs, decodeCount32(frame.payload), '');
      case frameKind.exitStatus:
        return this.#mark({ atMs, kind: 'exit', status: decodeCount32(frame.payload) });
      case frameKind.exitSignal:
        decodeJsonPayload(exitSignalPayload, frame.payload);
        return this.#mark({ atMs, kind: 'signal' });
      case frameKind.request:
        return this.#mark({ atMs, kind: 'request', what: requestWords(decodeJsonPayload(requestPayload, frame.payload)) });
      case frameKind.mark: {
        const { name, detail } = decodeJsonPayload(markPayload, frame.payload);
        return this.#mark({ atMs, kind: 'note', what: safeTitle(detail === '' ? name : `${name}: ${detail}`) });
      }
      case frameKind.fileOperation: {
        const line = encodeUtf8(`${fileOperationLine(decodeJsonPayload(fileOperation, frame.payload))}\r\n`);
        this.#bytesBefore.push(this.#bytes);
        this.#bytes += line.length;
        this.#events.push({ atMs, kind: 'output', bytes: line });
        return;
      }
      case frameKind.primer:
      case frameKind.end:
        return;
    }
    frame.kind satisfies never;
  }

  /** How many events are at or before a time. */
  countUntil(ms: number): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.atMs ?? 0) <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Bytes of output between two numbers of events. */
  bytesBetween(from: number, to: number): number {
    return (this.#bytesBefore[to] ?? this.#bytes) - (this.#bytesBefore[from] ?? this.#bytes);
  }

  /** How many events have come. */
  get count(): number {
    return this.#events.length;
  }

  /** Events from one number to before another. */
  slice(from: number, to: number): readonly ShownEvent[] {
    return this.#events.slice(from, to);
  }

  /** Time of the first event after a time; undefined where there is none. */
  nextAfter(ms: number): number | undefined {
    return this.#events[this.countUntil(ms)]?.atMs;
  }

  /** Time of the last event at or before a time; undefined where there is none. */
  lastUntil(ms: number): number | undefined {
    return this.#events[this.countUntil(ms) - 1]?.atMs;
  }

  #input(atMs: number, bytes: number, text: string): void {
    const last = this.#marks.at(-1);
    if (last?.kind === 'input' && atMs - last.atMs < SAME_INPUT_MS) this.#marks[this.#marks.length - 1] = { ...last, bytes: last.bytes + bytes, text: safeTitle(last.text + text) };
    else this.#mark({ atMs, kind: 'input', bytes, text: safeTitle(text) });
  }

  #mark(mark: Mark): void {
    if (this.#marks.length < MAX_MARKS) this.#marks.push(mark);
  }
}

function requestWords(request: ReturnType<typeof requestPayload.parse>): string {
  switch (request.kind) {
    case 'shell':
      return 'shell';
    case 'exec':
      return safeTitle(request.command);
    case 'environment':
      return safeTitle(`${request.name}=${request.value}`);
    case 'terminal':
      return safeTitle(request.term);
  }
  return request satisfies never;
}
