import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WebSocket } from 'ws';
import { app } from './app.ts';
import { application } from './application.ts';
import type { CdpSession, Protocol } from './cdp.ts';
import { asElectron, Covered, debug, guarded, makeEvent, notInStandIn, recordCall } from './covered.ts';
import { toChromiumUrl, toElectronUrl } from './custom-scheme.ts';
import { keyDescription, sendInput } from './input.ts';
import { answerInvoke, invokeErrorText, ipcMain, StandInIpc } from './ipc.ts';
import { runMenuAccelerator } from './menu.ts';
import { makeImage } from './native-image.ts';
import { nativeThemeMedia, onThemeChange } from './native-theme.ts';
import { LoadError } from './navigation-errors.ts';
import { expectDocuments, expectNoMore, PageConnection, pageServerPort } from './page-server.ts';
import { isolatedWorldScript, ISOLATED_WORLD, mainWorldScript } from './page-script.ts';
import { applyPermissions } from './permissions.ts';
import { RequestInterception } from './request-interception.ts';
import { chromiumIfRunning } from './running.ts';
import { defaultSession, seenOrigins } from './session.ts';
import { StandInFrame } from './web-frame-main.ts';

/** The window around web contents, as far as they need it. */
export interface ContentsWindow {
  /** Resolves when Chromium's window is there. */
  readonly created: Promise<void>;
  /** True if the page shall ask before a user closes the window. */
  readonly asksBeforeClose: boolean;
  isDestroyed(): boolean;
  isFocused(): boolean;
  focus(): void;
  /** Closes without asking the application, as a page's own window.close() does. */
  closeFromPage(): void;
  /** A user wants to close the window; false: the application has prevented it. */
  userMayClose(): boolean;
  titleChanged(title: string): void;
  firstDocumentShown(): void;
  focusChanged(focused: boolean): void;
  resized(): void;
  /** The page's size at a zoom of 1, as Chromium's window has it now. */
  pageSize(): Promise<{ readonly width: number; readonly height: number }>;
}

type OpenHandler = Parameters<Electron.WebContents['setWindowOpenHandler']>[0];
type FromPage =
  | { readonly t: 'invoke'; readonly id: number; readonly channel: string; readonly arguments: readonly unknown[] }
  | { readonly t: 'send'; readonly channel: string; readonly arguments: readonly unknown[] }
  | { readonly t: 'post'; readonly channel: string; readonly message: unknown; readonly portIds: readonly number[] }
  | { readonly t: 'title'; readonly title: string }
  | { readonly t: 'focus' | 'blur' | 'resize' }
  | { readonly t: 'zoom'; readonly factor: number }
  | { readonly t: 'key'; readonly input: Electron.Input; readonly taken: boolean }
  | { readonly t: 'preload-error'; readonly error: Error };

const EVENTS = [
  'did-finish-load', 'did-fail-load', 'did-start-loading', 'did-stop-loading', 'dom-ready', 'page-title-updated', 'did-navigate', 'did-navigate-in-page', 'did-start-navigation',
  'will-navigate', 'will-frame-navigate', 'will-redirect', 'render-process-gone', 'unresponsive', 'responsive', 'destroyed', 'close', 'before-input-event', 'console-message',
  'preload-error', 'ipc-message', 'focus', 'blur', 'zoom-changed', 'devtools-opened', 'devtools-closed', 'devtools-focused', 'did-create-window',
  // Known and never emitted here: there are no webviews, client certificates, context menus of Chromium's, downloads.
  'will-attach-webview', 'did-attach-webview', 'certificate-error', 'select-client-certificate', 'login', 'context-menu', 'will-prevent-unload', 'select-bluetooth-device', 'enter-html-full-screen', 'leave-html-full-screen', 'frame-created', 'did-frame-finish-load', 'did-frame-navigate', 'did-redirect-navigation', 'did-fail-provisional-load', 'input-event',
] as const;

const LEVELS: Readonly<Record<string, Electron.WebContentsConsoleMessageEventParams['level']>> = { error: 'error', assert: 'error', warning: 'warning', debug: 'debug' };

/** A page that asks before it goes, this soon after a navigation was asked for, goes because of that and not because a user closes it. */
const LEAVING_MS = 1000;

const allContents = new Map<number, StandInWebContents>();
let nextContentsId = 1;

