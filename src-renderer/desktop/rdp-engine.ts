import type { ChosenFile, DesktopEngine, DesktopEvents, DesktopSettings, ReadPiece, StartDesktopEngine } from './desktop-engine.ts';
import type { KeyCombination } from './key-combinations.ts';
import { makeKeyField } from './key-field.ts';
import { watchInput } from './rdp/desktop-input.ts';
import { IronSession, loadIron, type Size } from './rdp/iron-session.ts';
import { ownLayout } from './rdp/keyboard-layout.ts';
import { RdpStream } from './rdp/rdp-stream.ts';
import { scanCodes } from './rdp/scan-codes.ts';
import { wishedSize } from './rdp/wished-size.ts';

/** A window that is being dragged is let come to rest: each new size is a sign-on at the target, and the gateway makes at most one a second (rule 24). */
const REST_MS = 600;

/** Draws an RDP target with IronRDP. What comes here is RDP in clear: TLS and sign-on are the gateway's. */
export const startRdpEngine: StartDesktopEngine = (place, events, settings, { certificate }) => new RdpEngine(place, events, settings, certificate);

class RdpEngine implements DesktopEngine {
  readonly #place: HTMLElement;
  readonly #events: DesktopEvents;
  readonly #stream: RdpStream;
  readonly #area = document.createElement('div');
  readonly #field = makeKeyField();
  readonly #over = new AbortController();
  readonly #watched: ResizeObserver;
  #settings: DesktopSettings;
  #session: IronSession | undefined;
  #asked: Size | undefined;
  #connecting = false;
  /** The target has a size of its own: it is only scaled from now on. */
  #fixed = false;
  #rest: number | undefined;

  constructor(place: HTMLElement, events: DesktopEvents, settings: DesktopSettings, certificate: Uint8Array) {
    this.#place = place;
    this.#events = events;
    this.#settings = settings;
    this.#stream = new RdpStream(events.send, certificate);
    this.#area.className = 'rdp-area';
    place.append(this.#area, this.#field);
    this.#watched = new ResizeObserver(() => this.#onArea());
    this.#watched.observe(place);
    this.apply(settings);
    loadIron().then(
      () => void this.#connect(),
      (error: unknown) => this.#broken(error),
    );
    watchInput(
      { canvas: () => this.#session?.canvas ?? document.createElement('canvas'), area: this.#area, field: this.#field },
      {
        key: (scanCode, down) => this.#session?.key(scanCode, down),
        letter: (letter) => this.#session?.letter(letter),
        move: (x, y) => this.#session?.move(x, y),
        button: (button, down) => this.#session?.button(button, down),
        wheel: (vertical, amount) => this.#session?.wheel(vertical, amount),
        locks: (locks) => this.#session?.locks(locks),
        releaseAll: () => this.#session?.releaseAll(),
      },
      () => !this.#settings.viewOnly,
      this.#over.signal,
    );
  }

  receive(bytes: Uint8Array, taken: () => void): void {
    try {
      this.#stream.receive(bytes);
    } catch (error) {
      this.#broken(error);
    }
    // The engine decodes in the turns that its messages begin: when the next task runs, these are drawn.
    setTimeout(taken);
  }

  apply(settings: DesktopSettings): void {
    this.#settings = settings;
    this.#area.dataset['scaling'] = settings.scaling;
    this.#layOut();
  }

  sendKeys({ keys }: KeyCombination): void {
    const codes = keys.flatMap(({ code }) => scanCodes[code] ?? []);
    for (const code of codes) this.#session?.key(code, true);
    for (const code of codes.toReversed()) this.#session?.key(code, false);
  }

  sendClipboard(text: string): void {
    this.#session?.paste(text);
  }

  readonly readFile: ReadPiece = (place, at, bytes) => this.#session?.readFile(place, at, bytes) ?? Promise.reject(new Error('not connected'));

  readonly offerFiles = (files: readonly ChosenFile[], read: ReadPiece): boolean => this.#session?.offerFiles(files, read) ?? false;

  leave(): void {
    this.#field.blur();
  }

  focus(): void {
    this.#field.focus({ preventScroll: true });
  }

  freeze(): void {
    this.#stop();
  }

  dispose(): void {
    this.#stop();
    this.#area.remove();
    this.#field.remove();
  }

  #stop(): void {
    clearTimeout(this.#rest);
    this.#over.abort();
    this.#watched.disconnect();
    this.#stream.close();
  }

  #wished(): Size {
    // Before the picture is shown its place has no size; what it will fill has.
    const shown = this.#place.clientWidth > 0 ? this.#place : (this.#place.closest('.session-body') ?? this.#place);
    return wishedSize({ width: shown.clientWidth, height: shown.clientHeight }, window.devicePixelRatio);
  }

  #onArea(): void {
    this.#layOut();
    clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => {
      const { width, height } = this.#wished();
      // Who may only look leaves the target's size alone.
      if (this.#fixed || this.#settings.viewOnly || this.#session === undefined || (this.#asked?.width === width && this.#asked.height === height)) return;
      void this.#connect();
    }, REST_MS);
  }

