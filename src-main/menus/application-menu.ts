import type { MenuItemConstructorOptions } from 'electron';
import type { WindowRole } from '../../shared/ipc/contract.ts';
import type { InterfaceKey } from '../../shared/languages/translate.ts';
import { type Action, type ActionLabel, type ActionRun, actions, type MenuName } from '../../shared/actions/actions.ts';

const MENUS = [
  { name: 'file', label: 'menu.file' },
  { name: 'edit', label: 'menu.edit' },
  { name: 'view', label: 'menu.view' },
  { name: 'session', label: 'menu.session' },
  { name: 'window', label: 'menu.window' },
  { name: 'help', label: 'menu.help' },
] as const satisfies readonly { name: MenuName; label: InterfaceKey }[];

export interface MenuParts {
  readonly role: WindowRole;
  readonly mac: boolean;
  readonly development: boolean;
  readonly text: (key: ActionLabel | 'app.title' | (typeof MENUS)[number]['label']) => string;
  /** What a chosen item does, where Electron does not do it by itself. */
  readonly run: (run: Exclude<ActionRun, { kind: 'role' }>) => void;
}

/** The native menu of a window's role, from the actions; menus without an action are left out. */
export function menuTemplate(parts: MenuParts): MenuItemConstructorOptions[] {
  const shown = actions.filter((action) => action.windows.includes(parts.role) && (action.when !== 'development' || parts.development));
  const menus = MENUS.flatMap(({ name, label }) => {
    const submenu = shown.filter((action) => action.menu === name && !(parts.mac && action.macMenu === 'app')).map((action) => item(action, parts));
    return submenu.length === 0 ? [] : [{ label: parts.text(label), submenu }];
  });
  return parts.mac ? [macAppMenu(shown, parts), ...menus] : menus;
}

/** The first menu of macOS: it carries the app's name, whatever its label says, and holds what is of the whole app. The system words the roles. */
function macAppMenu(shown: readonly Action[], parts: MenuParts): MenuItemConstructorOptions {
  const own = shown.filter((action) => action.macMenu === 'app').map((action) => item(action, parts));
  const quit = own.filter(({ role }) => role === 'quit');
  return {
    label: parts.text('app.title'),
    submenu: [
      { role: 'about' }, { type: 'separator' },
      ...own.filter(({ role }) => role !== 'quit'), { type: 'separator' },
      { role: 'services' }, { type: 'separator' },
      { role: 'hide' }, { role: 'hideOthers' }, { role: 'unhide' }, { type: 'separator' },
      ...quit,
    ],
  };
}

function item(action: Action, { mac, text, run }: MenuParts): MenuItemConstructorOptions {
  const { run: does } = action;
  const keys = action.keys && (mac ? action.keys.mac : action.keys.other);
  return {
    id: action.id,
    label: text(action.label),
    ...(keys === undefined ? {} : { accelerator: keys }),
    ...(does.kind === 'role' ? { role: does.role } : { click: () => run(does) }),
  };
}
