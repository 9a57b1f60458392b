import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ShownError } from '../../shared/ipc/stores.ts';
import type { PlaybackEnd, PlaybackHeader } from '../../shared/recording/playback.ts';
import { type RecordingFrame, RecordingFormatError } from '../../shared/recording/recording-frame.ts';
import type { Primer } from '../../shared/watching/primer.ts';
import { shownErrorOf } from '../mavis/ask.ts';
import { joined, type KeyFrameParts } from './key-frames/terminal-key-frames.ts';
import type { KeyFrame } from './key-frames/key-frame-messages.ts';
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

/** Places of a recording from which it can be shown without all that came before. */
export interface KeyFrames {
  /** The last at or before so many events. */
  readonly before: (events: number) => KeyFrame | undefined;
  /** More of the recording has come. */
  readonly more: () => void;
  readonly dispose: () => void;
}

/** Makes the key frames of a recording that begins with a size. */
export type MakeKeyFrames = (first: { readonly columns: number; readonly rows: number }, events: KeyFrameParts['events']) => KeyFrames;

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
/** Less than this is read sooner than a key frame, which holds all that has scrolled off. */
const LEAP_BYTES = 1024 * 1024;
const FIRST_SIZE = { columns: 80, rows: 24 } as const;

/**
 * Plays a recording on a screen. Seeking forward shows what lies between at once; seeking back begins anew, because a
 * terminal cannot run backward. `dispose` ends it.
 */
export class RecordingPlayer {
  readonly store: StoreApi<PlayerState>;
  readonly #screen: PlayerScreen;
  readonly #clock: FrameClock;
  readonly #makeKeyFrames: MakeKeyFrames | undefined;
  #keyFrames: KeyFrames | undefined;
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

  /** `keyFrames` makes those of a terminal, which cannot run backward and is slow to read what was printed in an hour. */
  constructor(screen: PlayerScreen, clock: FrameClock, keyFrames?: MakeKeyFrames) {
    this.#screen = screen;
    this.#clock = clock;
    this.#makeKeyFrames = keyFrames;
    this.store = createStore<PlayerState>(() => ({
      header: null, playing: false, positionMs: 0, durationMs: 0, loadedMs: 0, loaded: false, atEnd: false, behind: false, speed: 1, skipIdle: true, marks: [], end: null, error: null,
    }));
  }

  begin(header: PlaybackHeader): void {
    const { columns, rows } = header.facts;
    if (typeof columns === 'number' && typeof rows === 'number') this.#firstSize = { columns, rows };
    this.#screen.resize(this.#firstSize.columns, this.#firstSize.rows);
    this.#keyFrames = this.#makeKeyFrames?.(this.#firstSize, this.#timeline);
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
    this.#keyFrames?.more();
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
    this.#keyFrames?.dispose();
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
        await this.#leap(wanted);
        if (this.#timeline.bytesBetween(this.#shown, wanted) > WRITE_BYTES) this.#tellBehind(true);
        await this.#showPiece(wanted);
      }
      this.#tellBehind(false);
    } finally {
      // In the same moment as the loop's last look: a change of position after it starts the next showing.
      this.#showing = false;
    }
  }

  /** Goes to the key frame before a number of events, where that is nearer than what is shown; back to the beginning where there is none and it lies back. */
  async #leap(wanted: number): Promise<void> {
    const frame = this.#keyFrames?.before(wanted);
    const back = wanted < this.#shown;
    if (frame !== undefined && (back || (frame.events > this.#shown && this.#timeline.bytesBetween(this.#shown, frame.events) > LEAP_BYTES))) {
      this.#tellBehind(true);
      this.#begin(frame);
      this.#shown = frame.events;
      await this.#write(new TextEncoder().encode(frame.text));
    } else if (back) {
      this.#begin(this.#firstSize);
      this.#shown = 0;
    }
  }

  #begin({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    this.#screen.reset();
    this.#screen.resize(columns, rows);
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
