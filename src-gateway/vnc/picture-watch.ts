import type { Clock, Timer } from '../clock/clock.ts';

/** A client that draws asks for the next picture within milliseconds; one that has not for so long is not asking. */
const UNASKED_MS = 1000;

/**
 * Sees to it that the server always owes a picture: VNC's servers send only what is asked for, and a client that asked for none
 * could work on a desktop of which the recording shows nothing. Whoever starts it stops it.
 */
export class PictureWatch {
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #ask: () => void;
  #timer: Timer | undefined;
  #asked = false;
  #continuous = false;
  #over = false;

  /** `ask` asks the server in the client's place. */
  constructor(clock: Pick<Clock, 'setTimer'>, ask: () => void) {
    this.#clock = clock;
    this.#ask = ask;
  }

  start(): void {
    this.#restart();
  }

  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  /** The client has asked: once, or for all that come (`on`), or for these no more (`off`). */
  asked(what: 'once' | 'on' | 'off'): void {
    if (what === 'once') this.#asked = true;
    else this.#continuous = what === 'on';
  }

  /** A picture has come: the next one has to be asked for. */
  updated(): void {
    if (!this.#asked) return;
    this.#asked = false;
    this.#restart();
  }

  #restart(): void {
    this.#timer?.cancel();
    if (this.#over) return;
    this.#timer = this.#clock.setTimer(() => {
      if (!this.#asked && !this.#continuous) {
        this.#asked = true;
        this.#ask();
      }
      this.#restart();
    }, UNASKED_MS);
  }
}
