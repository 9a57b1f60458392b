/** Parts of the desktop that nobody sees here. Calls are recorded ("call only"); state that can be read back is kept. */
import { parseAccelerator } from './accelerator.ts';
import { app } from './app.ts';
import { absent, asElectron, Covered, guarded, makeEvent, recordCall } from './covered.ts';
import { customSchemeHandler } from './custom-scheme.ts';
import { readFile } from 'node:fs/promises';

/** Electron's `shell`, call only: nothing outside the application is opened. */
export const shell = guarded('shell', {
  openExternal(url: string, options?: Electron.OpenExternalOptions): Promise<void> {
    recordCall('shell.openExternal', url, options);
    return Promise.resolve();
  },
  openPath(file: string): Promise<string> {
    recordCall('shell.openPath', file);
    return Promise.resolve('');
  },
  showItemInFolder: (file: string) => recordCall('shell.showItemInFolder', file),
  trashItem(file: string): Promise<void> {
    recordCall('shell.trashItem', file);
    return Promise.resolve();
  },
  beep: () => recordCall('shell.beep'),
} satisfies Pick<Electron.Shell, 'openExternal' | 'openPath' | 'showItemInFolder' | 'trashItem' | 'beep'>);

function makeClipboard(label: string, selection: Electron.Clipboard): Electron.Clipboard {
  let text = '';
  return asElectron(
    guarded(label, {
      readText: () => Promise.resolve(text),
      writeText(value: string): Promise<void> {
        recordCall(`${label}.writeText`, value);
        text = value;
        return Promise.resolve();
      },
      clear(): void {
        recordCall(`${label}.clear`);
        text = '';
      },
      has: (mimeType: string) => Promise.resolve(mimeType === 'text/plain' && text !== ''),
      selection,
    } satisfies Pick<Electron.Clipboard, 'readText' | 'writeText' | 'clear' | 'has' | 'selection'>),
  );
}

/** Electron's `clipboard`: text only, and within this process; the system's clipboard is left alone. */
export const clipboard = makeClipboard('clipboard', makeClipboard('clipboard.selection', absent('clipboard.selection.selection')));

type NotificationFields = Pick<Electron.Notification, 'title' | 'body' | 'silent' | 'urgency' | 'actions' | 'show' | 'close'>;

/** Electron's `Notification`, call only; a test can `emit('click')`. */
export class Notification extends Covered implements NotificationFields {
  title: string;
  subtitle: string;
  body: string;
  silent: boolean;
  urgency: 'normal' | 'critical' | 'low';
  timeoutType: 'default' | 'never';
  actions: Electron.NotificationAction[];

  constructor(options: Electron.NotificationConstructorOptions = {}) {
    super('Notification', ['show', 'click', 'close', 'reply', 'action', 'failed']);
    this.title = options.title ?? '';
    this.subtitle = options.subtitle ?? '';
    this.body = options.body ?? '';
    this.silent = options.silent ?? false;
    this.urgency = options.urgency ?? 'normal';
    this.timeoutType = options.timeoutType ?? 'default';
    this.actions = options.actions ?? [];
  }

  static isSupported(): boolean {
    return true;
  }

  show(): void {
    recordCall('notification.show', this);
    this.emit('show', makeEvent());
  }

  close(): void {
    recordCall('notification.close', this);
    this.emit('close', makeEvent());
  }
}

/** Electron's `Tray`, call only; a test can `emit('click')` and reach the menu through the recorded call. */
export class Tray extends Covered implements Pick<Electron.Tray, 'setToolTip' | 'setContextMenu' | 'setImage' | 'setTitle' | 'getTitle' | 'popUpContextMenu' | 'destroy' | 'isDestroyed' | 'getBounds'> {
  #title = '';
  #destroyed = false;

  constructor(image: Electron.NativeImage | string) {
    super('Tray', ['click', 'right-click', 'double-click', 'middle-click', 'balloon-show', 'balloon-click', 'balloon-closed', 'mouse-enter', 'mouse-leave', 'mouse-move']);
    recordCall('tray.create', image, this);
  }

  setToolTip(toolTip: string): void {
    recordCall('tray.setToolTip', toolTip);
  }

  setContextMenu(menu: Electron.Menu | null): void {
    recordCall('tray.setContextMenu', menu);
  }

  setImage(image: Electron.NativeImage | string): void {
    recordCall('tray.setImage', image);
  }

  setTitle(title: string): void {
    recordCall('tray.setTitle', title);
    this.#title = title;
  }

  getTitle(): string {
    return this.#title;
  }

  popUpContextMenu(menu?: Electron.Menu): void {
    recordCall('tray.popUpContextMenu', menu);
  }

  getBounds(): Electron.Rectangle {
    return { x: 0, y: 0, width: 0, height: 0 };
  }

  destroy(): void {
    recordCall('tray.destroy');
    this.#destroyed = true;
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }
}

class PowerMonitor extends Covered implements Pick<Electron.PowerMonitor, 'getSystemIdleState' | 'getSystemIdleTime' | 'isOnBatteryPower' | 'onBatteryPower' | 'getCurrentThermalState'> {
  readonly onBatteryPower = false;

  constructor() {
    super('powerMonitor', ['suspend', 'resume', 'lock-screen', 'unlock-screen', 'on-ac', 'on-battery', 'shutdown', 'user-did-become-active', 'user-did-resign-active', 'thermal-state-change', 'speed-limit-change']);
  }

  getSystemIdleState(): 'active' {
    return 'active';
  }

  getSystemIdleTime(): number {
    return 0;
  }

  isOnBatteryPower(): boolean {
    return false;
  }

