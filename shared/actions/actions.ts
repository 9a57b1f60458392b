import type { WindowRole } from '../ipc/contract.ts';
import type { WindowAction } from '../ipc/window-actions.ts';
import type { InterfaceKey } from '../languages/translate.ts';

/** Labels of actions take no arguments. */
export type ActionLabel = Extract<InterfaceKey, `menu.${string}` | `nav.${string}` | 'account.sign-out' | 'account.change-password' | 'own-log.title' | 'diagnostics.reports' | 'session.end' | 'session.reconnect'>;
export type MenuName = 'file' | 'edit' | 'view' | 'session' | 'window' | 'help';

/** What an action does: asks the page, or one of the things that windows and Electron do by themselves. */
export type ActionRun =
  | { readonly kind: 'page'; readonly action: WindowAction }
  | { readonly kind: 'role'; readonly role: 'undo' | 'redo' | 'cut' | 'copy' | 'paste' | 'selectAll' | 'togglefullscreen' | 'minimize' | 'close' | 'quit' | 'toggleDevTools' }
  | { readonly kind: 'sign-out' }
  | { readonly kind: 'check-updates' }
  /** Steps larger or smaller, or 0 for the actual size; holds for every window. */
  | { readonly kind: 'zoom'; readonly step: 1 | -1 | 0 }
  | { readonly kind: 'end-session' }
  | { readonly kind: 'reconnect' };

/** One record for each action: menus, command palette, list of shortcuts and keys all come from it. */
export interface Action {
  readonly id: string;
  readonly label: ActionLabel;
  readonly menu: MenuName;
  readonly windows: readonly WindowRole[];
  /** Keys as Electron writes them; `mac` where they differ there. None of a session window is a key that a shell wants. */
  readonly keys?: { readonly other: string; readonly mac: string };
  readonly when?: 'development';
  /** Where macOS has it: in the menu with the app's name. */
  readonly macMenu?: 'app';
  /** False for what only means something where the caret is, or is the palette itself. */
  readonly palette?: false;
  readonly run: ActionRun;
}

const main = ['main'] as const;
const session = ['session'] as const;
const pages = ['main', 'diagnosis'] as const;
const every = ['main', 'session', 'diagnosis'] as const;
const same = (keys: string): { other: string; mac: string } => ({ other: keys, mac: keys });

