import { absent, asElectron, Covered, notInStandIn, recordCall } from './covered.ts';
import { protocol } from './custom-scheme.ts';
import { chosenProxy, type ProxyChoice } from './proxy.ts';
import { runningChromium } from './running.ts';

type BeforeRequest = (details: Electron.OnBeforeRequestListenerDetails, callback: (response: Electron.CallbackResponse) => void) => void;
type HeadersReceived = (details: Electron.OnHeadersReceivedListenerDetails, callback: (response: Electron.HeadersReceivedResponse) => void) => void;
type PermissionRequestHandler = Parameters<Electron.Session['setPermissionRequestHandler']>[0];
type PermissionCheckHandler = Parameters<Electron.Session['setPermissionCheckHandler']>[0];

/** Turns `urls: ['app://*' + '/*']` into a test of an address. */
function urlTest(filter: Electron.WebRequestFilter | undefined): (url: string) => boolean {
  const urls = filter?.urls ?? ['<all_urls>'];
  const patterns = urls.map((url) => (url === '<all_urls>' ? /./ : new RegExp(`^${url.replaceAll(/[.+^${}()|[\]\\?]/g, String.raw`\$&`).replaceAll('*', '.*')}$`)));
  return (url) => patterns.some((pattern) => pattern.test(url));
}

interface Filtered<T> {
  readonly listener: T;
  matches(url: string): boolean;
}

/** Takes `(listener)` and `(filter, listener)`, as Electron's webRequest methods do. */
function filtered<T>(first: unknown, second: unknown): Filtered<T> | undefined {
  if (first === null) return undefined;
  if (typeof first === 'function') return { listener: first as T, matches: () => true };
  return second ? { listener: second as T, matches: urlTest(first as Electron.WebRequestFilter) } : undefined;
}

/** Electron's `Session`: one, the default session; its profile is Chromium's profile in the user data. */
export class StandInSession extends Covered {
  readonly protocol: Electron.Protocol = asElectron(protocol);
  /** What the application has set; read by the request interception and by the permissions. */
  _beforeRequest: Filtered<BeforeRequest> | undefined;
  _headersReceived: Filtered<HeadersReceived> | undefined;
  _permissionRequest: PermissionRequestHandler = null;
  _permissionCheck: PermissionCheckHandler = null;
  _userAgent: string | undefined;
  /** Called after a change of the fields above. */
  readonly _onChange = new Set<() => void>();
  #proxy: ProxyChoice = { mode: 'system' };
  #spellChecker = true;

  readonly webRequest: Electron.WebRequest = asElectron({
    ...absentMembers('webRequest', ['onBeforeRedirect', 'onBeforeSendHeaders', 'onCompleted', 'onErrorOccurred', 'onResponseStarted', 'onSendHeaders', 'onAuthRequired']),
    onBeforeRequest: (first: unknown, second?: unknown) => {
      this._beforeRequest = filtered(first, second);
      this.#changed();
    },
    onHeadersReceived: (first: unknown, second?: unknown) => {
      this._headersReceived = filtered(first, second);
      this.#changed();
    },
  });

  constructor() {
    super('Session', ['will-download', 'preconnect']);
  }

  setPermissionRequestHandler(handler: PermissionRequestHandler): void {
    this._permissionRequest = handler;
    this.#changed();
  }

  setPermissionCheckHandler(handler: PermissionCheckHandler): void {
    this._permissionCheck = handler;
    this.#changed();
  }

  /** Call only: USB, HID and serial devices are never offered here. */
  setDevicePermissionHandler(handler: Parameters<Electron.Session['setDevicePermissionHandler']>[0]): void {
    recordCall('session.setDevicePermissionHandler', handler);
  }

  /** Call only: there is no screen to share here. */
  setDisplayMediaRequestHandler(handler: Parameters<Electron.Session['setDisplayMediaRequestHandler']>[0]): void {
    recordCall('session.setDisplayMediaRequestHandler', handler);
  }

  setCertificateVerifyProc(handler: unknown): void {
    if (handler !== null) throw notInStandIn('session.setCertificateVerifyProc: Chromium does not ask the application about certificates');
  }

  setProxy(config: Electron.ProxyConfig): Promise<void> {
    this.#proxy = { ...config, mode: config.mode ?? (config.pacScript ? 'pac_script' : config.proxyRules ? 'fixed_servers' : 'system') };
    return Promise.resolve();
  }

  /** Real: by the rules set, else by the command line and the environment, in the order in which Chromium reads them. */
  resolveProxy(url: string): Promise<string> {
    return chosenProxy(url, this.#proxy);
  }

  forceReloadProxyConfig(): Promise<void> {
    return Promise.resolve();
  }

  closeAllConnections(): Promise<void> {
    recordCall('session.closeAllConnections');
    return Promise.resolve();
  }

  async clearStorageData(options: Electron.ClearStorageDataOptions = {}): Promise<void> {
    const origins = options.origin ? [options.origin] : [...seenOrigins];
    const storageTypes = options.storages?.map((name) => STORAGE_TYPES[name] ?? name).join(',') ?? 'all';
    for (const origin of origins) await runningChromium().cdp.browser.send('Storage.clearDataForOrigin', { origin, storageTypes });
  }

  clearCache(): Promise<void> {
    recordCall('session.clearCache');
    return Promise.resolve();
  }

  clearAuthCache(): Promise<void> {
    recordCall('session.clearAuthCache');
    return Promise.resolve();
  }

  flushStorageData(): void {
    recordCall('session.flushStorageData');
  }

  setSpellCheckerEnabled(enable: boolean): void {
    this.#spellChecker = enable;
  }

  isSpellCheckerEnabled(): boolean {
    return this.#spellChecker;
  }

  setSpellCheckerLanguages(languages: string[]): void {
    recordCall('session.setSpellCheckerLanguages', languages);
  }

  setUserAgent(userAgent: string): void {
    this._userAgent = userAgent;
    this.#changed();
  }

  getUserAgent(): string {
    return this._userAgent ?? '';
  }

  isPersistent(): boolean {
    return true;
  }

  #changed(): void {
    for (const listener of this._onChange) listener();
  }
}

const STORAGE_TYPES: Readonly<Record<string, string>> = {
  cookies: 'cookies',
  filesystem: 'file_systems',
  indexdb: 'indexeddb',
  localstorage: 'local_storage',
  shadercache: 'shader_cache',
  serviceworkers: 'service_workers',
  cachestorage: 'cache_storage',
};

/** Origins (as Chromium knows them) of documents shown in this run. */
export const seenOrigins = new Set<string>();

function absentMembers(label: string, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, absent(`${label}.${name}`)]));
}

/** The one session. */
export const defaultSession = new StandInSession();
const checked: Pick<Electron.Session, Exclude<keyof StandInSession & keyof Electron.Session, keyof NodeJS.EventEmitter>> = defaultSession;

/** Electron's `session`. */
export const session = {
  get defaultSession(): Electron.Session {
    return asElectron(checked);
  },
  fromPartition(partition: string): Electron.Session {
    if (partition !== '') throw notInStandIn(`session.fromPartition('${partition}'): there is the default session only`);
    return asElectron(defaultSession);
  },
} satisfies Pick<typeof Electron.Session, 'defaultSession' | 'fromPartition'>;
