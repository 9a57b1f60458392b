/** So much output a second is read aloud: some pages of text, far more than anyone can listen to. */
export const MOST_READ_BYTES = 16 * 1024;
/** How often it is looked whether a flood is over. */
export const LOOK_EVERY_MS = 1000;
/** What was read aloud stays in the document until a key is pressed; so much of it is thrown away and begun anew. */
export const MOST_KEPT_BYTES = 64 * 1024;

export interface ReadingLimitParts {
  /** Switches the terminal's screen-reader mode; switching it off throws away what stands there to be read. */
  readonly switchReading: (on: boolean) => void;
  /** Whether somebody is reading in the rows that would be made anew. */
  readonly isBeingRead: () => boolean;
  /** Told when a flood begins and ends, so that the user hears of it. */
  readonly onFlood: (flooded: boolean) => void;
  readonly every: (callback: () => void, milliseconds: number) => () => void;
}

/**
 * Bounds what xterm.js gives to screen readers (A11). Its live region stops after 20 line feeds only: output without any (a
 * long line, a million combining marks, a progress bar for hours) is laid out in one element that grows without end, anew at
 * each piece; 1.5 MB of marks held the page up for minutes. During a flood the mode is off, as in VS Code, and on again after.
 */
export class ReadingLimit {
  readonly #parts: ReadingLimitParts;
  #wanted = false;
  #flooded = false;
  #left = MOST_READ_BYTES;
  #kept = 0;
  /** Bytes that were handed to the terminal and are not parsed yet. */
  #pending = 0;
  #stop: (() => void) | undefined;

  constructor(parts: ReadingLimitParts) {
    this.#parts = parts;
  }

  /** Whether the mode is to be on now, where the user wants it or not. */
  want(wanted: boolean): boolean {
    this.#wanted = wanted;
    if (!wanted) this.end();
    return wanted && !this.#flooded;
  }

  /** Called before so many bytes are written; give the answer back when they are parsed. */
  writing(bytes: number): () => void {
    if (!this.#wanted) return () => undefined;
    this.#pending += bytes;
    this.#left -= bytes;
    this.#kept += bytes;
    this.#stop ??= this.#parts.every(() => this.#look(), LOOK_EVERY_MS);
    if (this.#left < 0 && !this.#flooded) {
      this.#flooded = true;
      this.#parts.switchReading(false);
      this.#parts.onFlood(true);
    }
    return () => {
      this.#pending -= bytes;
    };
  }

  /** Stops looking. */
  end(): void {
    this.#stop?.();
    this.#stop = undefined;
    if (this.#flooded) this.#parts.onFlood(false);
    this.#flooded = false;
    this.#kept = 0;
  }

  #look(): void {
    const quiet = this.#left === MOST_READ_BYTES;
    if (this.#flooded && this.#left >= 0 && this.#pending === 0) {
      this.#flooded = false;
      this.#kept = 0;
      this.#parts.switchReading(true);
      this.#parts.onFlood(false);
    } else if (!this.#flooded && this.#kept > MOST_KEPT_BYTES && !this.#parts.isBeingRead()) {
      this.#kept = 0;
      this.#parts.switchReading(false);
      this.#parts.switchReading(true);
    }
    this.#left = MOST_READ_BYTES;
    if (!quiet || this.#flooded) return;
    this.#stop?.();
    this.#stop = undefined;
  }
}
