import { app, BrowserWindow, Menu } from 'electron';
import type { ActionRun } from '../../shared/actions/actions.ts';
import type { WindowRole } from '../../shared/ipc/contract.ts';
import type { Translator } from '../../shared/languages/translate.ts';
import type { WindowRegistry } from '../windows/window-registry.ts';
import { menuTemplate } from './application-menu.ts';
import { paletteAction, runRole } from './window-actions.ts';

/** What a menu line does that is not the system's own. */
export type WindowAction = Exclude<ActionRun, { kind: 'role' }>;

interface WindowMenusParts {
  readonly registry: Pick<WindowRegistry, 'find'>;
  readonly translator: () => Translator;
  /** Whether a reload and the developer tools are offered. */
  readonly development: boolean;
  readonly run: (window: BrowserWindow, does: WindowAction) => void;
}

/** The menus of the windows: each window's own, on macOS that of the window in front. */
export class WindowMenus {
  readonly #parts: WindowMenusParts;
  readonly #mac = process.platform === 'darwin';

  constructor(parts: WindowMenusParts) {
    this.#parts = parts;
  }

  /** Call once the app is ready. */
  start(): void {
    if (this.#mac) app.on('browser-window-focus', () => this.refresh());
    else Menu.setApplicationMenu(null);
  }

  set(window: BrowserWindow, role: WindowRole): void {
    const { development, translator, run } = this.#parts;
    const menu = Menu.buildFromTemplate(menuTemplate({ role, mac: this.#mac, development, text: (key) => translator().text(key), run: (does) => run(window, does) }));
    if (this.#mac) Menu.setApplicationMenu(menu);
    else window.setMenu(menu);
  }

  /** Makes the menus anew: in another language, or of another window in front. */
  refresh(): void {
    for (const window of BrowserWindow.getAllWindows()) {
      const known = this.#parts.registry.find(window.webContents.id);
      if (known && (!this.#mac || window.isFocused())) this.set(window, known.role);
    }
  }

  /** Does what the menu of a window does for an action. Throws `request.not-found` where its menu has no such action. */
  runAction({ role, webContentsId }: { readonly role: WindowRole; readonly webContentsId: number }, actionId: string): void {
    const { run: does } = paletteAction(role, actionId);
    const window = BrowserWindow.getAllWindows().find(({ webContents }) => webContents.id === webContentsId);
    if (!window) return;
    if (does.kind === 'role') runRole(does.role, window, () => app.quit());
    else this.#parts.run(window, does);
  }
}
