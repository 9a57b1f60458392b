import { spawn } from 'node:child_process';
import { application, applicationPath, setApplicationPath } from './application.ts';
import { everyWindow } from './browser-window.ts';
import { startChromium } from './chromium.ts';
import type { Protocol } from './cdp.ts';
import { asElectron, Covered, debug, guarded, makeEvent, notInStandIn, recordCall } from './covered.ts';
import { StandInMenu } from './menu.ts';
import { startPageServer } from './page-server.ts';
import { chromiumIfRunning, setRunningChromium } from './running.ts';
import { defaultSession } from './session.ts';
import { hasLock, releaseLock, requestLock } from './single-instance.ts';
import { stopUtilityProcesses } from './utility-process.ts';
import { windowAwaiting, windowOfTarget } from './browser-window.ts';

const EVENTS = [
  'will-finish-launching', 'ready', 'window-all-closed', 'before-quit', 'will-quit', 'quit', 'activate', 'second-instance', 'browser-window-created', 'browser-window-focus', 'browser-window-blur', 'web-contents-created', 'render-process-gone', 'child-process-gone',
  // Known and never emitted here: there are no such certificates, sign-ons, files or URLs handed over by the system.
  'certificate-error', 'select-client-certificate', 'login', 'open-url', 'open-file', 'accessibility-support-changed', 'session-created', 'gpu-info-update', 'did-become-active', 'continue-activity', 'new-window-for-tab', 'desktop-capturer-get-sources',
] as const;

const commandLine = guarded('app.commandLine', {
  appendSwitch: (name: string, value?: string) => void application.switches.set(name, value ?? ''),
  removeSwitch: (name: string) => void application.switches.delete(name),
  hasSwitch: (name: string) => application.switches.has(name),
  getSwitchValue: (name: string) => application.switches.get(name) ?? '',
  appendArgument: (value: string) => recordCall('app.commandLine.appendArgument', value),
} satisfies Pick<Electron.CommandLine, 'appendSwitch' | 'removeSwitch' | 'hasSwitch' | 'getSwitchValue' | 'appendArgument'>);

type Covers = Pick<
  Electron.App,
  | 'isPackaged' | 'name' | 'commandLine' | 'dock' | 'applicationMenu' | 'userAgentFallback' | 'runningUnderARM64Translation' | 'whenReady' | 'isReady' | 'quit' | 'exit' | 'relaunch' | 'focus' | 'getName' | 'setName' | 'getVersion' | 'getAppPath' | 'getPath' | 'setPath' | 'setAppLogsPath' | 'getLocale' | 'getSystemLocale' | 'getLocaleCountryCode' | 'getPreferredSystemLanguages'
  | 'requestSingleInstanceLock' | 'hasSingleInstanceLock' | 'releaseSingleInstanceLock' | 'setAsDefaultProtocolClient' | 'removeAsDefaultProtocolClient' | 'isDefaultProtocolClient' | 'setAppUserModelId' | 'enableSandbox' | 'disableHardwareAcceleration' | 'isHardwareAccelerationEnabled' | 'disableDomainBlockingFor3DAPIs' | 'setAboutPanelOptions' | 'showAboutPanel' | 'setBadgeCount' | 'getBadgeCount' | 'setProxy' | 'resolveProxy'
  | 'setLoginItemSettings' | 'getLoginItemSettings' | 'addRecentDocument' | 'clearRecentDocuments' | 'setUserTasks' | 'setJumpList' | 'isAccessibilitySupportEnabled' | 'setAccessibilitySupportEnabled' | 'getAppMetrics' | 'setDesktopName' | 'configureHostResolver'
>;

/** Electron's `app`. */
class StandInApp extends Covered implements Covers {
  readonly isPackaged = false;
  readonly dock = undefined;
  readonly runningUnderARM64Translation = false;
  readonly commandLine: Electron.CommandLine = asElectron(commandLine);
  userAgentFallback = '';
  readonly #ready = Promise.withResolvers<void>();
  #isReady = false;
  #quitting = false;
  #leaving = false;
  #badge = 0;
  #hardwareAcceleration = true;
  #accessibility = false;

  constructor() {
    super('app', EVENTS);
  }

  // Starting

  whenReady(): Promise<void> {
    return this.#ready.promise;
  }

  isReady(): boolean {
    return this.#isReady;
  }

