import init, { ClipboardData, DesktopSize, DeviceEvent, Extension, InputTransaction, IronError, RotationUnit, type Session, SessionBuilder, setup } from 'ironrdp-wasm';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import type { ChosenFile, ReadPiece, TargetFile } from '../desktop-engine.ts';
import { installBridge } from './bridge-socket.ts';
import type { RdpInput } from './desktop-input.ts';
import { IronFiles } from './iron-files.ts';
import { MOST_SIDE_PIXELS } from './wished-size.ts';

/** What the target's clipboard may hold of text; the rest is left there. */
const TEXT = 'text/plain';
/** A pointer that is a picture: what IronRDP makes is PNG, and nothing else is put into a style. */
const POINTER = /^data:image\/png;base64,[A-Za-z0-9+/=]+$/;

let loaded: Promise<unknown> | undefined;

/** Loads the engine once for a page. */
export async function loadIron(): Promise<void> {
  loaded ??= load();
  await loaded;
}

async function load(): Promise<void> {
  installBridge();
  await init();
  setup('error');
  globalThis.addEventListener('error', (event) => {
    if (!(event.error instanceof WebAssembly.RuntimeError)) return;
    // It is told by whoever waits for the engine; the page itself goes on.
    event.preventDefault();
    for (const tell of [...waiting]) tell(event.error);
  });
}

/** Who waits for the engine, and is told where it falls over what a target sent: it does so in a turn of its own, and settles nothing. */
const waiting = new Set<(error: Error) => void>();

/** What the engine promises; rejects where it falls meanwhile. */
async function unlessItFalls<Result>(promised: Promise<Result>): Promise<Result> {
  const { promise: fallen, reject } = Promise.withResolvers<never>();
  waiting.add(reject);
  try {
    return await Promise.race([promised, fallen]);
  } finally {
    waiting.delete(reject);
  }
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface IronParts {
  readonly canvas: HTMLCanvasElement;
  readonly address: string;
  readonly size: Size;
  readonly onFrame: () => void;
  readonly onClipboard: (text: string) => void;
  readonly onFiles: (files: readonly TargetFile[]) => void;
}

/** One connection of IronRDP, drawing into one canvas. */
export class IronSession implements RdpInput {
  readonly canvas: HTMLCanvasElement;
  readonly #session: Session;
  readonly #files: IronFiles;
  #clipboardReady = false;
  #over = false;

  private constructor(canvas: HTMLCanvasElement, session: Session, files: IronFiles) {
    this.canvas = canvas;
    this.#session = session;
    this.#files = files;
  }

  /** Connects; rejects with a word why not. */
  static async connect(parts: IronParts): Promise<IronSession> {
    const { canvas, size } = parts;
    const state: { session: IronSession | undefined; clipboardAsked: boolean } = { session: undefined, clipboardAsked: false };
    watchFrames(canvas, parts.onFrame);
    const files = new IronFiles((name, value) => state.session?.invoke(name, value), parts.onFiles);
    const session = await connectIron(parts.address, size, (builder) =>
      files
        .extensions()
        .reduce<SessionBuilder>((extended, extension) => extended.extension(extension), builder)
        .renderCanvas(canvas)
        .setCursorStyleCallback((kind: unknown, data: unknown, x: unknown, y: unknown) => (canvas.style.cursor = pointer(kind, data, x, y)))
        .remoteClipboardChangedCallback((data: unknown) => {
          // Text in place of what was listed; an engine tells of a list by itself.
          files.takeList([], undefined);
          tellClipboard(data, parts.onClipboard);
        })
        .forceClipboardUpdateCallback(() => {
          state.clipboardAsked = true;
          state.session?.answerClipboard();
        }),
    );
    const { width, height } = session.desktopSize();
    Object.assign(canvas, { width, height });
    const made = new IronSession(canvas, session, files);
    state.session = made;
    if (state.clipboardAsked) made.answerClipboard();
    return made;
  }

  /** Whether it has ended, whatever the reason. */
  get over(): boolean {
    return this.#over;
  }

  /** Runs to the end; rejects with a word where the target sent what cannot be read. */
  async run(): Promise<void> {
    try {
      await unlessItFalls(this.#session.run());
    } catch (error) {
      throw new Error(reasonOf(error), { cause: error });
    } finally {
      this.#over = true;
      this.#files.close();
    }
  }

  /** Reads a piece of a file of the target's clipboard. */
  readonly readFile: ReadPiece = (place, at, bytes) => (this.#over ? Promise.reject(new Error('the connection ended')) : this.#files.read(place, at, bytes));

  /** Offers files to the target's clipboard; false where the target has none. */
  offerFiles(files: readonly ChosenFile[], read: ReadPiece): boolean {
    if (this.#clipboardReady) this.#files.offer(files, read);
    return this.#clipboardReady;
  }

  /** Calls an extension of the engine by its name. */
  invoke(name: string, value: unknown): void {
    this.#do(() => void this.#session.invokeExtension(new Extension(name, value)));
    if (this.#over) this.#files.close();
  }

  /** The clipboard's channel stands only once its first question was answered; before, a paste would end the session. */
  answerClipboard(): void {
    this.#clipboardReady = true;
    this.#paste(new ClipboardData());
  }

  /** Offers text to the target's clipboard; false where the target has none. */
  paste(text: string): boolean {
    if (!this.#clipboardReady) return false;
    const data = new ClipboardData();
    data.addText(TEXT, text);
    this.#paste(data);
    return true;
  }

  key(scanCode: number, down: boolean): void {
    this.#apply(down ? DeviceEvent.keyPressed(scanCode) : DeviceEvent.keyReleased(scanCode));
  }

  letter(letter: string): void {
    this.#apply(DeviceEvent.unicodePressed(letter), DeviceEvent.unicodeReleased(letter));
  }

  move(x: number, y: number): void {
    this.#apply(DeviceEvent.mouseMove(x, y));
  }

  button(button: number, down: boolean): void {
    this.#apply(down ? DeviceEvent.mouseButtonPressed(button) : DeviceEvent.mouseButtonReleased(button));
  }

  wheel(vertical: boolean, amount: number): void {
    this.#apply(DeviceEvent.wheelRotations(vertical, amount, RotationUnit.Pixel));
  }

  locks({ scroll, num, caps }: { readonly scroll: boolean; readonly num: boolean; readonly caps: boolean }): void {
    this.#do(() => this.#session.synchronizeLockKeys(scroll, num, caps, false));
  }

  releaseAll(): void {
    this.#do(() => this.#session.releaseAllInputs());
  }

  #apply(...events: readonly DeviceEvent[]): void {
    this.#do(() => {
      const transaction = new InputTransaction();
      for (const event of events) transaction.addEvent(event);
      this.#session.applyInputs(transaction);
    });
  }

  #paste(data: ClipboardData): void {
    this.#do(() => {
      this.#session.onClipboardPaste(data).catch((error: unknown) => {
        // What was under way when the session ended is nobody's any more; `run` says why it ended.
        if (!this.#over) report(error);
      });
    });
  }

  /** An engine that is over takes nothing more: `run` has said so, or will. */
  #do(work: () => void): void {
    if (this.#over) return;
    try {
      work();
    } catch (error) {
      this.#over = true;
      report(error);
    }
  }
}