  getCurrentThermalState(): 'unknown' {
    return 'unknown';
  }
}

/** Electron's `powerMonitor`: never emits by itself; a test emits 'suspend', 'resume', 'lock-screen'. */
export const powerMonitor = new PowerMonitor();

/** Size of Xvfb's screen in the tests; not asked of the system. */
const SCREEN = { width: 1600, height: 1000 };

function display(): Electron.Display {
  const bounds = { x: 0, y: 0, ...SCREEN };
  return asElectron(guarded('Display', { id: 1, label: 'stand-in', scaleFactor: 1, rotation: 0, bounds, workArea: bounds, size: SCREEN, workAreaSize: SCREEN, internal: false, detected: true, colorDepth: 24, displayFrequency: 60 } satisfies Partial<Electron.Display>));
}

class Screen extends Covered implements Pick<Electron.Screen, 'getPrimaryDisplay' | 'getAllDisplays' | 'getDisplayMatching' | 'getDisplayNearestPoint' | 'getCursorScreenPoint'> {
  constructor() {
    super('screen', ['display-added', 'display-removed', 'display-metrics-changed']);
  }

  getPrimaryDisplay(): Electron.Display {
    return display();
  }

  getAllDisplays(): Electron.Display[] {
    return [display()];
  }

  getDisplayMatching(): Electron.Display {
    return display();
  }

  getDisplayNearestPoint(): Electron.Display {
    return display();
  }

  getCursorScreenPoint(): Electron.Point {
    return { x: 0, y: 0 };
  }
}

/** Electron's `screen`: one display of fixed size. */
export const screen = new Screen();

const shortcuts = new Map<string, () => void>();

/** Electron's `globalShortcut`, call only: no key of the system is taken. */
export const globalShortcut = guarded('globalShortcut', {
  register(accelerator: string, callback: () => void): boolean {
    parseAccelerator(accelerator);
    recordCall('globalShortcut.register', accelerator, callback);
    if (shortcuts.has(accelerator)) return false;
    shortcuts.set(accelerator, callback);
    return true;
  },
  registerAll(accelerators: string[], callback: () => void): void {
    for (const accelerator of accelerators) globalShortcut.register(accelerator, callback);
  },
  isRegistered: (accelerator: string) => shortcuts.has(accelerator),
  unregister(accelerator: string): void {
    recordCall('globalShortcut.unregister', accelerator);
    shortcuts.delete(accelerator);
  },
  unregisterAll(): void {
    recordCall('globalShortcut.unregisterAll');
    shortcuts.clear();
  },
} satisfies Pick<Electron.GlobalShortcut, 'register' | 'registerAll' | 'isRegistered' | 'unregister' | 'unregisterAll'>);

/** Electron's `net`: Node's fetch, files and the custom schemes. */
export const net = guarded('net', {
  async fetch(input: string | Request, init?: RequestInit): Promise<Response> {
    await app.whenReady();
    const url = typeof input === 'string' ? input : input.url;
    if (url.startsWith('file:')) return new Response(new Uint8Array(await readFile(new URL(url))));
    const handler = customSchemeHandler(url);
    if (!handler) return fetch(input, init);
    const request = new Request('http://custom.invalid/', init);
    Object.defineProperty(request, 'url', { value: url });
    return handler(request);
  },
  isOnline: () => true,
  online: true,
});

/** Electron's `crashReporter`, call only. */
export const crashReporter = guarded('crashReporter', {
  start: (options: Electron.CrashReporterStartOptions) => recordCall('crashReporter.start', options),
  getUploadToServer: () => false,
  setUploadToServer: (upload: boolean) => recordCall('crashReporter.setUploadToServer', upload),
  getUploadedReports: () => [] as Electron.CrashReport[],
  getLastCrashReport: () => null,
  addExtraParameter: (key: string, value: string) => recordCall('crashReporter.addExtraParameter', key, value),
  removeExtraParameter: (key: string) => recordCall('crashReporter.removeExtraParameter', key),
} satisfies Partial<Electron.CrashReporter>);

class AutoUpdater extends Covered implements Pick<Electron.AutoUpdater, 'setFeedURL' | 'getFeedURL' | 'checkForUpdates' | 'quitAndInstall'> {
  #feed = '';

  constructor() {
    super('autoUpdater', ['error', 'checking-for-update', 'update-available', 'update-not-available', 'update-downloaded', 'before-quit-for-update']);
  }

  setFeedURL(options: Electron.FeedURLOptions): void {
    recordCall('autoUpdater.setFeedURL', options);
    this.#feed = options.url ?? '';
  }

  getFeedURL(): string {
    return this.#feed;
  }

  checkForUpdates(): void {
    recordCall('autoUpdater.checkForUpdates');
    this.emit('checking-for-update');
  }

  quitAndInstall(): void {
    recordCall('autoUpdater.quitAndInstall');
  }
}

/** Electron's `autoUpdater`, call only. */
export const autoUpdater = new AutoUpdater();

let nextBlocker = 1;
const blockers = new Set<number>();

/** Electron's `powerSaveBlocker`, call only. */
export const powerSaveBlocker = guarded('powerSaveBlocker', {
  start(type: 'prevent-app-suspension' | 'prevent-display-sleep'): number {
    recordCall('powerSaveBlocker.start', type);
    blockers.add(nextBlocker);
    return nextBlocker++;
  },
  stop(id: number): boolean {
    recordCall('powerSaveBlocker.stop', id);
    return blockers.delete(id);
  },
  isStarted: (id: number) => blockers.has(id),
} satisfies Electron.PowerSaveBlocker);

