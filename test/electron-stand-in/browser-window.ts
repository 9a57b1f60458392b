import { randomBytes } from 'node:crypto';
import { app } from './app.ts';
import type { CdpSession, Protocol } from './cdp.ts';
import { headless } from './chromium.ts';
import { application } from './application.ts';
import { asElectron, Covered, debug, makeEvent, recordCall } from './covered.ts';
import { runningChromium } from './running.ts';
import { StandInWebContents } from './web-contents.ts';

type Bounds = { x: number; y: number; width: number; height: number };
type WindowState = 'normal' | 'minimized' | 'maximized' | 'fullscreen';

const EVENTS = [
  'close', 'closed', 'ready-to-show', 'show', 'hide', 'focus', 'blur', 'resize', 'resized', 'will-resize', 'move', 'moved', 'will-move', 'minimize', 'maximize', 'unmaximize', 'restore', 'enter-full-screen', 'leave-full-screen', 'page-title-updated',
  // Known and never emitted here.
  'unresponsive', 'responsive', 'session-end', 'query-session-end', 'app-command', 'always-on-top-changed', 'enter-html-full-screen', 'leave-html-full-screen', 'swipe', 'system-context-menu',
] as const;

/** Where hidden windows stand: their pages live on, as in Electron, and no one sees them. */
const OFF_SCREEN = -20_000;
/** Chromium that has not shown a window by then will not: the hand-over to the running browser is tried again. */
const CREATE_LIMIT_MS = 15_000;
const CREATE_TRIES = 2;
const DEFAULT_SIZE = { width: 800, height: 600 };

const windows = new Map<number, StandInWindow>();
/** Windows whose Chromium window has not come yet, by the key in its first address. */
const awaited = new Map<string, StandInWindow>();
/** Windows in the order in which they had the focus, the last one has it. */
let focusOrder: StandInWindow[] = [];

type Covers = Pick<
  Electron.BrowserWindow,
  | 'id' | 'webContents' | 'title' | 'close' | 'destroy' | 'show' | 'showInactive' | 'hide' | 'focus' | 'blur' | 'minimize' | 'maximize' | 'unmaximize' | 'restore' | 'setFullScreen' | 'isDestroyed' | 'isVisible' | 'isFocused' | 'isMinimized' | 'isMaximized' | 'isFullScreen' | 'isNormal' | 'isModal' | 'isEnabled' | 'isResizable'
  | 'getBounds' | 'setBounds' | 'getNormalBounds' | 'getContentBounds' | 'setContentBounds' | 'getSize' | 'setSize' | 'getContentSize' | 'setContentSize' | 'getPosition' | 'setPosition' | 'center' | 'getMinimumSize' | 'setMinimumSize' | 'getMaximumSize' | 'setMaximumSize' | 'getTitle' | 'setTitle' | 'getParentWindow' | 'setParentWindow' | 'getChildWindows'
  | 'loadURL' | 'loadFile' | 'reload' | 'capturePage' | 'setMenu' | 'removeMenu' | 'setMenuBarVisibility' | 'isMenuBarVisible' | 'setAutoHideMenuBar' | 'isMenuBarAutoHide' | 'setBackgroundColor' | 'getBackgroundColor' | 'setIcon' | 'flashFrame' | 'setProgressBar' | 'setAlwaysOnTop' | 'isAlwaysOnTop' | 'setContentProtection' | 'isContentProtected' | 'setOverlayIcon' | 'setSkipTaskbar' | 'moveTop' | 'setTitleBarOverlay' | 'setResizable' | 'setOpacity' | 'getOpacity' | 'setEnabled' | 'setAspectRatio'
>;

