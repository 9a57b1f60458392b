import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ShownError } from '../../shared/ipc/stores.ts';
import type { PlaybackEnd, PlaybackHeader } from '../../shared/recording/playback.ts';
import { type RecordingFrame, RecordingFormatError } from '../../shared/recording/recording-frame.ts';
import type { Primer } from '../../shared/watching/primer.ts';
import { shownErrorOf } from '../mavis/ask.ts';
import { advance, nextSpeed, type Speed } from './player-time.ts';
import { type Found, RecordingSearch } from './recording-search.ts';
import { type Mark, type ShownEvent, Timeline } from './timeline.ts';

/** The screen of a player: a hardened terminal without input. */
export interface PlayerScreen {
  readonly write: (bytes: Uint8Array, drawn: () => void) => void;
  readonly resize: (columns: number, rows: number) => void;
  readonly reset: () => void;
  /** Goes on with a packed stream from its middle, where a session is watched live. Throws where it cannot. */
  readonly prime?: (primer: Primer) => void;
}

/** Frames of the display, as the browser counts them; ends with `cancel`. */
export interface FrameClock {
  readonly request: (callback: (nowMs: number) => void) => number;
  readonly cancel: (handle: number) => void;
}

export interface PlayerState {
  readonly header: PlaybackHeader | null;
  readonly playing: boolean;
  readonly positionMs: number;
  readonly durationMs: number;
  readonly loadedMs: number;
  readonly loaded: boolean;
  readonly atEnd: boolean;
  /** The screen is behind the position by more than it is written at once: it is being brought there. */
  readonly behind: boolean;
  readonly speed: Speed;
  readonly skipIdle: boolean;
  readonly marks: readonly Mark[];
  readonly end: PlaybackEnd | null;
  readonly error: ShownError | null;
}

/** Bytes written to the screen before it is let draw: 10 to 50 ms of xterm.js's work, so that a long seek does not hold the page. */
const WRITE_BYTES = 256 * 1024;
const FIRST_SIZE = { columns: 80, rows: 24 } as const;

/**
 * Plays a recording on a screen. Seeking forward shows what lies between at once; seeking back begins anew, because a
 * terminal cannot run backward. `dispose` ends it.
 */
export class RecordingPlayer {
  readonly store: StoreApi<PlayerState>;
  readonly #screen: PlayerScreen;
  readonly #clock: FrameClock;
  readonly #timeline = new Timeline();
  readonly #search = new RecordingSearch(this.#timeline);
  /** Events that the screen shows. */
  #shown = 0;
  #showing = false;
  #handle: number | undefined;
  #lastFrameMs: number | undefined;
  #disposed = false;
  /** Somebody asked for the end before it was known where that is. */
  #toEnd = false;

  constructor(screen: PlayerScreen, clock: FrameClock) {
    this.#screen = screen;
    this.#clock = clock;
    this.store = createStore<PlayerState>(() => ({
      header: null, playing: false, positionMs: 0, durationMs: 0, loadedMs: 0, loaded: false, atEnd: false, behind: false, speed: 1, skipIdle: true, marks: [], end: null, error: null,
    }));
  }

  begin(header: PlaybackHeader): void {
    const { columns, rows } = header.facts;
    if (typeof columns === 'number' && typeof rows === 'number') this.#firstSize = { columns, rows };
    this.#screen.resize(this.#firstSize.columns, this.#firstSize.rows);
    this.store.setState({ header, durationMs: header.durationMs ?? 0 });
  }
  #firstSize: { readonly columns: number; readonly rows: number } = FIRST_SIZE;

