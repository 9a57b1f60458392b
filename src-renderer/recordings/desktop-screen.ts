import type { Primer } from '../../shared/watching/primer.ts';
import type { DesktopEngine, StartDesktopEngine } from '../desktop/desktop-engine.ts';
import type { PlayerScreen } from './recording-player.ts';

/**
 * What a VNC target's sign-on leaves for its client, which is always the same and therefore in no recording: version 3.8, one
 * security type ("None"), accepted (docs/recording-format.md).
 */
const HANDSHAKE: Uint8Array = Uint8Array.of(...new TextEncoder().encode('RFB 003.008\n'), 1, 1, 0, 0, 0, 0);

/** A desktop's recording on the engine of its sessions, which is told nothing by the user and tells the target nothing. `dispose` ends it. */
export class DesktopScreen implements PlayerScreen {
  readonly #place: HTMLElement;
  readonly #start: Promise<StartDesktopEngine>;
  #engine: DesktopEngine | undefined;
  #disposed = false;
  readonly #nextFrame: (callback: () => void) => void;
  readonly #onBroken: () => void;

  constructor(place: HTMLElement, start: Promise<StartDesktopEngine>, nextFrame: (callback: () => void) => void, onBroken: () => void) {
    this.#place = place;
    this.#start = start;
    this.#nextFrame = nextFrame;
    this.#onBroken = onBroken;
  }

  readonly write = (bytes: Uint8Array, drawn: () => void): void => {
    void this.#write(bytes, drawn);
  };

  /** Goes on with a packed stream of the protocol from its middle; the bytes before began the engine. */
  readonly prime = (primer: Primer): void => this.#engine?.prime?.(primer);

  /** A desktop says its size in its own protocol. */
  readonly resize = (): void => undefined;

  /** A desktop cannot run backward: the next bytes are its first again. */
  readonly reset = (): void => {
    this.#engine?.dispose();
    this.#engine = undefined;
  };

  dispose(): void {
    this.#disposed = true;
    this.reset();
  }

  async #write(bytes: Uint8Array, drawn: () => void): Promise<void> {
    const start = await this.#start;
    if (this.#disposed) return;
    const engine = this.#engine ?? this.#begun(start);
    // What was decoded is on the screen with the next frame; until then no more comes.
    engine.receive(bytes, () => this.#nextFrame(drawn));
  }

  #begun(start: StartDesktopEngine): DesktopEngine {
    const nothing = (): void => undefined;
    const engine = start(
      this.#place,
      { send: nothing, onSize: nothing, onFrame: nothing, onClipboard: nothing, onFiles: nothing, onName: nothing, onBell: nothing, onBroken: this.#onBroken },
      { viewOnly: true, scaling: 'fit', quality: 'exact' },
      { certificate: new Uint8Array(0) },
    );
    engine.receive(HANDSHAKE, nothing);
    this.#engine = engine;
    return engine;
  }
}
