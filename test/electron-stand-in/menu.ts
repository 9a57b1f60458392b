import { isAccelerator, parseAccelerator } from './accelerator.ts';
import { app } from './app.ts';
import { BrowserWindow } from './browser-window.ts';
import { asElectron, Covered, guarded, makeEvent, notInStandIn, recordCall } from './covered.ts';

type Role = NonNullable<Electron.MenuItemConstructorOptions['role']>;
type Item = Electron.MenuItemConstructorOptions;

interface RoleBehaviour {
  readonly label: string;
  readonly accelerator?: string;
  /** Chromium itself does it when the key is pressed. */
  readonly native?: boolean;
  run?(window: Electron.BrowserWindow | undefined): void;
}

const EDIT = (label: string, accelerator: string, run: (contents: Electron.WebContents) => void): RoleBehaviour => ({ label, accelerator, native: true, run: (window) => window && run(window.webContents) });
const zoomBy = (step: number) => (window: Electron.BrowserWindow | undefined) => {
  if (window) window.webContents.zoomLevel = step === 0 ? 0 : window.webContents.zoomLevel + step;
};

/** Roles by Electron's lower-case comparison of their names. */
const ROLES: Readonly<Partial<Record<string, RoleBehaviour>>> = {
  about: { label: 'About', run: () => recordCall('menu.about') },
  undo: EDIT('Undo', 'CmdOrCtrl+Z', (contents) => contents.undo()),
  redo: EDIT('Redo', 'Shift+CmdOrCtrl+Z', (contents) => contents.redo()),
  cut: EDIT('Cut', 'CmdOrCtrl+X', (contents) => contents.cut()),
  copy: EDIT('Copy', 'CmdOrCtrl+C', (contents) => contents.copy()),
  paste: EDIT('Paste', 'CmdOrCtrl+V', (contents) => contents.paste()),
  delete: { label: 'Delete', native: true, run: (window) => window?.webContents.delete() },
  selectall: EDIT('Select All', 'CmdOrCtrl+A', (contents) => contents.selectAll()),
  reload: { label: 'Reload', accelerator: 'CmdOrCtrl+R', run: (window) => window?.reload() },
  forcereload: { label: 'Force Reload', accelerator: 'Shift+CmdOrCtrl+R', run: (window) => window?.webContents.reloadIgnoringCache() },
  toggledevtools: { label: 'Toggle Developer Tools', accelerator: 'CmdOrCtrl+Shift+I', run: (window) => window?.webContents.toggleDevTools() },
  resetzoom: { label: 'Actual Size', accelerator: 'CmdOrCtrl+0', run: zoomBy(0) },
  zoomin: { label: 'Zoom In', accelerator: 'CmdOrCtrl+Plus', run: zoomBy(0.5) },
  zoomout: { label: 'Zoom Out', accelerator: 'CmdOrCtrl+-', run: zoomBy(-0.5) },
  togglefullscreen: { label: 'Toggle Full Screen', accelerator: 'F11', run: (window) => window?.setFullScreen(!window.isFullScreen()) },
  minimize: { label: 'Minimize', accelerator: 'CmdOrCtrl+M', run: (window) => window?.minimize() },
  close: { label: 'Close', accelerator: 'CmdOrCtrl+W', run: (window) => window?.close() },
  quit: { label: 'Quit', accelerator: 'CmdOrCtrl+Q', run: () => app.quit() },
  help: { label: 'Help' },
  window: { label: 'Window' },
};

/** Menus that a role stands for, on Linux. */
const ROLE_MENUS: Readonly<Partial<Record<string, { readonly label: string; readonly roles: readonly Role[] }>>> = {
  filemenu: { label: 'File', roles: ['quit'] },
  editmenu: { label: 'Edit', roles: ['undo', 'redo', 'cut', 'copy', 'paste', 'delete', 'selectAll'] },
  viewmenu: { label: 'View', roles: ['reload', 'forceReload', 'toggleDevTools', 'resetZoom', 'zoomIn', 'zoomOut', 'togglefullscreen'] },
  windowmenu: { label: 'Window', roles: ['minimize', 'close'] },
};

let nextCommandId = 1;

/** Electron's `MenuItem`. `click()` does what a user's click would do. */
export class StandInMenuItem {
  readonly commandId: number = nextCommandId++;
  id: string;
  label: string;
  sublabel: string;
  toolTip: string;
  type: Electron.MenuItem['type'];
  role: Role | undefined;
  accelerator: string | null;
  icon: Electron.MenuItem['icon'];
  enabled: boolean;
  visible: boolean;
  checked: boolean;
  registerAccelerator: boolean;
  acceleratorWorksWhenHidden: boolean;
  submenu: Electron.Menu | undefined;
  menu: Electron.Menu | undefined;
  readonly click: (event?: object, window?: Electron.BaseWindow, contents?: Electron.WebContents) => void;

