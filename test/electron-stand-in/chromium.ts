import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { application, applicationPath } from './application.ts';
import { CdpConnection } from './cdp.ts';
import { debug, STAND_IN_VERSION } from './covered.ts';

const EXECUTABLE = process.env['ELECTRON_STANDIN_CHROMIUM'] ?? '/usr/bin/chromium';

/** True where windows cannot be shown: no display, or asked for by ELECTRON_STANDIN_HEADLESS. */
export const headless: boolean = process.env['ELECTRON_STANDIN_HEADLESS'] ? process.env['ELECTRON_STANDIN_HEADLESS'] !== '0' : !process.env['DISPLAY'];

/** How long Chromium may take to close by itself before it is killed: profile writes finish well within it. */
const CLOSE_LIMIT_MS = 5000;

/** How long a browser whose application was killed may take to leave the profile. */
const LEAVE_LIMIT_MS = 8000;
const LEAVE_POLL_MS = 50;

const DISABLED_FEATURES = [
  'Translate',
  'MediaRouter',
  'OptimizationHints',
  'BackForwardCache',
  'HttpsUpgrades',
  'GlobalMediaControls',
  'LocalNetworkAccessChecks',
  'LocalNetworkAccessChecksWebSockets',
];

const FIXED_SWITCHES: readonly (readonly [string, string])[] = [
  ['no-first-run', ''],
  ['no-default-browser-check', ''],
  ['disable-background-networking', ''],
  ['disable-background-timer-throttling', ''],
  ['disable-backgrounding-occluded-windows', ''],
  ['disable-renderer-backgrounding', ''],
  ['disable-component-update', ''],
  ['disable-default-apps', ''],
  ['disable-extensions', ''],
  ['disable-search-engine-choice-screen', ''],
  ['disable-sync', ''],
  ['disable-quic', ''],
  ['disable-breakpad', ''],
  ['disable-hang-monitor', ''],
  ['disable-session-crashed-bubble', ''],
  ['hide-crash-restore-bubble', ''],
  ['disable-popup-blocking', ''],
  ['blink-settings', 'allowScriptsToCloseWindows=true'],
  // Electron's ports tell when they close; Chromium's do so with this.
  ['enable-blink-features', 'MessagePortCloseEvent'],
  ['enable-unsafe-swiftshader', ''],
  ['metrics-recording-only', ''],
  ['no-startup-window', ''],
  ['password-store', 'basic'],
  ['use-mock-keychain', ''],
  // Hides the bar that warns of --no-sandbox and of unusual flags.
  ['test-type', ''],
];

/** Switches that concern the executable itself or are set by the stand-in alone. */
const OWN_SWITCHES = new Set(['remote-debugging-port', 'remote-debugging-pipe', 'user-data-dir', 'inspect', 'inspect-brk', 'no-sandbox', 'app', 'headless', 'enable-sandbox']);
/** Switches whose values add up. */
const LIST_SWITCHES = new Set(['disable-features', 'enable-features', 'enable-blink-features', 'blink-settings']);

/** The running browser. */
export interface Chromium {
  readonly cdp: CdpConnection;
  readonly version: string;
  /** Process id of the browser process. */
  readonly pid: number;
  /** Opens a window without tabs or address bar at a `data:` document, which the caller recognises by the hash. */
  openAppWindow(title: string, hash: string): void;
  /** Closes the browser and waits until it has gone. */
  stop(): Promise<void>;
}

/** Folder of Chromium's profile: in the session data, so that storage persists with the application's data. */
export function profileFolder(): string {
  return path.join(applicationPath('sessionData'), 'chromium');
}

function isRunningChromium(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('chrom');
  } catch {
    return false; // no such process
  }
}

/** The living browser that uses the profile. */
function profileOwner(profile: string): number | undefined {
  try {
    const [, host, pid] = /^(.*)-(\d+)$/.exec(readlinkSync(path.join(profile, 'SingletonLock'))) ?? [];
    return host === os.hostname() && isRunningChromium(Number(pid)) ? Number(pid) : undefined;
  } catch {
    return undefined; // no lock
  }
}

