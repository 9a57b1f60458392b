import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Protocol } from '../../../shared/ids.ts';
import { desktopScreen } from '../desktop-player-screen.ts';
import type { RecordingPlayer } from '../recording-player.ts';
import { DerivedPictures } from './derived-pictures.ts';
import type { Picture } from './derived-stream.ts';
import { derive, type DerivingParts } from './deriving.ts';

/** The page has something to do whenever it draws; what is derived waits at most so long for it. */
const IDLE_LIMIT_MS = 100;

export interface DerivedState {
  /** Up to here a picture of any moment is at hand. */
  readonly untilMs: number;
  /** More is being derived. */
  readonly deriving: boolean;
  /** A derived picture stands for the screen, which is being brought to the position. */
  readonly shown: boolean;
}

/**
 * Decodes a desktop's recording once more beside its playing, and keeps pictures of it (rule 25). While the player's screen is far
 * behind the position (after a jump), the picture of that position is drawn into a canvas. `dispose` ends it.
 */
export class DerivedScreen {
  readonly store: StoreApi<DerivedState> = createStore<DerivedState>(() => ({ untilMs: 0, deriving: true, shown: false }));
  readonly #player: RecordingPlayer;
  readonly #pictures = new DerivedPictures();
  /** Nothing more is to be derived. */
  readonly #over = new AbortController();
  readonly #ended: () => void;
  #canvas: HTMLCanvasElement | null = null;
  #drawing = false;

  constructor(player: RecordingPlayer, protocol: Protocol) {
    this.#player = player;
    const place = document.createElement('div');
    const { screen, dispose } = desktopScreen(place, protocol, () => this.#over.abort(), (callback) => void setTimeout(callback));
    const loaded = () => ({ ms: player.store.getState().loadedMs, whole: player.store.getState().loaded });
    const parts = { events: player.events, loaded, screen, picture: () => pictureIn(place), add: this.#pictures.add.bind(this.#pictures), onDerived: (untilMs: number) => this.store.setState({ untilMs }), idle };
    void this.#derive(parts);
    const unsubscribe = player.store.subscribe(() => void this.#draw());
    this.#ended = () => {
      unsubscribe();
      dispose();
    };
  }

  /** The derived picture at a time; undefined where there is none. */
  at(ms: number): Promise<Picture | undefined> {
    return this.#pictures.at(ms);
  }

  /** When the derived picture next changes after a time (-1: when the first one comes); undefined where it does not any more. */
  changeAfter(ms: number): Promise<number | undefined> {
    return this.#pictures.changeAfter(ms);
  }

  /** Draws into this canvas from now on; null for none. */
  attach(canvas: HTMLCanvasElement | null): void {
    this.#canvas = canvas;
    void this.#draw();
  }

  dispose(): void {
    this.#over.abort();
    this.#ended();
    this.#pictures.dispose();
  }

  async #derive(parts: DerivingParts): Promise<void> {
    try {
      await derive(parts, this.#over.signal);
    } catch (error) {
      // What cannot be derived is still played, and sought in as it is.
      if (!this.#over.signal.aborted) globalThis.reportError(error);
    } finally {
      this.store.setState({ deriving: false });
    }
  }

  /** One picture at a time; the position is looked at again after each. */
  async #draw(): Promise<void> {
    if (this.#drawing) return;
    this.#drawing = true;
    try {
      let drawn: number | undefined;
      for (let at = this.#wanted(); at !== undefined && at !== drawn; at = this.#wanted()) {
        const picture = await this.#pictures.at(at);
        if (picture !== undefined && this.#canvas !== null) put(this.#canvas, picture);
        this.#show(picture !== undefined);
        drawn = at;
      }
      if (this.#wanted() === undefined) this.#show(false);
    } finally {
      this.#drawing = false;
    }
  }

  #show(shown: boolean): void {
    if (shown !== this.store.getState().shown) this.store.setState({ shown });
  }

  #wanted(): number | undefined {
    const { behind, positionMs } = this.#player.store.getState();
    return behind && positionMs <= this.store.getState().untilMs ? positionMs : undefined;
  }
}

function idle(): Promise<void> {
  return new Promise((resolve) => {
    requestIdleCallback(() => resolve(), { timeout: IDLE_LIMIT_MS });
  });
}

function pictureIn(place: HTMLElement): Picture | undefined {
  const canvas = place.querySelector('canvas');
  const context = canvas?.getContext('2d');
  if (!canvas || !context || canvas.width === 0 || canvas.height === 0) return undefined;
  const { width, height, data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return { width, height, pixels: data };
}

function put(canvas: HTMLCanvasElement, { width, height, pixels }: Picture): void {
  Object.assign(canvas, { width, height });
  canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
}