  /** Takes frames that came; what lies at or before the position is shown at once. */
  take(frames: readonly RecordingFrame[]): void {
    try {
      for (const frame of frames) this.#timeline.append(frame);
    } catch (error) {
      if (!(error instanceof RecordingFormatError)) throw error;
      this.fail(shownErrorOf('service.answer-invalid'));
    }
    const { durationMs } = this.store.getState();
    this.store.setState({ loadedMs: this.#timeline.loadedMs, durationMs: Math.max(durationMs, this.#timeline.loadedMs), marks: [...this.#timeline.marks] });
    if (this.#toEnd) this.seekEnd();
    this.#show();
  }

  finish(end: PlaybackEnd | null): void {
    this.store.setState({ loaded: true, end, error: end === null ? shownErrorOf('recording.evidence-missing') : this.store.getState().error });
  }

  /** What was recorded from here on cannot be shown; its times and marks still are. */
  broken(): void {
    this.store.setState({ error: shownErrorOf('recording.cannot-be-drawn') });
  }

  fail(error: ShownError): void {
    this.store.setState({ loaded: true, error });
  }

  play(): void {
    const { playing, atEnd } = this.store.getState();
    if (playing || this.#disposed) return;
    if (atEnd) this.seek(0);
    this.#lastFrameMs = undefined;
    this.store.setState({ playing: true });
    this.#handle = this.#clock.request((nowMs) => this.#frame(nowMs));
  }

  pause(): void {
    if (this.#handle !== undefined) this.#clock.cancel(this.#handle);
    this.#handle = undefined;
    this.store.setState({ playing: false });
  }

  toggle(): void {
    if (this.store.getState().playing) this.pause();
    else this.play();
  }

  /** Goes to the end, also to one that has not come yet. */
  seekEnd(): void {
    this.seek(this.store.getState().durationMs);
    this.#toEnd = true;
  }

  /** Goes to a time, within the recording. */
  seek(toMs: number): void {
    this.#toEnd = false;
    const { durationMs } = this.store.getState();
    const positionMs = Math.max(0, Math.min(toMs, durationMs));
    this.store.setState({ positionMs, atEnd: positionMs >= durationMs });
    this.#show();
  }

  /** What was recorded, as far as it has come. */
  get events(): Pick<Timeline, 'slice' | 'countUntil'> {
    return this.#timeline;
  }

  /** Where a terminal printed a text, in what has come of the recording. Rejects only by the signal. */
  search(sought: string, signal: AbortSignal): Promise<Found> {
    return this.#search.find(sought, signal);
  }

  setSpeed(speed: Speed): void {
    this.store.setState({ speed });
  }

  stepSpeed(direction: 1 | -1): void {
    this.setSpeed(nextSpeed(this.store.getState().speed, direction));
  }

  setSkipIdle(skipIdle: boolean): void {
    this.store.setState({ skipIdle });
  }

  dispose(): void {
    this.#disposed = true;
    this.pause();
  }

  #frame(nowMs: number): void {
    const state = this.store.getState();
    if (!state.playing || this.#disposed) return;
    const elapsedMs = this.#lastFrameMs === undefined ? 0 : nowMs - this.#lastFrameMs;
    this.#lastFrameMs = nowMs;
    const step = advance(state.positionMs, elapsedMs, state, this.#timeline);
    // What has not come yet is waited for.
    const positionMs = state.loaded ? step.positionMs : Math.max(state.positionMs, Math.min(step.positionMs, state.loadedMs));
    const ended = step.ended && state.loaded;
    this.store.setState({ positionMs, atEnd: ended });
    this.#show();
    if (ended) this.pause();
    else this.#handle = this.#clock.request((next) => this.#frame(next));
  }

  /** Brings the screen to the position. One showing at a time; it looks at the position again before each piece. */
  #show(): void {
    if (this.#showing || this.#disposed) return;
    void this.#showAll();
  }

  async #showAll(): Promise<void> {
    this.#showing = true;
    try {
      for (let wanted = this.#wanted(); wanted !== this.#shown && !this.#disposed; wanted = this.#wanted()) {
        if (wanted < this.#shown) {
          this.#screen.reset();
          this.#screen.resize(this.#firstSize.columns, this.#firstSize.rows);
          this.#shown = 0;
        }
        if (this.#timeline.bytesBetween(this.#shown, wanted) > WRITE_BYTES) this.#tellBehind(true);
        await this.#showPiece(wanted);
      }
      this.#tellBehind(false);
    } finally {
      // In the same moment as the loop's last look: a change of position after it starts the next showing.
      this.#showing = false;
    }
  }

  #tellBehind(behind: boolean): void {
    if (behind !== this.store.getState().behind) this.store.setState({ behind });
  }

  #wanted(): number {
    return this.#timeline.countUntil(this.store.getState().positionMs);
  }

  async #showPiece(wanted: number): Promise<void> {
    let bytes = 0;
    const outputs: Uint8Array[] = [];
    for (const event of this.#timeline.slice(this.#shown, wanted)) {
      if (event.kind === 'resize') {
        if (outputs.length > 0) break;
        this.#resize(event);
      } else {
        outputs.push(event.bytes);
        bytes += event.bytes.length;
      }
      this.#shown += 1;
      if (bytes >= WRITE_BYTES) break;
    }
    if (outputs.length > 0) await this.#write(joined(outputs, bytes));
  }

  #resize(event: Extract<ShownEvent, { kind: 'resize' }>): void {
    this.#screen.resize(event.columns, event.rows);
  }

  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#screen.write(bytes, resolve);
    });
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