/** Electron's `BrowserWindow`: an application window of the running Chromium. */
export class StandInWindow extends Covered implements Covers {
  readonly id: number;
  readonly webContents: Electron.WebContents;
  readonly _contents: StandInWebContents;
  readonly #key: string = randomBytes(6).toString('hex');
  readonly #resolvers = Promise.withResolvers<void>();
  /** What was asked of Chromium's window, one after the other: of two at once, the older could be the one that stays. */
  #works: Promise<void> = this.#resolvers.promise;
  /** Of Chromium's window, as it was when last asked. */
  #chromiumSize = '';
  /** Grows with each change of place, size or state that the application asks for. */
  #changes = 0;
  #targetId = '';
  #chromiumWindow: number | undefined;
  /** What Chromium draws around the page: the page shall have the size that was asked for. */
  #frame = { width: 0, height: 0 };
  #bounds: Bounds;
  #state: WindowState = 'normal';
  #visible: boolean;
  #title: string;
  #destroyed = false;
  #minimum = [0, 0];
  #maximum = [0, 0];
  #parent: Electron.BrowserWindow | null;
  #backgroundColor: string;
  #menuBarVisible: boolean;
  #menuBarAutoHide: boolean;
  #alwaysOnTop = false;
  #contentProtected = false;
  #resizable: boolean;
  #enabled = true;
  #opacity = 1;
  readonly #modal: boolean;

  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super('BrowserWindow', EVENTS);
    if (!app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready');
    this.#bounds = { x: options.x ?? NaN, y: options.y ?? NaN, width: options.width ?? DEFAULT_SIZE.width, height: options.height ?? DEFAULT_SIZE.height };
    this.#title = options.title ?? application.name;
    this.#visible = options.show ?? true;
    this.#minimum = [options.minWidth ?? 0, options.minHeight ?? 0];
    this.#maximum = [options.maxWidth ?? 0, options.maxHeight ?? 0];
    this.#parent = asElectron(options.parent ?? null);
    this.#backgroundColor = options.backgroundColor ?? '#FFFFFF';
    this.#menuBarAutoHide = options.autoHideMenuBar ?? false;
    this.#menuBarVisible = !this.#menuBarAutoHide;
    this.#alwaysOnTop = options.alwaysOnTop ?? false;
    this.#resizable = options.resizable ?? true;
    this.#modal = options.modal ?? false;
    this._contents = new StandInWebContents(this.#forContents(), options.webPreferences ?? {});
    this.webContents = asElectron(this._contents);
    this.id = this._contents.id;
    windows.set(this.id, this);
    awaited.set(this.#key, this);
    this.#resolvers.promise.catch((error: unknown) => debug('window', error));
    this.#open(1);
    if (this.#visible) giveFocus(this);
    app.emit('web-contents-created', makeEvent(), this._contents);
    app.emit('browser-window-created', makeEvent(), this);
    if (options.fullscreen) this.setFullScreen(true);
  }

  static getAllWindows(): Electron.BrowserWindow[] {
    return [...windows.values()].map((window) => asElectron(window));
  }

  static fromId(id: number): Electron.BrowserWindow | null {
    return asElectron(windows.get(id) ?? null);
  }

  static fromWebContents(contents: Electron.WebContents): Electron.BrowserWindow | null {
    return asElectron([...windows.values()].find((window) => window.webContents === contents) ?? null);
  }

  static getFocusedWindow(): Electron.BrowserWindow | null {
    return asElectron(focusOrder.at(-1) ?? null);
  }

  /** What the page's half needs of the window. */
  #forContents() {
    // oxlint-disable-next-line no-this-alias -- getters below speak of the window
    const window = this;
    return {
      created: this.#resolvers.promise,
      get asksBeforeClose(): boolean {
        return asksOnUserClose() && window.listenerCount('close') > 0;
      },
      isDestroyed: () => this.#destroyed,
      isFocused: () => this.isFocused(),
      focus: () => this.focus(),
      closeFromPage: () => this.destroy(),
      userMayClose: () => this.#mayClose(),
      titleChanged: (title: string) => this.#titleChanged(title),
      firstDocumentShown: () => this.emit('ready-to-show'),
      focusChanged: (focused: boolean) => {
        if (focused && this.#visible) giveFocus(this);
      },
      resized: () => this.#later(() => this.#readBounds()),
      pageSize: async () => {
        await this.#resolvers.promise;
        const { bounds } = await runningChromium().cdp.browser.send('Browser.getWindowBounds', { windowId: this.#windowId() });
        return { width: (bounds.width ?? 0) - this.#frame.width, height: (bounds.height ?? 0) - this.#frame.height };
      },
    };
  }

  // Coming and going

  #open(attempt: number): void {
    const hash = `boot-${this.#key}`;
    const chromium = runningChromium();
    if (headless) {
      chromium.cdp.browser.send('Target.createTarget', { url: `about:blank#${hash}`, newWindow: true, width: this.#bounds.width, height: this.#bounds.height }).catch((error: unknown) => debug('create window', error));
    } else {
      chromium.openAppWindow(this.#title, hash);
    }
    setTimeout(() => {
      if (!awaited.has(this.#key) || this.#destroyed) return;
      if (attempt < CREATE_TRIES) this.#open(attempt + 1);
      else console.error(`Electron stand-in: Chromium has shown no window for '${this.#title}' in ${CREATE_TRIES * CREATE_LIMIT_MS} ms`);
    }, CREATE_LIMIT_MS).unref();
  }

  /** Chromium's window has come, and waits to be started. */
  async _adopt(target: Protocol.Target.TargetInfo, session: CdpSession): Promise<void> {
    this.#targetId = target.targetId;
    const [{ windowId }] = await Promise.all([runningChromium().cdp.browser.send('Browser.getWindowForTarget', { targetId: target.targetId }), this._contents._attach(session, target.targetId)]);
    this.#chromiumWindow = windowId;
  }

  /** The window runs: gives it its size and lets the application load its pages. */
  async _started(session: CdpSession): Promise<void> {
    if (this.#destroyed) {
      this.#closeTarget();
      return;
    }
    await this.#measureFrame(session).catch((error: unknown) => debug('measure', error));
    await this.#applyBounds();
    this.#resolvers.resolve();
    if (this.#visible) this.emit('show');
  }

  async #measureFrame(session: CdpSession): Promise<void> {
    const { bounds } = await runningChromium().cdp.browser.send('Browser.getWindowBounds', { windowId: this.#windowId() });
    const { result } = await session.send('Runtime.evaluate', { expression: '[innerWidth,innerHeight]', returnByValue: true });
    const [width = 0, height = 0] = result.value as number[];
    if (width === 0 || height === 0) return;
    this.#frame = { width: Math.max(0, (bounds.width ?? width) - width), height: Math.max(0, (bounds.height ?? height) - height) };
    if (Number.isNaN(this.#bounds.x)) this.#bounds = { ...this.#bounds, x: bounds.left ?? 0, y: bounds.top ?? 0 };
  }

  #windowId(): number {
    if (this.#chromiumWindow === undefined) throw new Error('Electron stand-in: the window has not come yet');
    return this.#chromiumWindow;
  }

  #closeTarget(): void {
    runningChromium().cdp.browser.send('Target.closeTarget', { targetId: this.#targetId }).catch(() => this._gone());
  }

  /** Chromium has closed the window. */
  _gone(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    windows.delete(this.id);
    awaited.delete(this.#key);
    const hadFocus = this.isFocused();
    focusOrder = focusOrder.filter((window) => window !== this);
    this.#resolvers.reject(new Error('the window was closed'));
    this._contents._destroy();
    this.emit('closed');
    const next = focusOrder.at(-1);
    if (hadFocus && next) next.#focusEvents(true);
    app._windowClosed(windows.size);
  }

  #mayClose(): boolean {
    const event = makeEvent();
    this.emit('close', event);
    return !event.defaultPrevented;
  }

  /** Asks the application and closes; resolves with false if it has prevented that. */
  async _close(): Promise<boolean> {
    if (this.#destroyed) return true;
    if (!this.#mayClose()) return false;
    const gone = new Promise<boolean>((resolve) => {
      if (this.#destroyed) resolve(true);
      else this.once('closed', () => resolve(true));
    });
    this.destroy();
    return gone;
  }

  close(): void {
    void this._close();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#resolvers.promise.then(
      () => this.#closeTarget(),
      () => undefined,
    );
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  // Showing

  show(): void {
    this.showInactive();
    this.focus();
  }

  showInactive(): void {
    if (this.#visible) return;
    this.#visible = true;
    this.#changes += 1;
    this.#later(async () => {
      await this.#applyBounds();
      this.emit('show');
    });
  }

  hide(): void {
    if (!this.#visible) return;
    this.#visible = false;
    this.#changes += 1;
    dropFocus(this);
    this.#later(async () => {
      await this.#applyBounds();
      this.emit('hide');
    });
  }

  isVisible(): boolean {
    return this.#visible && !this.#destroyed;
  }

  focus(): void {
    if (!this.#visible) return;
    giveFocus(this);
    this.#later(async () => {
      await runningChromium().cdp.browser.send('Target.activateTarget', { targetId: this.#targetId });
    });
  }

  blur(): void {
    dropFocus(this);
  }

  isFocused(): boolean {
    return !this.#destroyed && focusOrder.at(-1) === this;
  }

  /** Emits the window's and the application's event. */
  #focusEvents(focused: boolean): void {
    const name = focused ? 'focus' : 'blur';
    this.emit(name, makeEvent());
    this._contents.emit(name);
    app.emit(`browser-window-${name}`, makeEvent(), this);
  }

  /** Tells the window that it has lost or got the focus. */
  _focusMoved(focused: boolean): void {
    this.#focusEvents(focused);
  }

  moveTop(): void {
    this.focus();
  }

  // Size and place

  /** Runs when Chromium's window is there and all that was asked before is done; a window that goes meanwhile does not matter. */
  #later(work: () => Promise<void>): void {
    this.#works = this.#works
      .then(() => this.#resolvers.promise)
      .then(work)
      .catch((error: unknown) => debug('window', error));
  }

  async #setChromiumBounds(bounds: Protocol.Browser.Bounds): Promise<void> {
    await runningChromium().cdp.browser.send('Browser.setWindowBounds', { windowId: this.#windowId(), bounds });
  }

  async #applyBounds(): Promise<void> {
    const { x, y, width, height } = this.#bounds;
    const place = this.#visible ? (Number.isNaN(x) ? {} : { left: x, top: y }) : { left: OFF_SCREEN, top: OFF_SCREEN };
    await this.#setChromiumBounds({ windowState: 'normal' });
    await this.#setChromiumBounds({ ...place, width: width + this.#frame.width, height: height + this.#frame.height });
    if (this.#state !== 'normal') await this.#setChromiumBounds({ windowState: this.#state });
  }

  /** The page has another size: reads what Chromium's window has become, unless the application has asked for another meanwhile. */
  async #readBounds(): Promise<void> {
    const changes = this.#changes;
    if (this.#destroyed) return;
    const { bounds } = await runningChromium().cdp.browser.send('Browser.getWindowBounds', { windowId: this.#windowId() });
    if (this.#destroyed) return;
    // A zoom gives the page another size too: of that, nothing is to be told.
    const size = `${bounds.width} ${bounds.height}`;
    if (size === this.#chromiumSize) return;
    this._contents._windowResized();
    if (this.#changes !== changes) return;
    this.#chromiumSize = size;
    const state = bounds.windowState ?? 'normal';
    const width = (bounds.width ?? 0) - this.#frame.width;
    const height = (bounds.height ?? 0) - this.#frame.height;
    if (state === 'normal' && this.#visible && this.#state === 'normal') this.#bounds = { x: bounds.left ?? 0, y: bounds.top ?? 0, width, height };
    this.emit('resize');
    this.emit('resized');
  }

  #changeState(state: WindowState, ...events: string[]): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#changes += 1;
    this.#later(async () => {
      await this.#setChromiumBounds({ windowState: 'normal' });
      if (state !== 'normal') await this.#setChromiumBounds({ windowState: state });
      for (const event of events) this.emit(event);
    });
  }

  minimize(): void {
    dropFocus(this);
    this.#changeState('minimized', 'minimize');
  }

  maximize(): void {
    this.#changeState('maximized', 'maximize');
  }

  unmaximize(): void {
    if (this.#state === 'maximized') this.#changeState('normal', 'unmaximize');
  }

  restore(): void {
    if (this.#state === 'minimized') this.#changeState('normal', 'restore');
    else if (this.#state === 'maximized') this.#changeState('normal', 'restore', 'unmaximize');
  }

  setFullScreen(flag: boolean): void {
    if (flag) this.#changeState('fullscreen', 'enter-full-screen');
    else if (this.#state === 'fullscreen') this.#changeState('normal', 'leave-full-screen');
  }

  isMinimized(): boolean {
    return this.#state === 'minimized';
  }

  isMaximized(): boolean {
    return this.#state === 'maximized';
  }

  isFullScreen(): boolean {
    return this.#state === 'fullscreen';
  }

  isNormal(): boolean {
    return this.#state === 'normal';
  }

  isModal(): boolean {
    return this.#modal;
  }

  getBounds(): Electron.Rectangle {
    const { x, y, width, height } = this.#bounds;
    return { x: Number.isNaN(x) ? 0 : x, y: Number.isNaN(y) ? 0 : y, width, height };
  }

  setBounds(bounds: Partial<Electron.Rectangle>): void {
    const before = this.getBounds();
    const wanted = { ...before, ...bounds };
    const [minimumWidth = 0, minimumHeight = 0] = this.#minimum;
    this.#changes += 1;
    this.#bounds = { ...wanted, width: Math.max(wanted.width, minimumWidth), height: Math.max(wanted.height, minimumHeight) };
    this.#later(async () => {
      await this.#applyBounds();
      if (before.x !== wanted.x || before.y !== wanted.y) this.emit('move');
    });
  }

  getNormalBounds(): Electron.Rectangle {
    return this.getBounds();
  }

  getContentBounds(): Electron.Rectangle {
    return this.getBounds();
  }

  setContentBounds(bounds: Electron.Rectangle): void {
    this.setBounds(bounds);
  }

  getSize(): number[] {
    return [this.#bounds.width, this.#bounds.height];
  }

  setSize(width: number, height: number): void {
    this.setBounds({ width, height });
  }

  getContentSize(): number[] {
    return this.getSize();
  }

  setContentSize(width: number, height: number): void {
    this.setBounds({ width, height });
  }

  getPosition(): number[] {
    const { x, y } = this.getBounds();
    return [x, y];
  }

  setPosition(x: number, y: number): void {
    this.setBounds({ x, y });
  }

  center(): void {
    recordCall('window.center');
  }

  getMinimumSize(): number[] {
    return this.#minimum;
  }

  setMinimumSize(width: number, height: number): void {
    this.#minimum = [width, height];
  }

  getMaximumSize(): number[] {
    return this.#maximum;
  }

  setMaximumSize(width: number, height: number): void {
    this.#maximum = [width, height];
  }

  // Title and pages

  get title(): string {
    return this.#title;
  }

  set title(title: string) {
    this.setTitle(title);
  }

  getTitle(): string {
    return this.#title;
  }

  /** Call only on the screen: Chromium shows the page's own title. */
  setTitle(title: string): void {
    recordCall('window.setTitle', title);
    this.#title = title;
  }

  #titleChanged(title: string): void {
    const event = makeEvent();
    this.emit('page-title-updated', event, title, title !== '');
    if (!event.defaultPrevented) this.#title = title;
  }

  loadURL(url: string, options?: Electron.LoadURLOptions): Promise<void> {
    return this._contents.loadURL(url, options);
  }

  loadFile(file: string, options?: Electron.LoadFileOptions): Promise<void> {
    return this._contents.loadFile(file, options);
  }

  reload(): void {
    this._contents.reload();
  }

  capturePage(rectangle?: Electron.Rectangle): Promise<Electron.NativeImage> {
    return this._contents.capturePage(rectangle);
  }

  getParentWindow(): Electron.BrowserWindow | null {
    return this.#parent;
  }

  setParentWindow(parent: Electron.BrowserWindow | null): void {
    recordCall('window.setParentWindow', parent?.id);
    this.#parent = parent;
  }

  getChildWindows(): Electron.BrowserWindow[] {
    return StandInWindow.getAllWindows().filter((window) => window.getParentWindow() === asElectron(this));
  }

  // What no one can see here: kept or recorded

  setMenu(menu: Electron.Menu | null): void {
    recordCall('window.setMenu', menu);
    this._contents._windowMenu = menu;
  }

  removeMenu(): void {
    recordCall('window.removeMenu');
    this._contents._windowMenu = null;
  }

  setMenuBarVisibility(visible: boolean): void {
    recordCall('window.setMenuBarVisibility', visible);
    this.#menuBarVisible = visible;
  }

  isMenuBarVisible(): boolean {
    return this.#menuBarVisible;
  }

  setAutoHideMenuBar(hide: boolean): void {
    recordCall('window.setAutoHideMenuBar', hide);
    this.#menuBarAutoHide = hide;
  }

  isMenuBarAutoHide(): boolean {
    return this.#menuBarAutoHide;
  }

  setBackgroundColor(color: string): void {
    recordCall('window.setBackgroundColor', color);
    this.#backgroundColor = color;
  }

  getBackgroundColor(): string {
    return this.#backgroundColor;
  }

  setIcon(icon: Electron.NativeImage | string): void {
    recordCall('window.setIcon', icon);
  }

  flashFrame(flag: boolean): void {
    recordCall('window.flashFrame', flag);
  }

  setProgressBar(progress: number, options?: Electron.ProgressBarOptions): void {
    recordCall('window.setProgressBar', progress, options);
  }

  setAlwaysOnTop(flag: boolean, level?: string): void {
    recordCall('window.setAlwaysOnTop', flag, level);
    this.#alwaysOnTop = flag;
  }

  isAlwaysOnTop(): boolean {
    return this.#alwaysOnTop;
  }

  setContentProtection(enable: boolean): void {
    recordCall('window.setContentProtection', enable);
    this.#contentProtected = enable;
  }

  isContentProtected(): boolean {
    return this.#contentProtected;
  }

  setOverlayIcon(overlay: Electron.NativeImage | null, description: string): void {
    recordCall('window.setOverlayIcon', overlay, description);
  }

  setSkipTaskbar(skip: boolean): void {
    recordCall('window.setSkipTaskbar', skip);
  }

  setTitleBarOverlay(options: Electron.TitleBarOverlayOptions): void {
    recordCall('window.setTitleBarOverlay', options);
  }

  setResizable(resizable: boolean): void {
    recordCall('window.setResizable', resizable);
    this.#resizable = resizable;
  }

  isResizable(): boolean {
    return this.#resizable;
  }

  setEnabled(enable: boolean): void {
    recordCall('window.setEnabled', enable);
    this.#enabled = enable;
  }

  isEnabled(): boolean {
    return this.#enabled;
  }

  setOpacity(opacity: number): void {
    recordCall('window.setOpacity', opacity);
    this.#opacity = opacity;
  }

  getOpacity(): number {
    return this.#opacity;
  }

  setAspectRatio(ratio: number): void {
    recordCall('window.setAspectRatio', ratio);
  }

  /** Id of Chromium's target, by which debuggers know the window. */
  get _targetId(): string {
    return this.#targetId;
  }
}

function giveFocus(window: StandInWindow): void {
  const before = focusOrder.at(-1);
  if (before === window) return;
  focusOrder = [...focusOrder.filter((other) => other !== window), window];
  before?._focusMoved(false);
  window._focusMoved(true);
}

function dropFocus(window: StandInWindow): void {
  if (focusOrder.at(-1) !== window) return;
  focusOrder = focusOrder.filter((other) => other !== window);
  window._focusMoved(false);
  focusOrder.at(-1)?._focusMoved(true);
}

/**
 * Whether pages ask before a user closes their window, which is how the application's 'close' event can veto it. Test runners
 * answer such questions by themselves, so with one attached it is off unless ELECTRON_STANDIN_USER_CLOSE=1.
 */
function asksOnUserClose(): boolean {
  return !headless && (process.env['ELECTRON_STANDIN_USER_CLOSE'] === '1' || !application.switches.has('remote-debugging-port'));
}

/** The window for which Chromium has opened this target, if it is one. */
export function windowAwaiting(url: string): StandInWindow | undefined {
  const key = /#boot-(\w+)/.exec(url)?.[1] ?? '';
  const window = awaited.get(key);
  awaited.delete(key);
  return window;
}

/** The window of a target. */
export function windowOfTarget(targetId: string): StandInWindow | undefined {
  return [...windows.values()].find((window) => window._targetId === targetId);
}

/** All windows. */
export function everyWindow(): StandInWindow[] {
  return [...windows.values()];
}

export { StandInWindow as BrowserWindow };
