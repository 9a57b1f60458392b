import { BrowserWindow, screen } from 'electron';
import type { Protocol } from '../../shared/ids.ts';
import type { WindowRole } from '../../shared/ipc/contract.ts';
import { sessionPageQuery } from '../../shared/ipc/page-address.ts';
import type { SessionId } from '../../shared/ipc/stores.ts';
import { BUNDLE_ORIGIN } from '../app-protocol/bundle-origin.ts';
import { crashMessages } from '../logging/crashes.ts';
import type { Log } from '../logging/log.ts';
import { besideOthers, firstSize, liesOn, type Rectangle, type RememberedBounds, type WindowBounds } from './window-bounds.ts';
import { hardenContents, pagePreferences } from './window-hardening.ts';
import type { DiagnosisId, WindowRegistry } from './window-registry.ts';

const PAGES = { main: 'main-window.html', session: 'session-window.html', diagnosis: 'diagnosis-window.html' } as const satisfies Record<WindowRole, string>;
/** A protocol whose engine is WebAssembly has a page of its own: its content security policy lets that run, and no other page's does. */
const PAGES_OF_PROTOCOLS: Partial<Record<Protocol, string>> = { rdp: 'rdp-window.html' };
const FIRST_SIZE = { main: { width: 1200, height: 800 }, session: { width: 960, height: 640 }, diagnosis: { width: 900, height: 700 } } as const satisfies Record<WindowRole, { width: number; height: number }>;
const LEAST_SIZE = { main: { minWidth: 640, minHeight: 480 }, session: { minWidth: 480, minHeight: 320 }, diagnosis: { minWidth: 480, minHeight: 360 } } as const satisfies Record<WindowRole, { minWidth: number; minHeight: number }>;
/** A page that crashes more often than that within a minute is loaded again only where its user wants it: it would likely crash again. */
const MAX_RELOADS = 3;
const RELOAD_WINDOW_MS = 60_000;
/** The colours behind a page that has not painted yet, so that a dark theme does not flash white. */
const BACKGROUND = { dark: '#16181d', light: '#ffffff' } as const;

/** What a window of a role shows beside its page. */
export interface WindowSubject {
  readonly sessionId?: SessionId;
  readonly protocol?: Protocol;
  readonly diagnosisId?: DiagnosisId;
}

export interface WindowFactoryParts {
  readonly preload: string;
  readonly development: boolean;
  readonly registry: WindowRegistry;
  readonly bounds: RememberedBounds;
  readonly isDark: () => boolean;
  /** How large everything is, as a share of its actual size. */
  readonly zoomPercent: () => number;
  /** Asks whether a page that keeps crashing is to be loaded once more. */
  readonly askReload: (window: BrowserWindow) => Promise<boolean>;
  readonly clock: () => number;
  readonly log: Log;
}

/** The one place that makes windows (E2 to E4): every page gets the same preferences, and is known to main by its role and session. */
export class WindowFactory {
  readonly #parts: WindowFactoryParts;

  constructor(parts: WindowFactoryParts) {
    this.#parts = parts;
  }

  /** Opens a window of a role; a session window shows one session, a diagnosis window one diagnosis. */
  open(role: WindowRole, { sessionId, protocol, diagnosisId }: WindowSubject = {}): BrowserWindow {
    const { preload, development, registry, bounds, isDark, zoomPercent, log } = this.#parts;
    const screens = workAreas();
    const last = bounds.find(role, screens);
    const known = last && besideOthers(last, BrowserWindow.getAllWindows().map((window) => window.getNormalBounds()), screens);
    const window = new BrowserWindow({
      ...firstSize(FIRST_SIZE[role], zoomPercent(), screen.getPrimaryDisplay().workArea),
      ...(known ? { x: known.x, y: known.y, width: known.width, height: known.height } : {}),
      ...LEAST_SIZE[role],
      show: false,
      title: 'MAVIS Desktop',
      backgroundColor: isDark() ? BACKGROUND.dark : BACKGROUND.light,
      webPreferences: pagePreferences(preload, development),
    });
    const contents = window.webContents;
    const { id } = contents;
    hardenContents(contents, log);
    registry.add({ webContentsId: id, role, sessionId: sessionId ?? null, diagnosisId: diagnosisId ?? null });
    // A page's zoom is its document's: each that is loaded, a reload too, gets it before it is seen.
    contents.on('did-navigate', () => contents.setZoomFactor(zoomPercent() / 100));
    window.once('ready-to-show', () => {
      if (known?.maximized) window.maximize();
      window.show();
    });
    window.on('close', () => bounds.remember(role, this.placeOf(window)));
    window.once('closed', () => registry.remove(id));
    this.#reloadAfterCrash(window, role);
    const query = sessionId === undefined ? '' : `?${new URLSearchParams(sessionPageQuery(sessionId)).toString()}`;
    const page = (protocol === undefined ? undefined : PAGES_OF_PROTOCOLS[protocol]) ?? PAGES[role];
    window.loadURL(`${BUNDLE_ORIGIN}/${page}${query}`).catch((error: unknown) => log.error('page not loaded', { role }, error));
    return window;
  }

  /** Where a window is. */
  placeOf(window: BrowserWindow): WindowBounds {
    return { ...window.getNormalBounds(), maximized: window.isMaximized() };
  }

  /** Puts a window where it was; where that screen is no more, it stays where it is. */
  place(window: BrowserWindow, { maximized, ...at }: WindowBounds): void {
    if (!liesOn(at, workAreas())) return;
    window.setBounds(at);
    if (maximized) window.maximize();
  }

  /** A crashed page ends no session: the window loads it again, by itself or where it keeps crashing when asked, and it attaches to its session as it is now. */
  #reloadAfterCrash(window: BrowserWindow, role: WindowRole): void {
    const crashes: number[] = [];
    window.webContents.on('render-process-gone', (_event, details) => {
      const now = this.#parts.clock();
      this.#parts.log.error(crashMessages.page, { role, reason: details.reason, exitCode: details.exitCode });
      if (details.reason === 'clean-exit' || window.isDestroyed()) return;
      crashes.push(now);
      const often = crashes.filter((at) => now - at < RELOAD_WINDOW_MS).length > MAX_RELOADS;
      this.#loadAgain(window, often).catch((error: unknown) => this.#parts.log.error('page not loaded', { role }, error));
    });
  }

  async #loadAgain(window: BrowserWindow, often: boolean): Promise<void> {
    if (often && !(await this.#parts.askReload(window))) return;
    if (!window.isDestroyed()) window.webContents.reload();
  }
}

/** Of each screen the part that is not the system's. */
function workAreas(): Rectangle[] {
  return screen.getAllDisplays().map(({ workArea }) => workArea);
}