  constructor(options: Item) {
    const role = options.role?.toLowerCase() ?? '';
    const behaviour = ROLES[role];
    const roleMenu = ROLE_MENUS[role];
    if (options.role && !behaviour && !roleMenu && !options.submenu) throw notInStandIn(`menu role '${options.role}'`);
    const submenu = options.submenu ?? roleMenu?.roles.map((inner): Item => ({ role: inner }));
    this.submenu = Array.isArray(submenu) ? StandInMenu.buildFromTemplate(submenu) : submenu;
    this.type = options.type ?? (this.submenu ? 'submenu' : 'normal');
    this.id = options.id ?? '';
    this.label = options.label ?? behaviour?.label ?? roleMenu?.label ?? '';
    this.sublabel = options.sublabel ?? '';
    this.toolTip = options.toolTip ?? '';
    this.role = options.role;
    this.accelerator = options.accelerator ?? behaviour?.accelerator ?? null;
    if (this.accelerator !== null) parseAccelerator(this.accelerator);
    this.icon = options.icon;
    this.enabled = options.enabled ?? true;
    this.visible = options.visible ?? true;
    this.checked = options.checked ?? false;
    this.registerAccelerator = options.registerAccelerator ?? true;
    this.acceleratorWorksWhenHidden = options.acceleratorWorksWhenHidden ?? true;
    // oxlint-disable-next-line no-this-alias -- the item is guarded below; the click works on what callers hold
    const item = guarded('MenuItem', this as StandInMenuItem);
    this.click = (event, givenWindow, contents) => {
      if (!item.enabled) return;
      const window = givenWindow ?? BrowserWindow.getFocusedWindow() ?? undefined;
      if (item.type === 'checkbox') item.checked = !item.checked;
      if (item.type === 'radio') chooseRadio(item);
      if (options.click) options.click(asElectron(item), window, asElectron(event ?? makeEvent({ triggeredByAccelerator: false })));
      else behaviour?.run?.(asElectron(window ?? contents));
    };
    // oxlint-disable-next-line no-constructor-return -- the guard has to be what callers hold
    return item;
  }

  /** True if Chromium does the item's work when its key is pressed in a page. */
  get _isNative(): boolean {
    return ROLES[this.role?.toLowerCase() ?? '']?.native ?? false;
  }
}

/** The radio items side by side exclude each other. */
function chooseRadio(item: StandInMenuItem): void {
  const siblings = item.menu?.items ?? [];
  const at = siblings.indexOf(asElectron(item));
  const inGroup = (index: number): boolean => siblings[index]?.type === 'radio';
  for (let index = at; inGroup(index); index--) asElectron<StandInMenuItem>(siblings[index]).checked = false;
  for (let index = at; inGroup(index); index++) asElectron<StandInMenuItem>(siblings[index]).checked = false;
  item.checked = true;
}

let applicationMenu: Electron.Menu | null = null;

/** Electron's `Menu`. No menu is drawn; items are reached by id, by accelerator, and popups through the recorded calls. */
export class StandInMenu extends Covered implements Pick<Electron.Menu, 'items' | 'append' | 'insert' | 'popup' | 'closePopup' | 'getMenuItemById'> {
  items: Electron.MenuItem[] = [];

  constructor() {
    super('Menu', ['menu-will-show', 'menu-will-close']);
  }

  static buildFromTemplate(template: readonly (Electron.MenuItemConstructorOptions | Electron.MenuItem)[]): Electron.Menu {
    const menu = asElectron<Electron.Menu>(new StandInMenu());
    for (const item of template) menu.append(item instanceof StandInMenuItem ? asElectron(item) : asElectron(new StandInMenuItem(item as Item)));
    return menu;
  }

  static setApplicationMenu(menu: Electron.Menu | null): void {
    applicationMenu = menu;
  }

  static getApplicationMenu(): Electron.Menu | null {
    return applicationMenu;
  }

  append(item: Electron.MenuItem): void {
    this.insert(this.items.length, item);
  }

  insert(position: number, item: Electron.MenuItem): void {
    item.menu = asElectron(this);
    this.items.splice(position, 0, item);
  }

  /** Call only: nothing is drawn. */
  popup(options?: Electron.PopupOptions): void {
    recordCall('menu.popup', this, options);
    this.emit('menu-will-show', makeEvent());
  }

  closePopup(): void {
    this.emit('menu-will-close', makeEvent());
  }

  getMenuItemById(id: string): Electron.MenuItem | null {
    return everyItem(this.items).find((item) => item.id === id) ?? null;
  }
}

function everyItem(items: readonly Electron.MenuItem[]): Electron.MenuItem[] {
  return items.flatMap((item) => [item, ...everyItem(item.submenu?.items ?? [])]);
}

/** A key that the page left: runs the item of its window's own menu that has it as accelerator, or of the application's where the window has none. */
export function runMenuAccelerator(input: Electron.Input, windowMenu: Electron.Menu | null | undefined): boolean {
  const menu = windowMenu === undefined ? applicationMenu : windowMenu;
  const found = everyItem(menu?.items ?? []).find(
    (item) => item.accelerator && item.enabled && item.registerAccelerator && !asElectron<StandInMenuItem>(item)._isNative && isAccelerator(parseAccelerator(item.accelerator), input),
  );
  if (!found) return false;
  const event = makeEvent({ triggeredByAccelerator: true, ctrlKey: input.control, shiftKey: input.shift, altKey: input.alt, metaKey: input.meta });
  asElectron<StandInMenuItem>(found).click(event);
  return true;
}
