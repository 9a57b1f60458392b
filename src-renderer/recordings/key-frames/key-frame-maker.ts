import { SerializeAddon } from '@xterm/addon-serialize';
import xterm from '@xterm/headless';
import { boundedGrid } from '../../terminal/grid-bounds.ts';
import { hardenedOptions, hardenTerminal } from '../../terminal/hardened.ts';
import { LimitedUnicode11Addon } from '../../terminal/unicode-widths.ts';
import type { KeyFrame } from './key-frame-messages.ts';
import { sameState, wholeState } from './terminal-state.ts';

/** Where a moment cannot be a key frame another is tried after this part of the bytes between two. */
const AGAIN_PART = 1 / 8;
/** Colours of the palette, the text, the ground and the cursor: what sets each, and what sets it back. They are no state of a headless terminal. */
const COLOURS = [[4, 104], [10, 110], [11, 111], [12, 112]] as const;

/** A terminal holds at most so many cells, of twelve bytes each: what a jump leaves scrolled off is then less than the setting says. */
const MOST_CELLS = 4_000_000;

export interface KeyFrameTerminal {
  readonly columns: number;
  readonly rows: number;
  readonly scrollbackLines: number;
  readonly everyBytes: number;
}

/**
 * Plays a terminal's recording once on a terminal that nobody sees, and gives key frames of it: text that brings a new terminal
 * to the same state. Each is proven before it is given: played on another terminal it must leave just what the recording did,
 * what was scrolled off and what later output depends on included; else there is none there, and the next moment is tried.
 */
export class KeyFrameMaker {
  /** Bytes between two key frames, from now on. */
  everyBytes: number;
  readonly #scrollbackLines: number;
  readonly #terminal: xterm.Terminal;
  readonly #serializer = new SerializeAddon();
  readonly #changedColours = new Set<number>();
  #events = 0;
  #sinceBytes = 0;

  constructor({ columns, rows, scrollbackLines, everyBytes }: KeyFrameTerminal) {
    this.everyBytes = everyBytes;
    this.#scrollbackLines = scrollbackLines;
    this.#terminal = this.#made(columns, rows);
    this.#terminal.loadAddon(this.#serializer);
    for (const [set, back] of COLOURS) {
      this.#terminal.parser.registerOscHandler(set, () => (this.#changedColours.add(set), false));
      this.#terminal.parser.registerOscHandler(back, () => (this.#changedColours.delete(set), false));
    }
  }

  /** Takes the output of so many events; gives a key frame behind them where one was due. */
  async output(events: number, bytes: Uint8Array): Promise<KeyFrame | undefined> {
    await write(this.#terminal, bytes);
    this.#events += events;
    this.#sinceBytes += bytes.length;
    return this.#sinceBytes < this.everyBytes ? undefined : this.#frame();
  }

  /** Takes an event that changed the size. */
  resize(columns: number, rows: number): void {
    const grid = boundedGrid(columns, rows);
    this.#terminal.options.scrollback = this.#linesAt(grid.columns);
    this.#terminal.resize(grid.columns, grid.rows);
    this.#events += 1;
  }

  async #frame(): Promise<KeyFrame | undefined> {
    const { cols: columns, rows } = this.#terminal;
    const text = wholeState(this.#serializer.serialize(), this.#terminal);
    const proof = this.#made(columns, rows);
    await write(proof, text);
    const proven = this.#changedColours.size === 0 && sameState(this.#terminal, proof);
    proof.dispose();
    this.#sinceBytes = proven ? 0 : this.everyBytes * (1 - AGAIN_PART);
    return proven ? { events: this.#events, columns, rows, text } : undefined;
  }

  #linesAt(columns: number): number {
    return Math.min(this.#scrollbackLines, Math.floor(MOST_CELLS / columns));
  }

  /** As the player's own is made. */
  #made(columns: number, rows: number): xterm.Terminal {
    const grid = boundedGrid(columns, rows);
    const terminal = new xterm.Terminal({ ...hardenedOptions, cols: grid.columns, rows: grid.rows, scrollback: this.#linesAt(grid.columns), allowProposedApi: true });
    hardenTerminal(terminal);
    terminal.loadAddon(new LimitedUnicode11Addon());
    return terminal;
  }
}

function write(terminal: xterm.Terminal, data: Uint8Array | string): Promise<void> {
  return new Promise((resolve) => terminal.write(data, resolve));
}