type Covers = Pick<
  Electron.WebContents,
  | 'id' | 'session' | 'ipc' | 'mainFrame' | 'loadURL' | 'loadFile' | 'reload' | 'reloadIgnoringCache' | 'stop' | 'getURL' | 'getTitle' | 'isDestroyed' | 'isCrashed' | 'isLoading' | 'isLoadingMainFrame' | 'isFocused' | 'focus' | 'close' | 'send' | 'postMessage' | 'executeJavaScript' | 'insertCSS'
  | 'removeInsertedCSS' | 'capturePage' | 'setWindowOpenHandler' | 'setZoomFactor' | 'getZoomFactor' | 'zoomFactor' | 'setZoomLevel' | 'getZoomLevel' | 'zoomLevel' | 'setVisualZoomLevelLimits' | 'startDrag' | 'isDevToolsOpened' | 'openDevTools' | 'closeDevTools' | 'toggleDevTools' | 'forcefullyCrashRenderer' | 'getOSProcessId' | 'getProcessId'
  | 'getType' | 'insertText' | 'sendInputEvent' | 'setUserAgent' | 'getUserAgent' | 'userAgent' | 'setAudioMuted' | 'isAudioMuted' | 'setBackgroundThrottling' | 'setIgnoreMenuShortcuts' | 'setWebRTCIPHandlingPolicy' | 'copy' | 'cut' | 'paste' | 'delete' | 'undo' | 'redo' | 'selectAll' | 'hostWebContents' | 'navigationHistory' | 'opener'
>;

/** Electron's `WebContents`: the page of one window. */
export class StandInWebContents extends Covered implements Covers {
  readonly id: number = nextContentsId++;
  readonly session: Electron.Session = asElectron(defaultSession);
  readonly ipc: Electron.IpcMain;
  readonly hostWebContents = null;
  readonly opener = null;
  readonly navigationHistory: Electron.NavigationHistory;
  readonly #ipc = new StandInIpc('webContents.ipc');
  readonly #window: ContentsWindow;
  readonly #preload: string | undefined;
  readonly #extraArguments: readonly string[];
  readonly #channel: string = randomBytes(12).toString('hex');
  #cdp: CdpSession | undefined;
  #interception: RequestInterception | undefined;
  #mainFrameId = '';
  #connection: PageConnection | undefined;
  #pending: PageConnection | undefined;
  /** Documents requested so far; tells whether a connection is of the document that is shown. */
  #requests = 0;
  #script: { readonly source: string; readonly id: string } | undefined;
  readonly #token: string;
  readonly #onSessionChange = (): void => this.#sessionChanged();
  #frame: StandInFrame;
  #url = '';
  #title = '';
  #expectedUrl: string | undefined;
  #requestedByPage = false;
  #leavingUntil = 0;
  #committedLoader = '';
  #finishedLoader = '';
  #loading = false;
  #crashed = false;
  #shown = false;
  #openHandler: OpenHandler | undefined;
  #zoom = 1;
  /** The menu of its window alone; undefined where the application's holds. */
  _windowMenu: Electron.Menu | null | undefined;
  #userAgent: string | undefined;
  #audioMuted = false;
  #devTools = false;
  #ignoresMenuShortcuts = false;
  #insertedCss = 0;