  /** Starts Chromium and tells the application that it may open windows. Called when the application's main module has loaded. */
  async _start(): Promise<void> {
    if (this.#leaving) return;
    this.emit('will-finish-launching');
    await startPageServer();
    const chromium = await startChromium(() => {
      console.error('Electron stand-in: Chromium has gone');
      process.exit(1);
    });
    setRunningChromium(chromium);
    Object.defineProperty(process.versions, 'chrome', { value: chromium.version, enumerable: true, configurable: true });
    const { browser } = chromium.cdp;
    browser.on('Target.attachedToTarget', (attached) => {
      this.#targetAttached(attached).catch((error: unknown) => debug('target', error));
    });
    browser.on('Target.detachedFromTarget', ({ sessionId, targetId }) => {
      chromium.cdp.forget(sessionId);
      if (targetId) windowOfTarget(targetId)?._gone();
    });
    browser.on('Target.targetDestroyed', ({ targetId }) => windowOfTarget(targetId)?._gone());
    await browser.send('Target.setDiscoverTargets', { discover: true });
    await browser.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true });
    if (this.#leaving) return;
    this.#isReady = true;
    this.#ready.resolve();
    this.emit('ready', makeEvent(), {});
  }

  async #targetAttached({ targetInfo, sessionId, waitingForDebugger }: Protocol.Target.attachedToTargetPayload): Promise<void> {
    const { cdp } = chromiumIfRunning() ?? {};
    if (!cdp) return;
    const session = cdp.session(sessionId);
    const window = targetInfo.type === 'page' ? windowAwaiting(targetInfo.url) : undefined;
    if (targetInfo.type === 'page' && !window) {
      // Chromium opened it by itself (a shortcut of its own, a page outside the rules): no application has such windows.
      debug('closing a window that is not the application’s', targetInfo.url);
      cdp.browser.tell('Target.closeTarget', { targetId: targetInfo.targetId });
      session.tell('Runtime.runIfWaitingForDebugger'); // its opener waits too
      return;
    }
    await window?._adopt(targetInfo, session);
    if (waitingForDebugger) session.tell('Runtime.runIfWaitingForDebugger');
    await window?._started(session);
  }

  // Ending

  quit(): void {
    if (this.#quitting || this.#leaving) return;
    const event = makeEvent();
    this.emit('before-quit', event);
    if (event.defaultPrevented) return;
    this.#quitting = true;
    void this.#closeWindowsAndLeave();
  }

  async #closeWindowsAndLeave(): Promise<void> {
    const closed = await Promise.all(everyWindow().map((window) => window._close()));
    if (!closed.every(Boolean)) {
      this.#quitting = false;
      return;
    }
    const event = makeEvent();
    this.emit('will-quit', event);
    if (event.defaultPrevented) {
      this.#quitting = false;
      return;
    }
    this.exit(0);
  }

  exit(code: number = 0): void {
    if (this.#leaving) return;
    this.#leaving = true;
    const chromium = chromiumIfRunning();
    this.emit('quit', makeEvent(), code);
    stopUtilityProcesses();
    releaseLock();
    void Promise.resolve(chromium?.stop()).then(() => process.exit(code));
  }

  relaunch(options: Electron.RelaunchOptions = {}): void {
    recordCall('app.relaunch', options);
    const [executable = '', ...given] = process.argv;
    process.once('exit', () => {
      spawn(options.execPath ?? executable, options.args ?? given, { detached: true, stdio: 'ignore' }).unref();
    });
  }

  /** A window has gone; the last one ends the application, unless it listens to 'window-all-closed'. */
  _windowClosed(remaining: number): void {
    if (remaining > 0 || this.#quitting || this.#leaving) return;
    if (this.listenerCount('window-all-closed') > 0) this.emit('window-all-closed');
    else this.quit();
  }

  focus(): void {
    everyWindow().at(-1)?.focus();
  }

  // What the application is

  get name(): string {
    return application.name;
  }

  set name(name: string) {
    application.name = name;
  }

  getName(): string {
    return application.name;
  }

  setName(name: string): void {
    application.name = name;
  }

  getVersion(): string {
    return application.package.version ?? '0.0.0';
  }

  getAppPath(): string {
    return application.directory;
  }

  getPath(name: string): string {
    return applicationPath(name);
  }

  setPath(name: string, value: string): void {
    setApplicationPath(name, value);
  }

  setAppLogsPath(folder?: string): void {
    if (folder !== undefined) setApplicationPath('logs', folder);
  }

  getLocale(): string {
    return application.switches.get('lang') ?? this.getSystemLocale();
  }

  getSystemLocale(): string {
    const given = process.env['LC_ALL'] || process.env['LC_MESSAGES'] || process.env['LANG'] || 'en_US';
    const name = given.replace(/[.@].*$/, '').replace('_', '-');
    return name === 'C' || name === 'POSIX' ? 'en-US' : name;
  }

  getLocaleCountryCode(): string {
    return this.getSystemLocale().split('-')[1] ?? '';
  }

  getPreferredSystemLanguages(): string[] {
    const list = process.env['LANGUAGE']?.split(':').filter(Boolean) ?? [];
    return list.length > 0 ? list.map((name) => name.replace(/[.@].*$/, '').replace('_', '-')) : [this.getSystemLocale()];
  }

  get applicationMenu(): Electron.Menu | null {
    return StandInMenu.getApplicationMenu();
  }

  set applicationMenu(menu: Electron.Menu | null) {
    StandInMenu.setApplicationMenu(menu);
  }

  // One instance

  requestSingleInstanceLock(additionalData?: Record<string, unknown>): boolean {
    const note = { commandLine: process.argv, workingDirectory: process.cwd(), additionalData };
    return requestLock(note, (second) => this.emit('second-instance', makeEvent(), second.commandLine, second.workingDirectory, second.additionalData));
  }

  hasSingleInstanceLock(): boolean {
    return hasLock();
  }

  releaseSingleInstanceLock(): void {
    releaseLock();
  }

  // Settings that have an effect

  setProxy(config: Electron.ProxyConfig): Promise<void> {
    return defaultSession.setProxy(config);
  }

  resolveProxy(url: string): Promise<string> {
    return defaultSession.resolveProxy(url);
  }

  disableHardwareAcceleration(): void {
    if (this.#isReady) throw new Error('app.disableHardwareAcceleration() can only be called before app is ready');
    this.#hardwareAcceleration = false;
    application.switches.set('disable-gpu', '');
  }

  isHardwareAccelerationEnabled(): boolean {
    return this.#hardwareAcceleration;
  }

  /** Chromium's pages are sandboxed anyway, except for root. */
  enableSandbox(): void {
    if (this.#isReady) throw new Error('app.enableSandbox() can only be called before app is ready');
    recordCall('app.enableSandbox');
  }

  // Call only

  setAsDefaultProtocolClient(protocol: string, file?: string, protocolArguments?: string[]): boolean {
    recordCall('app.setAsDefaultProtocolClient', protocol, file, protocolArguments);
    return true;
  }

  removeAsDefaultProtocolClient(protocol: string): boolean {
    recordCall('app.removeAsDefaultProtocolClient', protocol);
    return true;
  }

  isDefaultProtocolClient(protocol: string): boolean {
    recordCall('app.isDefaultProtocolClient', protocol);
    return false;
  }

  setAppUserModelId(id: string): void {
    recordCall('app.setAppUserModelId', id);
  }

  setDesktopName(name: string): void {
    recordCall('app.setDesktopName', name);
  }

  disableDomainBlockingFor3DAPIs(): void {
    recordCall('app.disableDomainBlockingFor3DAPIs');
  }

  setAboutPanelOptions(options: Electron.AboutPanelOptionsOptions): void {
    recordCall('app.setAboutPanelOptions', options);
  }

  showAboutPanel(): void {
    recordCall('app.showAboutPanel');
  }

  setBadgeCount(count: number = 0): boolean {
    recordCall('app.setBadgeCount', count);
    this.#badge = count;
    return true;
  }

  getBadgeCount(): number {
    return this.#badge;
  }

  setLoginItemSettings(settings: Electron.Settings): void {
    recordCall('app.setLoginItemSettings', settings);
  }

  getLoginItemSettings(): Electron.LoginItemSettings {
    throw notInStandIn('app.getLoginItemSettings');
  }

  addRecentDocument(file: string): void {
    recordCall('app.addRecentDocument', file);
  }

  clearRecentDocuments(): void {
    recordCall('app.clearRecentDocuments');
  }

  setUserTasks(tasks: Electron.Task[]): boolean {
    recordCall('app.setUserTasks', tasks);
    return true;
  }

  setJumpList(categories: Electron.JumpListCategory[] | null): 'ok' {
    recordCall('app.setJumpList', categories);
    return 'ok';
  }

  isAccessibilitySupportEnabled(): boolean {
    return this.#accessibility;
  }

  setAccessibilitySupportEnabled(enabled: boolean): void {
    recordCall('app.setAccessibilitySupportEnabled', enabled);
    this.#accessibility = enabled;
  }

  getAppMetrics(): Electron.ProcessMetric[] {
    throw notInStandIn('app.getAppMetrics');
  }

  configureHostResolver(options: Electron.ConfigureHostResolverOptions): void {
    recordCall('app.configureHostResolver', options);
  }
}

/** Electron's `app`. */
export const app = new StandInApp();
