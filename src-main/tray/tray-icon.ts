import { join } from 'node:path';
import type { Session, SessionId } from '../../shared/ipc/stores.ts';
import type { Translator } from '../../shared/languages/translate.ts';
import type { Stores } from '../stores/owned-store.ts';

/** More sessions are found in the app. */
const MOST_SESSIONS = 10;

/** One line of the tray's menu; null for a line between. */
export type TrayLine = { readonly label: string; readonly run: () => void } | null;

/** What is taken of Electron's `Tray`. */
export interface ShownTray {
  readonly setImage: (file: string) => void;
  readonly setToolTip: (text: string) => void;
  readonly setMenu: (lines: readonly TrayLine[]) => void;
  readonly destroy: () => void;
}

type OpenSession = Pick<Session, 'id' | 'resourceName' | 'protocol'>;

interface TrayIconParts {
  readonly stores: Pick<Stores, 'settings' | 'sessions' | 'inventory'>;
  readonly translator: () => Translator;
  readonly folder: string;
  readonly platform: string;
  readonly isDark: () => boolean;
  readonly show: (imageFile: string) => ShownTray;
  readonly showMain: () => void;
  readonly showSession: (sessionId: SessionId) => void;
  readonly quit: () => void;
}

/** The file of the icon: as each system wants it, and another one where something wants to be looked at. */
export function trayImage(platform: string, dark: boolean, attention: boolean): string {
  const name = attention ? 'tray-attention' : 'tray';
  if (platform === 'darwin') return `${name}Template.png`;
  if (platform === 'win32') return `${name}.ico`;
  return `${name}-${dark ? 'dark' : 'light'}.png`;
}

/** The icon in the system's tray, for as long as the user wants one: it shows whether all is well, and brings windows forward. */
export class TrayIcon {
  readonly #parts: TrayIconParts;
  #tray: ShownTray | undefined;
  #image = '';
  /** What the menu lists, as text: sessions tell of each round trip, and a menu that is set anew closes under the pointer. */
  #listed = '';

  constructor(parts: TrayIconParts) {
    this.#parts = parts;
  }

  /** Whether there is one: then the app goes on when its last window is closed. */
  get shown(): boolean {
    return this.#tray !== undefined;
  }

  /** Follows settings, sessions and states from now on. */
  start(): void {
    const { settings, sessions, inventory } = this.#parts.stores;
    for (const store of [settings, sessions, inventory]) store.onPatch(() => this.refresh());
    this.refresh();
  }

  stop(): void {
    this.#tray?.destroy();
    this.#tray = undefined;
    this.#listed = '';
  }

  /** Shows everything as it is now; also where the system's colours have changed. */
  refresh(): void {
    const { stores, translator, show } = this.#parts;
    if (!stores.settings.state.trayIcon) return this.stop();
    const image = this.#imageNow();
    if (this.#tray === undefined) this.#tray = show(image);
    else if (image !== this.#image) this.#tray.setImage(image);
    this.#image = image;
    const { text, language } = translator();
    const open = this.#openSessions();
    const listed = JSON.stringify([language, open]);
    if (listed === this.#listed) return;
    this.#listed = listed;
    this.#tray.setToolTip(text('app.title'));
    this.#tray.setMenu(this.#lines(text, open));
  }

  #imageNow(): string {
    const { stores, folder, platform, isDark } = this.#parts;
    const interrupted = Object.values(stores.sessions.state.items).some(({ phase }) => phase.status === 'connected' && phase.resuming !== null);
    const down = stores.inventory.state.segments.some(({ segment, known, available }) => segment !== null && known && available === 0);
    return join(folder, trayImage(platform, isDark(), interrupted || down));
  }

  #openSessions(): OpenSession[] {
    return Object.values(this.#parts.stores.sessions.state.items)
      .filter(({ phase, foreignClientId }) => foreignClientId === null && (phase.status === 'connected' || phase.status === 'connecting'))
      .slice(0, MOST_SESSIONS)
      .map(({ id, resourceName, protocol }) => ({ id, resourceName, protocol }));
  }

  #lines(text: Translator['text'], sessions: readonly OpenSession[]): TrayLine[] {
    const { showMain, showSession, quit } = this.#parts;
    const open = sessions.map(({ id, resourceName, protocol }): TrayLine => ({ label: text('palette.show-session', { resource: resourceName, protocol: text(`protocol.${protocol}`) }), run: () => showSession(id) }));
    return [{ label: text('tray.show'), run: showMain }, null, ...open, ...(open.length > 0 ? [null] : []), { label: text('menu.quit'), run: quit }];
  }
}