export const actions: readonly Action[] = [
  { id: 'account.change-password', label: 'account.change-password', menu: 'file', windows: main, run: { kind: 'page', action: 'account.change-password' } },
  { id: 'account.sign-out', label: 'account.sign-out', menu: 'file', windows: main, run: { kind: 'sign-out' } },
  { id: 'view.settings', label: 'nav.settings', menu: 'file', windows: main, keys: same('CmdOrCtrl+,'), macMenu: 'app', run: { kind: 'page', action: 'view.settings' } },
  { id: 'window.close', label: 'menu.close-window', menu: 'file', windows: every, keys: { other: 'Ctrl+Shift+W', mac: 'Cmd+W' }, run: { kind: 'role', role: 'close' } },
  { id: 'app.quit', label: 'menu.quit', menu: 'file', windows: every, keys: { other: 'Ctrl+Shift+Q', mac: 'Cmd+Q' }, macMenu: 'app', run: { kind: 'role', role: 'quit' } },

  { id: 'edit.undo', label: 'menu.undo', menu: 'edit', windows: main, palette: false, run: { kind: 'role', role: 'undo' } },
  { id: 'edit.redo', label: 'menu.redo', menu: 'edit', windows: main, palette: false, run: { kind: 'role', role: 'redo' } },
  { id: 'edit.cut', label: 'menu.cut', menu: 'edit', windows: main, palette: false, run: { kind: 'role', role: 'cut' } },
  { id: 'edit.copy', label: 'menu.copy', menu: 'edit', windows: pages, palette: false, run: { kind: 'role', role: 'copy' } },
  { id: 'edit.paste', label: 'menu.paste', menu: 'edit', windows: main, palette: false, run: { kind: 'role', role: 'paste' } },
  { id: 'edit.select-all', label: 'menu.select-all', menu: 'edit', windows: pages, palette: false, run: { kind: 'role', role: 'selectAll' } },
  { id: 'resources.search', label: 'menu.search-resources', menu: 'edit', windows: main, keys: same('CmdOrCtrl+F'), run: { kind: 'page', action: 'resources.search' } },
  { id: 'terminal.copy', label: 'menu.copy', menu: 'edit', windows: session, keys: { other: 'Ctrl+Shift+C', mac: 'Cmd+C' }, run: { kind: 'page', action: 'terminal.copy' } },
  { id: 'terminal.paste', label: 'menu.paste', menu: 'edit', windows: session, keys: { other: 'Ctrl+Shift+V', mac: 'Cmd+V' }, run: { kind: 'page', action: 'terminal.paste' } },
  { id: 'terminal.find', label: 'menu.find', menu: 'edit', windows: session, keys: { other: 'Ctrl+Shift+F', mac: 'Cmd+F' }, run: { kind: 'page', action: 'terminal.find' } },

  { id: 'view.resources', label: 'nav.resources', menu: 'view', windows: main, keys: same('CmdOrCtrl+1'), run: { kind: 'page', action: 'view.resources' } },
  { id: 'view.sessions', label: 'nav.sessions', menu: 'view', windows: main, keys: same('CmdOrCtrl+2'), run: { kind: 'page', action: 'view.sessions' } },
  { id: 'view.recordings', label: 'nav.recordings', menu: 'view', windows: main, keys: same('CmdOrCtrl+3'), run: { kind: 'page', action: 'view.recordings' } },
  { id: 'view.audit', label: 'nav.audit', menu: 'view', windows: main, keys: same('CmdOrCtrl+4'), run: { kind: 'page', action: 'view.audit' } },
  { id: 'view.errors', label: 'nav.errors', menu: 'view', windows: main, keys: same('CmdOrCtrl+5'), run: { kind: 'page', action: 'view.errors' } },
  { id: 'view.gateways', label: 'nav.gateways', menu: 'view', windows: main, keys: same('CmdOrCtrl+6'), run: { kind: 'page', action: 'view.gateways' } },
  { id: 'view.users', label: 'nav.users', menu: 'view', windows: main, keys: same('CmdOrCtrl+7'), run: { kind: 'page', action: 'view.users' } },
  { id: 'view.rules', label: 'nav.rules', menu: 'view', windows: main, keys: same('CmdOrCtrl+8'), run: { kind: 'page', action: 'view.rules' } },
  { id: 'view.credentials', label: 'nav.credentials', menu: 'view', windows: main, run: { kind: 'page', action: 'view.credentials' } },
  { id: 'view.diagnostics', label: 'nav.diagnostics', menu: 'view', windows: main, keys: same('CmdOrCtrl+9'), run: { kind: 'page', action: 'view.diagnostics' } },
  { id: 'view.reports', label: 'diagnostics.reports', menu: 'view', windows: main, run: { kind: 'page', action: 'view.reports' } },
  { id: 'palette.open', label: 'menu.palette', menu: 'view', windows: main, keys: same('CmdOrCtrl+K'), palette: false, run: { kind: 'page', action: 'palette.open' } },
  { id: 'view.zoom-in', label: 'menu.zoom-in', menu: 'view', windows: pages, keys: same('CmdOrCtrl+Plus'), run: { kind: 'zoom', step: 1 } },
  { id: 'view.zoom-out', label: 'menu.zoom-out', menu: 'view', windows: pages, keys: same('CmdOrCtrl+-'), run: { kind: 'zoom', step: -1 } },
  { id: 'view.zoom-reset', label: 'menu.zoom-reset', menu: 'view', windows: pages, keys: same('CmdOrCtrl+0'), run: { kind: 'zoom', step: 0 } },
  { id: 'view.full-screen', label: 'menu.full-screen', menu: 'view', windows: every, run: { kind: 'role', role: 'togglefullscreen' } },
  { id: 'view.developer-tools', label: 'menu.developer-tools', menu: 'view', windows: every, when: 'development', run: { kind: 'role', role: 'toggleDevTools' } },

  { id: 'session.reconnect', label: 'session.reconnect', menu: 'session', windows: session, run: { kind: 'reconnect' } },
  { id: 'session.end', label: 'session.end', menu: 'session', windows: session, run: { kind: 'end-session' } },

  { id: 'window.minimize', label: 'menu.minimize', menu: 'window', windows: every, run: { kind: 'role', role: 'minimize' } },

  { id: 'updates.check', label: 'menu.check-updates', menu: 'help', windows: main, macMenu: 'app', run: { kind: 'check-updates' } },
  { id: 'view.own-log', label: 'own-log.title', menu: 'help', windows: main, run: { kind: 'page', action: 'view.own-log' } },
  { id: 'help.shortcuts', label: 'menu.shortcuts', menu: 'help', windows: every, run: { kind: 'page', action: 'help.shortcuts' } },
];
