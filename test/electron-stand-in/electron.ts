/** What `import 'electron'` gives in the main process. Everything that is not covered throws when it is touched. */
import { app } from './app.ts';
import { BrowserWindow, everyWindow, windowOfTarget, type StandInWindow } from './browser-window.ts';
import { absent, asElectron, guarded, recordedCalls, STAND_IN_VERSION } from './covered.ts';
import { protocol } from './custom-scheme.ts';
import { autoUpdater, clipboard, crashReporter, globalShortcut, net, Notification, powerMonitor, powerSaveBlocker, screen, shell, Tray } from './desktop.ts';
import { dialog } from './dialog.ts';
import { ipcMain } from './ipc.ts';
import { StandInMenu, StandInMenuItem } from './menu.ts';
import { StandInMessageChannel } from './message-port.ts';
import { nativeImage } from './native-image.ts';
import { nativeTheme, setSystemAppearance } from './native-theme.ts';
import { safeStorage } from './safe-storage.ts';
import { session } from './session.ts';
import { StandInUtilityProcess } from './utility-process.ts';
import { everyWebContents } from './web-contents.ts';

const webContents = guarded('webContents', {
  getAllWebContents: () => asElectron<Electron.WebContents[]>(everyWebContents()),
  fromId: (id: number) => asElectron<Electron.WebContents | undefined>(everyWebContents().find((contents) => contents.id === id)),
  fromFrame: (frame: Electron.WebFrameMain) => asElectron<Electron.WebContents | undefined>(everyWebContents().find((contents) => contents.mainFrame === frame)),
  fromDevToolsTargetId: (targetId: string) => windowOfTarget(targetId)?.webContents,
  getFocusedWebContents: () => BrowserWindow.getFocusedWindow()?.webContents ?? null,
} satisfies Pick<typeof Electron.WebContents, 'getAllWebContents' | 'fromId' | 'fromFrame' | 'fromDevToolsTargetId' | 'getFocusedWebContents'>);

const utilityProcess = guarded('utilityProcess', { fork: (...given: Parameters<typeof Electron.UtilityProcess.fork>) => StandInUtilityProcess.fork(...given) } satisfies Pick<typeof Electron.UtilityProcess, 'fork'>);

/** The stand-in's own: what tests may ask of it and nothing else has. Not there on Electron. */
export const __standIn = {
  version: STAND_IN_VERSION,
  /** Calls that have no effect here, oldest first. */
  calls: recordedCalls,
  /** What the system is said to want: dark, high contrast, forced colours, reduced motion. */
  setSystemAppearance,
  /** The windows that exist. */
  windows: (): StandInWindow[] => everyWindow(),
};

const MessageChannelMain = StandInMessageChannel;
const Menu = StandInMenu;
const MenuItem = StandInMenuItem;
const shownSession = guarded('session', session);

export { app, autoUpdater, BrowserWindow, clipboard, crashReporter, dialog, globalShortcut, ipcMain, Menu, MenuItem, MessageChannelMain, nativeImage, nativeTheme, net, Notification, powerMonitor, powerSaveBlocker, protocol, safeStorage, screen, shownSession as session, shell, Tray, utilityProcess, webContents };

export const BaseWindow = absent<typeof Electron.BaseWindow>('BaseWindow');
export const BrowserView = absent<typeof Electron.BrowserView>('BrowserView');
export const ClipboardItem = absent<typeof Electron.ClipboardItem>('ClipboardItem');
export const contentTracing = absent<Electron.ContentTracing>('contentTracing');
export const desktopCapturer = absent<Electron.DesktopCapturer>('desktopCapturer');
export const ImageView = absent<typeof Electron.ImageView>('ImageView');
export const inAppPurchase = absent<Electron.InAppPurchase>('inAppPurchase');
export const netLog = absent<Electron.NetLog>('netLog');
export const pushNotifications = absent<Electron.PushNotifications>('pushNotifications');
export const ShareMenu = absent<typeof Electron.ShareMenu>('ShareMenu');
export const systemPreferences = absent<Electron.SystemPreferences>('systemPreferences');
export const TouchBar = absent<typeof Electron.TouchBar>('TouchBar');
export const View = absent<typeof Electron.View>('View');
export const WebContentsView = absent<typeof Electron.WebContentsView>('WebContentsView');
export const webFrameMain = absent<typeof Electron.WebFrameMain>('webFrameMain');

export default { app, autoUpdater, BrowserWindow, clipboard, crashReporter, dialog, globalShortcut, ipcMain, Menu, MenuItem, MessageChannelMain, nativeImage, nativeTheme, net, Notification, powerMonitor, powerSaveBlocker, protocol, safeStorage, screen, session: shownSession, shell, Tray, utilityProcess, webContents, __standIn };
