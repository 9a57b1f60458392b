import type { BrowserWindow } from 'electron';
import { type Action, type ActionRun, actions } from '../../shared/actions/actions.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { WindowRole } from '../../shared/ipc/contract.ts';

type Role = Extract<ActionRun, { kind: 'role' }>['role'];

/** What Electron does for a role, where the action comes from elsewhere than its menu. Parts of `edit` mean the field that has the caret, which the palette has taken. */
const roles: Readonly<Partial<Record<Role, (window: BrowserWindow, quit: () => void) => void>>> = {
  togglefullscreen: (window) => window.setFullScreen(!window.isFullScreen()),
  minimize: (window) => window.minimize(),
  close: (window) => window.close(),
  quit: (_window, quit) => quit(),
};

/** The action of an id, where a window of that role may run it from its palette. Throws `request.not-found`. */
export function paletteAction(role: WindowRole, actionId: string): Action {
  const found = actions.find((action) => action.id === actionId && action.windows.includes(role) && action.palette !== false && action.when === undefined);
  if (!found) throw new MavisError('request.not-found');
  return found;
}

/** Does for a window what a role of its menu does. */
export function runRole(role: Role, window: BrowserWindow, quit: () => void): void {
  roles[role]?.(window, quit);
}