  /** Shows the picture point for point, or as large as fits; its own box is exactly the picture, so that the pointer is where it points. */
  #layOut(): void {
    const canvas = this.#area.firstElementChild;
    if (!(canvas instanceof HTMLCanvasElement) || canvas.width === 0 || this.#area.clientWidth === 0) return;
    const points = 1 / window.devicePixelRatio;
    const scale = this.#settings.scaling === 'fit' ? Math.min(this.#area.clientWidth / canvas.width, this.#area.clientHeight / canvas.height) : points;
    // A picture that was asked for the area's size is a few points smaller: it is not stretched by them.
    const shown = scale > points && scale < points * 1.02 ? points : scale;
    canvas.style.width = `${canvas.width * shown}px`;
    canvas.style.height = `${canvas.height * shown}px`;
  }

  /** Connects for the first time, or anew with the size of now: the picture of before stays until the new one is there. */
  async #connect(): Promise<void> {
    if (this.#connecting || this.#over.signal.aborted) return;
    this.#connecting = true;
    const size = this.#wished();
    this.#asked = size;
    const canvas = document.createElement('canvas');
    Object.assign(canvas, size);
    try {
      // Asked each time: keyboards are changed while a session goes on.
      this.#stream.keyboard = await ownLayout(navigator);
      if (this.#over.signal.aborted) return;
      const session = await IronSession.connect({ canvas, address: this.#stream.address(), size, onFrame: () => this.#onFrame(canvas), onClipboard: this.#events.onClipboard, onFiles: this.#events.onFiles });
      this.#fixed = canvas.width !== size.width || canvas.height !== size.height;
      this.#session = session;
      // What the connection before was offered is gone with it.
      this.#events.onFiles([]);
      this.#events.onSize({ width: canvas.width, height: canvas.height });
      session.run().catch((error: unknown) => {
        // One whose place another is just taking ends in the middle of a message.
        if (this.#session === session && !this.#connecting) this.#broken(error);
      });
      this.#stream.running();
    } catch (error) {
      // A first connection is the session; another one that is not to be had leaves the first as it is, and scaled.
      if (this.#session === undefined || this.#session.over) this.#broken(error);
      else this.#fixed = true;
    } finally {
      this.#connecting = false;
      // The area may have changed meanwhile.
      this.#onArea();
    }
  }

  #onFrame(canvas: HTMLCanvasElement): void {
    if (canvas.parentElement !== this.#area) {
      this.#area.replaceChildren(canvas);
      this.#layOut();
    }
    this.#events.onFrame();
  }

  #broken(error: unknown): void {
    // An engine that has fallen falls again over each message.
    this.#stream.close();
    if (!this.#over.signal.aborted) this.#events.onBroken(error instanceof Error ? error.message : 'unknown');
  }
}