/** Connects the engine to what stands behind a bridge's address; rejects with a word why not, and where the desktop is larger than any (A13). The account is the gateway's: what is said here is replaced there. */
export async function connectIron(address: string, size: Size, draw: (builder: SessionBuilder) => SessionBuilder): Promise<Session> {
  const builder = new SessionBuilder()
    .proxyAddress(address)
    .authToken('-')
    .destination('target:3389')
    .username('-')
    .password('-')
    .serverDomain('')
    .desktopSize(new DesktopSize(size.width, size.height))
    .setCursorStyleCallbackContext(null)
    .canvasResizedCallback(() => undefined);
  try {
    const session = await unlessItFalls(draw(builder).connect());
    const { width, height } = session.desktopSize();
    // The engine takes four bytes a point, at once when it runs.
    if (width > MOST_SIDE_PIXELS || height > MOST_SIDE_PIXELS) throw new RdpFormatError('desktop too large');
    return session;
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  }
}

/** Tells of each update: the engine draws by putting pixels into the canvas, and tells nobody. */
function watchFrames(canvas: HTMLCanvasElement, onFrame: () => void): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const put = context.putImageData.bind(context);
  const watched = (image: ImageData, x: number, y: number, ...rest: readonly number[]): void => {
    const [left, top, width, height] = rest;
    if (left === undefined || top === undefined || width === undefined || height === undefined) put(image, x, y);
    else put(image, x, y, left, top, width, height);
    onFrame();
  };
  Object.defineProperty(context, 'putImageData', { value: watched });
}

function pointer(kind: unknown, data: unknown, x: unknown, y: unknown): string {
  if (kind === 'hidden') return 'none';
  if (kind !== 'url' || typeof data !== 'string' || !POINTER.test(data)) return 'default';
  return `url(${data}) ${Number(x) || 0} ${Number(y) || 0}, default`;
}

function tellClipboard(data: unknown, tell: (text: string) => void): void {
  if (!(data instanceof ClipboardData)) return;
  for (const item of data.items()) {
    const value: unknown = item.mimeType() === TEXT ? item.value() : undefined;
    if (typeof value === 'string') tell(value);
  }
}

/** What the engine did not take, for the log; the session's own end is told by `run`. */
function report(error: unknown): void {
  globalThis.reportError(new Error(reasonOf(error), { cause: error }));
}

function reasonOf(error: unknown): string {
  return error instanceof IronError ? error.backtrace() : String(error);
}
