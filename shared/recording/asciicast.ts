import { fileOperation, fileOperationLine } from './file-operation.ts';
import { decodeCount32, decodeJsonPayload, decodeResize, exitSignalPayload, frameKind, markPayload, type RecordingFrame, requestPayload } from './recording-frame.ts';
import type { PlaybackHeader } from './playback.ts';
import { Utf8Decoder } from './utf8.ts';

/** https://docs.asciinema.org/manual/asciicast/v3/ and /v2/. */
export type AsciicastVersion = 2 | 3;
/** What a player opens with where the recording had no terminal (a command without one). */
const NO_TERMINAL = { columns: 80, rows: 24 };
const MICROSECONDS = 1_000_000;

/**
 * Writes a recording as an asciicast, line by line. Output and input are text there: a character that is split over two
 * frames is written with the second, and bytes that are no UTF-8 become U+FFFD (the container stays the evidence). Version 3
 * has intervals and the exit status (`x`); version 2 has times from the start, and the exit as a marker.
 */
export class AsciicastWriter {
  readonly #version: AsciicastVersion;
  readonly #output = new Utf8Decoder();
  readonly #errorOutput = new Utf8Decoder();
  readonly #input = new Utf8Decoder();
  #writtenAt = 0;

  constructor(version: AsciicastVersion) {
    this.#version = version;
  }

  /** The first line. */
  header(header: PlaybackHeader): string {
    const columns = sizeOf(header.facts['columns'], NO_TERMINAL.columns);
    const rows = sizeOf(header.facts['rows'], NO_TERMINAL.rows);
    const terminal = header.facts['terminal'];
    const common = { timestamp: Math.floor(Date.parse(header.startedAt) / 1000), title: `${header.user.name} · ${header.resource.name} · ${header.reference}` };
    const type = typeof terminal === 'string' && terminal !== '' ? terminal : undefined;
    if (this.#version === 2) return line({ version: 2, width: columns, height: rows, ...common, ...(type === undefined ? {} : { env: { TERM: type } }) });
    return line({ version: 3, term: { cols: columns, rows, ...(type === undefined ? {} : { type }) }, ...common });
  }

  /** The lines of one frame: none, one, or more. */
  frame(frame: RecordingFrame): string {
    const at = frame.microseconds;
    switch (frame.kind) {
      case frameKind.output:
        return this.#text(at, 'o', this.#output.push(frame.payload));
      case frameKind.errorOutput:
        return this.#text(at, 'o', this.#errorOutput.push(frame.payload));
      case frameKind.input:
        return this.#text(at, 'i', this.#input.push(frame.payload));
      case frameKind.resize: {
        const { columns, rows } = decodeResize(frame.payload);
        return this.#event(at, 'r', `${columns}x${rows}`);
      }
      case frameKind.request: {
        const request = decodeJsonPayload(requestPayload, frame.payload);
        return request.kind === 'exec' ? this.#event(at, 'm', request.command.slice(0, 500)) : '';
      }
      case frameKind.mark: {
        const mark = decodeJsonPayload(markPayload, frame.payload);
        return this.#event(at, 'm', mark.detail === '' ? mark.name : `${mark.name}: ${mark.detail}`);
      }
      case frameKind.fileOperation:
        return this.#event(at, 'o', `${fileOperationLine(decodeJsonPayload(fileOperation, frame.payload))}\r\n`);
      case frameKind.exitStatus:
        return this.#exit(at, decodeCount32(frame.payload), `exit ${decodeCount32(frame.payload)}`);
      case frameKind.exitSignal: {
        const { signal } = decodeJsonPayload(exitSignalPayload, frame.payload);
        // As a shell says it: 128 and the signal's number.
        return this.#exit(at, 128 + (SIGNAL_NUMBERS[signal.replace(/^SIG/, '')] ?? 0), `killed by ${signal}`);
      }
      case frameKind.inputMark:
      case frameKind.primer:
      case frameKind.end:
        return '';
    }
  }

  /** The lines of what was left unfinished. */
  end(): string {
    return this.#text(this.#writtenAt, 'o', this.#output.end() + this.#errorOutput.end()) + this.#text(this.#writtenAt, 'i', this.#input.end());
  }

  #text(at: number, code: 'o' | 'i', text: string): string {
    return text === '' ? '' : this.#event(at, code, text);
  }

  #exit(at: number, status: number, marker: string): string {
    const rest = this.#text(at, 'o', this.#output.end() + this.#errorOutput.end());
    return rest + (this.#version === 3 ? this.#event(at, 'x', String(status)) : this.#event(at, 'm', marker));
  }

  #event(at: number, code: string, data: string): string {
    const time = this.#version === 3 ? at - this.#writtenAt : at;
    this.#writtenAt = at;
    return `[${(time / MICROSECONDS).toFixed(6)}, ${JSON.stringify(code)}, ${JSON.stringify(data)}]\n`;
  }
}

/** Numbers of the signals that RFC 4254 section 6.10 names, as on Linux. */
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { HUP: 1, INT: 2, QUIT: 3, ILL: 4, ABRT: 6, FPE: 8, KILL: 9, USR1: 10, SEGV: 11, USR2: 12, PIPE: 13, ALRM: 14, TERM: 15 };

function sizeOf(fact: string | number | boolean | undefined, otherwise: number): number {
  return typeof fact === 'number' && fact > 0 ? Math.floor(fact) : otherwise;
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