/** Removes what a killed browser left behind; one that is just leaving is waited for. Throws if a living browser uses the profile. */
async function clearStaleLock(profile: string): Promise<void> {
  const until = Date.now() + LEAVE_LIMIT_MS;
  while (profileOwner(profile) !== undefined && Date.now() < until) await wait(LEAVE_POLL_MS);
  const owner = profileOwner(profile);
  if (owner !== undefined) throw new Error(`Electron stand-in: another Chromium (process ${owner}) uses ${profile}. Give each instance its own --user-data-dir.`);
  for (const name of ['SingletonLock', 'SingletonSocket', 'SingletonCookie']) rmSync(path.join(profile, name), { force: true });
}

function chromiumSwitches(profile: string): Map<string, string> {
  const switches = new Map<string, string>(FIXED_SWITCHES);
  switches.set('disable-features', DISABLED_FEATURES.join(','));
  switches.set('user-data-dir', profile);
  for (const [name, value] of application.switches) {
    if (OWN_SWITCHES.has(name)) continue;
    const before = switches.get(name);
    switches.set(name, LIST_SWITCHES.has(name) && before ? `${before},${value}` : value);
  }
  // Chromium refuses to run sandboxed as root; for anyone else the sandbox stays on.
  if (process.getuid?.() === 0) switches.set('no-sandbox', '');
  if (headless) {
    switches.set('headless', 'new');
    switches.set('disable-gpu', '');
  }
  return switches;
}

function commandLineOf(switches: ReadonlyMap<string, string>): string[] {
  return [...switches].map(([name, value]) => (value === '' ? `--${name}` : `--${name}=${value}`));
}

function forwardErrors(child: ChildProcess, announceDevTools: boolean): void {
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    debug('chromium:', text.trim());
    const line = /^DevTools listening on .*$/m.exec(text)?.[0];
    if (announceDevTools && line) process.stderr.write(`${line}\n`);
  });
}

/**
 * Starts Chromium on the application's profile.
 * @param onGone called if the browser goes away without having been stopped
 */
export async function startChromium(onGone: () => void): Promise<Chromium> {
  const profile = profileFolder();
  mkdirSync(profile, { recursive: true, mode: 0o700 });
  await clearStaleLock(profile);
  const shared = chromiumSwitches(profile);
  const debuggingPort = application.switches.get('remote-debugging-port');
  const own = new Map(shared).set('remote-debugging-pipe', '');
  if (debuggingPort !== undefined) own.set('remote-debugging-port', debuggingPort || '0');
  // A process group of its own: a Ctrl+C in the terminal reaches the application, which then closes the browser in order.
  const child = spawn(EXECUTABLE, commandLineOf(own), { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], detached: true });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      console.error(`Electron stand-in: cannot start ${EXECUTABLE}: ${error.message}`);
      resolve();
    });
  });
  forwardErrors(child, debuggingPort !== undefined);
  let stopping = false;
  child.once('exit', () => {
    if (!stopping) onGone();
  });
  const kill = (): void => {
    try {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    } catch {
      debug('chromium was gone already');
    }
  };
  process.on('exit', kill);
  const cdp = new CdpConnection(child.stdio[3] as Writable, child.stdio[4] as Readable, () => debug('pipe closed'));
  const { product } = await cdp.browser.send('Browser.getVersion');
  const version = product.split('/')[1] ?? product;
  process.stderr.write(`Electron stand-in ${STAND_IN_VERSION}: windows by Chromium ${version}, main process on Node ${process.versions.node}\n`);
  const windowSwitches = new Map(shared);
  windowSwitches.delete('no-startup-window');
  return {
    cdp,
    version,
    pid: child.pid ?? 0,
    openAppWindow(title, hash) {
      const document = `data:text/html,<title>${encodeURIComponent(title)}</title>#${hash}`;
      spawn(EXECUTABLE, [...commandLineOf(windowSwitches), `--app=${document}`], { stdio: 'ignore' }).unref();
    },
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      cdp.browser.tell('Browser.close');
      cdp.abandon();
      const limit = setTimeout(kill, CLOSE_LIMIT_MS);
      await exited;
      clearTimeout(limit);
    },
  };
}
