import { TerminalText } from '../../shared/recording/terminal-text.ts';
import { safeTitle } from '../terminal/hardened.ts';
import type { ShownEvent } from './timeline.ts';

/** A place where the text that is sought was printed. */
export interface Hit {
  /** When its last letter was printed: it stands on the screen then. */
  readonly atMs: number;
  /** What stood around it in its line, bounded and free of control characters. */
  readonly context: string;
}

export interface Found {
  readonly hits: readonly Hit[];
  /** There are more, or there is more text than is searched. */
  readonly more: boolean;
}

/** What a search reads of a recording. */
export interface PrintedEvents {
  readonly countUntil: (ms: number) => number;
  readonly slice: (from: number, to: number) => readonly ShownEvent[];
}

/** More places than anybody steps through. */
export const MAX_HITS = 1000;
/** Letters that are kept to be searched: 64 MiB of memory. A day of busy terminal work has less. */
export const MAX_LETTERS = 32 * 1024 * 1024;
/** Bytes read between two turns of the page: some ten milliseconds. */
const BYTES_A_TURN = 1024 * 1024;
const CONTEXT_LETTERS = 32;

/** The text of a terminal's recording with its times, made as it is first sought in, and read on as the recording loads. */
export class RecordingSearch {
  readonly #events: PrintedEvents;
  readonly #mostLetters: number;
  readonly #terminal = new TerminalText();
  readonly #parts: string[] = [];
  /** Where each part begins in the whole text, and when it was printed. */
  readonly #begins: number[] = [];
  readonly #times: number[] = [];
  #letters = 0;
  #read = 0;

  constructor(events: PrintedEvents, mostLetters = MAX_LETTERS) {
    this.#events = events;
    this.#mostLetters = mostLetters;
  }

  /** All places of a text, whatever its case, in the order of their times; control sequences in between do not hide it. Rejects only by the signal. */
  async find(sought: string, signal: AbortSignal): Promise<Found> {
    const wanted = folded(sought);
    if (wanted === '') return { hits: [], more: false };
    while (this.#readOn()) {
      await turn();
      signal.throwIfAborted();
    }
    const text = this.#parts.join('');
    return this.#hits(text, folded(text), wanted);
  }

  /** Reads some events; false where there are none left, or no room. */
  #readOn(): boolean {
    const until = this.#events.countUntil(Number.POSITIVE_INFINITY);
    let bytes = 0;
    while (this.#read < until && bytes < BYTES_A_TURN && this.#letters < this.#mostLetters) {
      const [event] = this.#events.slice(this.#read, this.#read + 1);
      this.#read += 1;
      if (event?.kind !== 'output') continue;
      bytes += event.bytes.length;
      this.#add(event.atMs, this.#terminal.push(event.bytes));
    }
    return bytes >= BYTES_A_TURN;
  }

  #add(atMs: number, printed: string): void {
    const text = printed.slice(0, this.#mostLetters - this.#letters);
    if (text === '') return;
    this.#parts.push(text);
    this.#begins.push(this.#letters);
    this.#times.push(atMs);
    this.#letters += text.length;
  }

  #hits(text: string, searched: string, wanted: string): Found {
    const hits: Hit[] = [];
    const full = this.#letters >= this.#mostLetters;
    for (let at = searched.indexOf(wanted); at >= 0; at = searched.indexOf(wanted, at + wanted.length)) {
      if (hits.length >= MAX_HITS) return { hits, more: true };
      const end = at + wanted.length;
      hits.push({ atMs: this.#timeOf(end - 1), context: lineAround(text, at, end) });
    }
    return { hits, more: full };
  }

  #timeOf(letter: number): number {
    let low = 0;
    let high = this.#begins.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#begins[middle] ?? 0) <= letter) low = middle + 1;
      else high = middle;
    }
    return this.#times[low - 1] ?? 0;
  }
}

/** Letters without their case, each in its place: where the lower case of one is longer (İ), it stays as it is. */
function folded(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : Array.from(text, (letter) => (letter.toLowerCase().length === letter.length ? letter.toLowerCase() : letter)).join('');
}

function lineAround(text: string, from: number, to: number): string {
  const before = text.slice(Math.max(0, from - CONTEXT_LETTERS), from);
  const behind = text.slice(to, to + CONTEXT_LETTERS);
  return safeTitle(`${before.slice(before.lastIndexOf('\n') + 1)}${text.slice(from, to)}${behind.split('\n', 1)[0] ?? ''}`.trim());
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}