  constructor(window: ContentsWindow, preferences: Electron.WebPreferences) {
    super('WebContents', EVENTS);
    this.#window = window;
    this.#extraArguments = preferences.additionalArguments ?? [];
    if (preferences.preload !== undefined && !path.isAbsolute(preferences.preload)) throw new Error(`preload script must have absolute path: ${preferences.preload}`);
    this.#preload = preferences.preload;
    this.ipc = asElectron(this.#ipc);
    this.#frame = this.#makeFrame(undefined);
    this.#token = expectDocuments((socket, url) => this.#connected(socket, url));
    this.navigationHistory = asElectron(
      guarded('navigationHistory', { canGoBack: () => false, canGoForward: () => false, clear: () => undefined, getActiveIndex: () => 0, length: () => 1 } satisfies Partial<Electron.NavigationHistory>),
    );
    allContents.set(this.id, this);
    onThemeChange(this, () => this.#applyMedia());
    defaultSession._onChange.add(this.#onSessionChange);
  }

  get mainFrame(): Electron.WebFrameMain {
    return asElectron(this.#frame);
  }

  /** Takes over the window's target, while it still waits to be started. */
  async _attach(cdp: CdpSession, targetId: string): Promise<void> {
    this.#cdp = cdp;
    this.#mainFrameId = targetId;
    this.#listen(cdp);
    this.#interception = new RequestInterception(cdp, {
      id: this.id,
      isMainFrame: (frameId) => frameId === this.#mainFrameId,
      allowsNavigation: (url, isMainFrame, isRedirect) => this.#allowsNavigation(url, isMainFrame, isRedirect),
      prepareDocument: (url) => this.#prepareDocument(url),
    });
    await Promise.all([
      cdp.send('Page.enable'),
      cdp.send('Runtime.enable'),
      cdp.send('Inspector.enable'),
      this.#interception.enable(),
      cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: mainWorldScript(this.#channel) }),
      this.#installPreload(),
      this.#applyUserAgent(),
      this.#applyMedia(),
    ]);
  }

  /** The window has gone. */
  _destroy(): void {
    if (!allContents.delete(this.id)) return;
    defaultSession._onChange.delete(this.#onSessionChange);
    expectNoMore(this.#token);
    this.#connection?.close();
    this.#pending?.close();
    this.emit('destroyed');
  }

  #listen(cdp: CdpSession): void {
    cdp.on('Page.frameNavigated', ({ frame }) => !frame.parentId && this.#committed(frame));
    cdp.on('Page.navigatedWithinDocument', ({ frameId, url }) => this.#navigatedInPage(frameId, url));
    cdp.on('Page.domContentEventFired', () => this.emit('dom-ready', makeEvent()));
    cdp.on('Page.loadEventFired', () => this.#loaded());
    cdp.on('Page.frameRequestedNavigation', ({ frameId, url }) => {
      if (frameId !== this.#mainFrameId) return;
      this.#requestedByPage = true;
      this.#leavingUntil = Date.now() + LEAVING_MS;
      if (toChromiumUrl(url) !== url) this.#navigateToCustomScheme(url);
    });
    cdp.on('Page.frameStartedLoading', ({ frameId }) => frameId === this.#mainFrameId && this.#setLoading(true));
    cdp.on('Page.frameStoppedLoading', ({ frameId }) => frameId === this.#mainFrameId && this.#setLoading(false));
    cdp.on('Page.windowOpen', (opened) => this.#windowOpened(opened));
    cdp.on('Page.javascriptDialogOpening', (dialog) => dialog.type === 'beforeunload' && this.#beforeUnload());
    cdp.on('Inspector.targetCrashed', () => this.#gone('crashed'));
    cdp.on('Runtime.consoleAPICalled', (call) => this.#consoleMessage(call));
    cdp.on('Runtime.exceptionThrown', ({ exceptionDetails: details }) => {
      this.#emitConsole('error', `Uncaught ${details.exception?.description ?? details.text}`, details.lineNumber, details.url ?? '');
    });
  }

  // Navigation

  async loadURL(url: string, options: Electron.LoadURLOptions = {}): Promise<void> {
    if (options.postData || options.baseURLForDataURL) throw notInStandIn('loadURL with postData or baseURLForDataURL');
    await this.#window.created;
    const cdp = this.#session();
    this.#expectedUrl = url;
    this.#leavingUntil = Date.now() + LEAVING_MS;
    await this.#installPreload();
    if (/^(data|about|blob):/.test(url)) await this.#prepareDocument(url); // there is no request for these
    const { errorText, loaderId } = await cdp.send('Page.navigate', { url: toChromiumUrl(url), ...(options.httpReferrer ? { referrer: String(options.httpReferrer) } : {}) });
    if (errorText) throw this.#failed(new LoadError(errorText, url));
    if (loaderId) await this.#untilFinished(loaderId, url);
    else this.#expectedUrl = undefined; // a change of the hash only
  }

  loadFile(file: string, options: Electron.LoadFileOptions = {}): Promise<void> {
    const url = pathToFileURL(path.resolve(application.directory, file));
    if (options.search) url.search = options.search;
    if (options.hash) url.hash = options.hash;
    for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, String(value));
    return this.loadURL(url.href);
  }

  reload(): void {
    this.#reload(false);
  }

  reloadIgnoringCache(): void {
    this.#reload(true);
  }

  #reload(ignoreCache: boolean): void {
    this.#expectedUrl = this.#url;
    this.#leavingUntil = Date.now() + LEAVING_MS;
    this.#window.created
      .then(() => this.#installPreload())
      .then(() => this.#session().send('Page.reload', { ignoreCache }))
      .catch((error: unknown) => debug('reload', error));
  }

  stop(): void {
    this.#cdp?.tell('Page.stopLoading');
  }

  getURL(): string {
    return this.#url;
  }

  getTitle(): string {
    return this.#title;
  }

  isLoading(): boolean {
    return this.#loading;
  }

  isLoadingMainFrame(): boolean {
    return this.#loading;
  }

  #session(): CdpSession {
    if (!this.#cdp || this.isDestroyed()) throw new TypeError('Object has been destroyed');
    return this.#cdp;
  }

  #failed(error: LoadError): LoadError {
    this.emit('did-fail-load', makeEvent(), error.errno, error.code, error.url, true, this.id, 1);
    return error;
  }

  #untilFinished(loaderId: string, url: string): Promise<void> {
    if (this.#finishedLoader === loaderId) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        this.off('did-finish-load', check);
        this.off('destroyed', abort);
        this.off('did-navigate', check);
        if (error) reject(error);
        else resolve();
      };
      const check = (): void => {
        if (this.#finishedLoader === loaderId) settle();
        else if (this.#committedLoader !== loaderId && this.#finishedLoader === this.#committedLoader) abort();
      };
      const abort = (): void => settle(new LoadError('net::ERR_ABORTED', url));
      this.on('did-finish-load', check);
      this.on('did-navigate', check);
      this.on('destroyed', abort);
    });
  }

  #setLoading(loading: boolean): void {
    if (loading === this.#loading) return;
    this.#loading = loading;
    this.emit(loading ? 'did-start-loading' : 'did-stop-loading', makeEvent());
  }

  /** The page goes to an address of a custom scheme. Chromium does not know the scheme and gives up, so it is done in its place. */
  #navigateToCustomScheme(url: string): void {
    if (!this.#allowsNavigation(url, true, false)) return;
    this.loadURL(url).catch(() => {
      // Chromium's own giving up may have ended this load too.
      this.loadURL(url).catch((error: unknown) => debug('navigation', error));
    });
  }

  #allowsNavigation(url: string, isMainFrame: boolean, isRedirect: boolean): boolean {
    const expected = isMainFrame && withoutHash(url) === withoutHash(this.#expectedUrl ?? '');
    const requestedByPage = this.#requestedByPage;
    if (isMainFrame) {
      this.#requestedByPage = false;
      this.#expectedUrl = undefined;
    }
    // What the application or a debugger asked for is not the page's doing.
    if (expected || (isMainFrame && !requestedByPage && withoutHash(url) === withoutHash(this.#url))) return true;
    if (isMainFrame && this.#url === '') return true;
    const details = { url, isMainFrame, isSameDocument: false, frame: isMainFrame ? this.mainFrame : null, initiator: requestedByPage ? this.mainFrame : null };
    const names = isRedirect ? ['will-redirect'] : isMainFrame ? ['will-frame-navigate', 'will-navigate'] : ['will-frame-navigate'];
    return names.every((name) => {
      const event = makeEvent(details);
      this.emit(name, event, url, false, isMainFrame, this.id, 1);
      return !event.defaultPrevented;
    });
  }

  /** A document of the main frame is about to be loaded. */
  async #prepareDocument(chromiumUrl: string): Promise<void> {
    this.#requests += 1;
    if (/^https?:/.test(chromiumUrl)) seenOrigins.add(new URL(chromiumUrl).origin);
    await applyPermissions(this, chromiumUrl);
  }

  /** Puts the preload script in place, again where its file has changed. It cannot be done once a navigation has begun. */
  async #installPreload(): Promise<void> {
    const cdp = this.#session();
    const settings = {
      channel: this.#channel,
      port: pageServerPort,
      token: this.#token,
      versions: { electron: process.versions['electron'] ?? '', chrome: process.versions['chrome'] ?? '', node: process.versions.node },
      platform: process.platform,
      argv: [process.argv[0] ?? '', ...this.#extraArguments],
      askBeforeClose: this.#window.asksBeforeClose,
    };
    const source = isolatedWorldScript(settings, this.#readPreload());
    const old = this.#script;
    if (old?.source === source) return;
    const { identifier } = await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source, worldName: ISOLATED_WORLD });
    this.#script = { source, id: identifier };
    if (old) await cdp.send('Page.removeScriptToEvaluateOnNewDocument', { identifier: old.id });
  }

  #readPreload(): string | undefined {
    if (this.#preload === undefined) return undefined;
    try {
      return readFileSync(this.#preload, 'utf8');
    } catch (error) {
      console.error(`Unable to load preload script: ${this.#preload}`, error);
      this.emit('preload-error', makeEvent(), this.#preload, error);
      return undefined;
    }
  }

  /** The isolated world of a new document has connected. */
  #connected(socket: WebSocket, url: string): void {
    const connection = this.#pending ?? this.#makeConnection();
    this.#pending = undefined;
    this.#connection?.close();
    this.#connection = connection;
    connection.request = this.#requests;
    this.#frame = this.#makeFrame(connection);
    connection.attach(socket, url);
  }

  #makeConnection(): PageConnection {
    return new PageConnection((message, from) => this.#receive(message as FromPage, from));
  }

  #makeFrame(connection: PageConnection | undefined): StandInFrame {
    return new StandInFrame(
      this,
      () => (connection ? toElectronUrl(connection.url) : this.#url),
      () => this.isDestroyed() || connection?.isOpen === false,
    );
  }

  #committed(frame: Protocol.Page.Frame): void {
    this.#mainFrameId = frame.id;
    if (isBootDocument(frame.url + (frame.urlFragment ?? ''))) return;
    this.#committedLoader = frame.loaderId;
    this.#crashed = false;
    if (frame.unreachableUrl) {
      this.#failedToShow(frame.unreachableUrl);
      return;
    }
    this.#url = toElectronUrl(frame.url + (frame.urlFragment ?? ''));
    if (this.#connection && this.#connection.request !== this.#requests) {
      // It was the document before; what is sent from now on waits for the new one.
      this.#connection.close();
      this.#connection = undefined;
    }
    this.#applyZoom();
    this.emit('did-navigate', makeEvent(), this.#url, 200, 'OK');
  }

  #failedToShow(url: string): void {
    this.#url = toElectronUrl(url);
  }

  #navigatedInPage(frameId: string, url: string): void {
    const isMainFrame = frameId === this.#mainFrameId;
    if (isMainFrame) {
      this.#url = toElectronUrl(url);
      if (this.#connection) this.#connection.url = url;
    }
    this.emit('did-navigate-in-page', makeEvent(), toElectronUrl(url), isMainFrame, this.id, 1);
  }

  #loaded(): void {
    if (this.#committedLoader === '' || this.#finishedLoader === this.#committedLoader) return;
    this.#finishedLoader = this.#committedLoader;
    // Chromium asks before closing only where there was a user's act; what is typed here is the application's window.
    if (this.#window.asksBeforeClose) this.#cdp?.tell('Runtime.evaluate', { expression: 'undefined', userGesture: true });
    this.emit('did-finish-load', makeEvent());
    if (!this.#shown) {
      this.#shown = true;
      this.#cdp?.tell('Page.resetNavigationHistory');
      this.#window.firstDocumentShown();
    }
  }

  #gone(reason: Electron.RenderProcessGoneDetails['reason']): void {
    if (this.#crashed) return;
    this.#crashed = true;
    this.#connection?.close();
    const details = { reason, exitCode: reason === 'crashed' ? 139 : 9 };
    this.emit('render-process-gone', makeEvent(), details);
    app.emit('render-process-gone', makeEvent(), this, details);
  }

  #sessionChanged(): void {
    if (!this.#cdp || this.isDestroyed()) return;
    this.#interception?.enable().catch((error: unknown) => debug('interception', error));
    void this.#applyUserAgent();
    if (this.#url) applyPermissions(this, toChromiumUrl(this.#url)).catch((error: unknown) => debug('permissions', error));
  }

  // Windows and closing

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler;
  }

  #windowOpened({ url, windowName, windowFeatures, userGesture }: Protocol.Page.windowOpenPayload): void {
    const details = {
      url: toElectronUrl(url),
      frameName: windowName,
      features: windowFeatures.join(','),
      disposition: windowFeatures.length > 0 ? 'new-window' : 'foreground-tab',
      referrer: { url: this.#url, policy: 'strict-origin-when-cross-origin' },
    } as Electron.HandlerDetails;
    debug('window.open', details.url, 'by user:', userGesture);
    const answer = this.#openHandler?.(details);
    if (answer?.action !== 'deny') throw notInStandIn(`a window opened by a page (${details.url}): the window-open handler has to deny`);
  }

  #beforeUnload(): void {
    const leaving = this.#loading || Date.now() < this.#leavingUntil;
    const accept = leaving || this.#window.userMayClose();
    this.#cdp?.tell('Page.handleJavaScriptDialog', { accept });
  }

  close(options?: Electron.CloseOpts): void {
    debug('webContents.close', options);
    if (this.isDestroyed()) return;
    this.emit('close', makeEvent());
    this.#window.closeFromPage();
  }

  isDestroyed(): boolean {
    return this.#window.isDestroyed();
  }

  isCrashed(): boolean {
    return this.#crashed;
  }

  forcefullyCrashRenderer(): void {
    // The command has no answer: the process that would give it is gone.
    this.#cdp?.tell('Page.crash');
  }

  isFocused(): boolean {
    return this.#window.isFocused();
  }

  focus(): void {
    this.#window.focus();
  }

  // Messages

  send(channel: string, ...messageArguments: unknown[]): void {
    if (this.isDestroyed()) throw new TypeError('Object has been destroyed');
    this.#current().ports.sendControl({ t: 'send', channel, arguments: messageArguments });
  }

  postMessage(channel: string, message: unknown, transfer: readonly Electron.MessagePortMain[] = []): void {
    if (this.isDestroyed()) throw new TypeError('Object has been destroyed');
    const connection = this.#current();
    connection.ports.give(transfer, (portIds) => connection.ports.sendControl({ t: 'post', channel, message, portIds }));
  }

  /** The document's connection, or the one that waits for the next document. */
  #current(): PageConnection {
    return this.#connection?.isOpen ? this.#connection : (this.#pending ??= this.#makeConnection());
  }

  #receive(message: FromPage, connection: PageConnection): void {
    switch (message.t) {
      case 'invoke':
        void this.#invoked(message, connection);
        return;
      case 'send':
        this.#dispatch(message.channel, this.#event(), message.arguments);
        return;
      case 'post':
        this.#dispatch(message.channel, { ...this.#event(), ports: connection.ports.accept(message.portIds) }, [message.message]);
        return;
      case 'title':
        this.#titled(message.title);
        return;
      case 'focus':
      case 'blur':
        this.#window.focusChanged(message.t === 'focus');
        return;
      case 'resize':
        this.#window.resized();
        return;
      case 'zoom':
        this.setZoomFactor(message.factor);
        return;
      case 'key':
        this.#keyPressed(message.input, message.taken);
        return;
      case 'preload-error':
        this.emit('preload-error', makeEvent(), this.#preload ?? '', message.error);
        return;
      default:
        message satisfies never;
    }
  }

  #event() {
    return {
      type: 'frame' as const,
      sender: this,
      senderFrame: this.#frame,
      processId: this.id,
      frameId: 1,
      ports: [] as Electron.MessagePortMain[],
      reply: (channel: string, ...replyArguments: unknown[]) => this.send(channel, ...replyArguments),
    };
  }

  #dispatch(channel: string, event: object, messageArguments: readonly unknown[]): void {
    this.emit('ipc-message', event, channel, ...messageArguments);
    this.#frame._ipc.emit(channel, event, ...messageArguments);
    this.#ipc.emit(channel, event, ...messageArguments);
    ipcMain.emit(channel, event, ...messageArguments);
  }

  async #invoked({ id, channel, arguments: callArguments }: Extract<FromPage, { t: 'invoke' }>, connection: PageConnection): Promise<void> {
    const answer = await answerInvoke([this.#frame._ipc, this.#ipc, ipcMain], channel, asElectron(this.#event()), callArguments);
    try {
      connection.ports.sendControl({ t: 'return', id, ...answer });
    } catch (error) {
      connection.ports.sendControl({ t: 'return', id, error: invokeErrorText(channel, error) });
    }
  }

  #titled(title: string): void {
    this.#title = title;
    const event = makeEvent();
    this.emit('page-title-updated', event, title, true);
    if (!event.defaultPrevented) this.#window.titleChanged(title);
  }

  // Content

  async executeJavaScript(code: string, userGesture: boolean = false): Promise<unknown> {
    await this.#window.created;
    const { result, exceptionDetails } = await this.#session().send('Runtime.evaluate', { expression: code, awaitPromise: true, returnByValue: true, userGesture, replMode: false });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async insertCSS(css: string): Promise<string> {
    const key = `electron-stand-in-css-${++this.#insertedCss}`;
    await this.executeJavaScript(`{const sheet=new CSSStyleSheet();sheet.replaceSync(${JSON.stringify(css)});(window[Symbol.for('${key}')]=sheet);document.adoptedStyleSheets.push(sheet)}`);
    return key;
  }

  async removeInsertedCSS(key: string): Promise<void> {
    await this.executeJavaScript(`document.adoptedStyleSheets=document.adoptedStyleSheets.filter((sheet)=>sheet!==window[Symbol.for(${JSON.stringify(key)})])`);
  }

  async capturePage(rectangle?: Electron.Rectangle): Promise<Electron.NativeImage> {
    await this.#window.created;
    const { data } = await this.#session().send('Page.captureScreenshot', { format: 'png', ...(rectangle ? { clip: { ...rectangle, scale: 1 } } : {}) });
    return makeImage(Buffer.from(data, 'base64'));
  }

  async insertText(text: string): Promise<void> {
    await this.#session().send('Input.insertText', { text });
  }

  sendInputEvent(event: Electron.MouseInputEvent | Electron.MouseWheelInputEvent | Electron.KeyboardInputEvent): void {
    sendInput(this.#session(), event);
  }

  copy(): void {
    this.#edit('copy');
  }

  cut(): void {
    this.#edit('cut');
  }

  paste(): void {
    this.#edit('paste');
  }

  delete(): void {
    this.#edit('delete');
  }

  undo(): void {
    this.#edit('undo');
  }

  redo(): void {
    this.#edit('redo');
  }

  selectAll(): void {
    this.#edit('selectAll');
  }

  #edit(command: string): void {
    const key = keyDescription('Unidentified');
    this.#session().tell('Input.dispatchKeyEvent', { type: 'keyDown', ...key, commands: [command] });
    this.#session().tell('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
  }

  #keyPressed(input: Electron.Input, taken: boolean): void {
    const event = makeEvent();
    this.emit('before-input-event', event, input);
    if (event.defaultPrevented) throw notInStandIn("preventDefault in 'before-input-event': the page has had the key already");
    if (!taken && input.type === 'keyDown' && !this.#ignoresMenuShortcuts) runMenuAccelerator(input, this._windowMenu);
  }

  #consoleMessage({ type, args, stackTrace }: Protocol.Runtime.consoleAPICalledPayload): void {
    const text = args.map((argument) => String(argument.value ?? argument.description ?? argument.type)).join(' ');
    const place = stackTrace?.callFrames[0];
    this.#emitConsole(LEVELS[type] ?? 'info', text, place?.lineNumber ?? 0, place?.url ?? '');
  }

  #emitConsole(level: Electron.WebContentsConsoleMessageEventParams['level'], message: string, lineNumber: number, sourceId: string): void {
    this.emit('console-message', makeEvent({ level, message, lineNumber, sourceId: toElectronUrl(sourceId), frame: this.mainFrame }));
  }

  // Settings

  setZoomFactor(factor: number): void {
    if (!(factor > 0)) throw new TypeError("'zoomFactor' must be a double greater than 0.0");
    this.#zoom = factor;
    this.#applyZoom();
  }

  getZoomFactor(): number {
    return this.#zoom;
  }

  get zoomFactor(): number {
    return this.#zoom;
  }

  set zoomFactor(factor: number) {
    this.setZoomFactor(factor);
  }

  /** Chromium's window has another size, which a zoomed page does not take by itself. */
  _windowResized(): void {
    this.#applyZoom();
  }

  setZoomLevel(level: number): void {
    this.setZoomFactor(1.2 ** level);
  }

  getZoomLevel(): number {
    return Math.log(this.#zoom) / Math.log(1.2);
  }

  get zoomLevel(): number {
    return this.getZoomLevel();
  }

  set zoomLevel(level: number) {
    this.setZoomLevel(level);
  }

  setVisualZoomLevelLimits(minimum: number, maximum: number): Promise<void> {
    recordCall('webContents.setVisualZoomLevelLimits', minimum, maximum);
    return Promise.resolve();
  }

  #zoomApplied = 1;
  #zooming = false;
  #zoomAsked = false;

  /**
   * A zoomed page has a smaller viewport of larger pixels, as in Electron. One at a time, and once more where it was
   * asked for meanwhile: the steps of two between each other would leave the zoom of the older.
   */
  #applyZoom(): void {
    const cdp = this.#cdp;
    if (!cdp || (this.#zoom === 1 && this.#zoomApplied === 1)) return;
    this.#zoomAsked = true;
    if (this.#zooming) return;
    this.#zooming = true;
    void (async () => {
      try {
        while (this.#zoomAsked) {
          this.#zoomAsked = false;
          await this.#applyOneZoom(cdp, this.#zoom);
        }
      } finally {
        this.#zooming = false;
      }
    })().catch((error: unknown) => debug('zoom', error));
  }

  async #applyOneZoom(cdp: CdpSession, zoom: number): Promise<void> {
    this.#zoomApplied = zoom;
    if (zoom === 1) {
      await cdp.send('Emulation.clearDeviceMetricsOverride');
      return;
    }
    // The window's size, not the page's: a page whose zoom was taken back a moment ago may still have the zoomed one.
    const { width, height } = await this.#window.pageSize();
    await cdp.send('Emulation.setDeviceMetricsOverride', { width: Math.round(width / zoom), height: Math.round(height / zoom), deviceScaleFactor: zoom, mobile: false });
  }

  async #applyMedia(): Promise<void> {
    await this.#cdp?.send('Emulation.setEmulatedMedia', { features: nativeThemeMedia() }).catch((error: unknown) => debug('media', error));
  }

  setUserAgent(userAgent: string): void {
    this.#userAgent = userAgent;
    void this.#applyUserAgent();
  }

  getUserAgent(): string {
    return this.#userAgent ?? defaultSession.getUserAgent();
  }

  get userAgent(): string {
    return this.getUserAgent();
  }

  set userAgent(userAgent: string) {
    this.setUserAgent(userAgent);
  }

  async #applyUserAgent(): Promise<void> {
    const userAgent = this.#userAgent ?? defaultSession._userAgent;
    if (userAgent) await this.#cdp?.send('Emulation.setUserAgentOverride', { userAgent }).catch((error: unknown) => debug('user agent', error));
  }

  setAudioMuted(muted: boolean): void {
    recordCall('webContents.setAudioMuted', muted);
    this.#audioMuted = muted;
  }

  isAudioMuted(): boolean {
    return this.#audioMuted;
  }

  setBackgroundThrottling(allowed: boolean): void {
    recordCall('webContents.setBackgroundThrottling', allowed);
  }

  setIgnoreMenuShortcuts(ignore: boolean): void {
    this.#ignoresMenuShortcuts = ignore;
  }

  setWebRTCIPHandlingPolicy(policy: string): void {
    recordCall('webContents.setWebRTCIPHandlingPolicy', policy);
  }

  /** Call only: no drag of the system begins. What Electron refuses is refused here too. */
  startDrag(item: Electron.Item): void {
    const { icon, file, files = file === '' ? [] : [file] } = item;
    if (icon === undefined) throw new TypeError("'icon' parameter is required");
    if (files.length === 0) throw new Error("Must specify either 'file' or 'files' option");
    for (const needed of [...files, ...(typeof icon === 'string' ? [icon] : [])]) if (!existsSync(needed)) throw notInStandIn(`webContents.startDrag of what is not there: ${needed}`);
    recordCall('webContents.startDrag', { files, icon });
  }

  isDevToolsOpened(): boolean {
    return this.#devTools;
  }

  /** Call only: no DevTools window is shown. */
  openDevTools(options?: Electron.OpenDevToolsOptions): void {
    recordCall('webContents.openDevTools', options);
    if (this.#devTools) return;
    this.#devTools = true;
    this.emit('devtools-opened');
  }

  closeDevTools(): void {
    if (!this.#devTools) return;
    this.#devTools = false;
    this.emit('devtools-closed');
  }

  toggleDevTools(): void {
    if (this.#devTools) this.closeDevTools();
    else this.openDevTools();
  }

  getType(): 'window' {
    return 'window';
  }

  /** The browser's process id: Chromium does not say which of its processes shows the page. */
  getOSProcessId(): number {
    return chromiumIfRunning()?.pid ?? 0;
  }

  getProcessId(): number {
    return this.id;
  }
}

function withoutHash(url: string): string {
  return url.replace(/#.*$/s, '').replace(/^([a-z][\w+.-]*:\/\/[^/]+)$/i, '$1/');
}

/** The document that a window shows until the application loads its own. */
export function isBootDocument(url: string): boolean {
  return url.includes('#boot-');
}

/** All web contents that exist, in the order of their making. */
export function everyWebContents(): StandInWebContents[] {
  return [...allContents.values()];
}
