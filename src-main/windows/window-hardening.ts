import type { Session, WebContents, WebPreferences } from 'electron';
import { isBundleAddress } from '../app-protocol/bundle-origin.ts';
import type { Log } from '../logging/log.ts';

/** Settings of every page that the program shows (E2 to E12). There is no other place where they are set. */
export function pagePreferences(preload: string, development: boolean): WebPreferences {
  return {
    preload,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    contextIsolation: true,
    sandbox: true,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    experimentalFeatures: false,
    navigateOnDragDrop: false,
    spellcheck: false,
    // "Reveal file" and "open in editor" of the developer tools run programs (E21).
    devTools: development,
  };
}

/** What every page is kept from, whoever made it: leaving the bundle, opening windows, webviews (E11 to E14). Navigation inside the bundle is a reload and nothing else. */
export function hardenContents(contents: Pick<WebContents, 'on' | 'setWindowOpenHandler' | 'getURL'>, log: Log): void {
  const deny = (event: { preventDefault: () => void }, url: string): void => {
    if (isBundleAddress(url) && samePage(url, contents.getURL())) return;
    event.preventDefault();
    log.warn('navigation refused', { reason: 'navigation' });
  };
  contents.on('will-navigate', (event) => deny(event, event.url));
  contents.on('will-redirect', (event) => deny(event, event.url));
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame) {
      event.preventDefault();
      log.warn('navigation refused', { reason: 'frame' });
    }
  });
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
    log.warn('webview refused', { reason: 'webview' });
  });
  contents.setWindowOpenHandler(() => {
    log.warn('window refused', { reason: 'window-open' });
    return { action: 'deny' };
  });
}

/** A page may load itself again, and no other page in its place: each window has one. */
function samePage(one: string, other: string): boolean {
  const path = (address: string): string => (URL.canParse(address) ? new URL(address).pathname + new URL(address).search : '');
  return path(one) === path(other);
}

/** Permissions are denied, asked and unasked (E5): no page needs any; the clipboard goes through main. */
export function denyPermissions(session: Pick<Session, 'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'>, log: Log): void {
  session.setPermissionRequestHandler((_contents, permission, callback) => {
    log.warn('permission refused', { reason: permission });
    callback(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
}
