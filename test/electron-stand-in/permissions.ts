import { asElectron, debug } from './covered.ts';
import { toElectronOrigin, toElectronUrl } from './custom-scheme.ts';
import { runningChromium } from './running.ts';
import { defaultSession } from './session.ts';

type Permission = Parameters<NonNullable<Parameters<Electron.Session['setPermissionRequestHandler']>[0]>>[1];

/** How long a permission request handler may think before the answer is no. */
const HANDLER_LIMIT_MS = 3000;

interface Mapping {
  readonly electron: Permission;
  readonly descriptor: { readonly name: string; readonly sysex?: boolean; readonly allowWithoutSanitization?: boolean };
  readonly mediaType?: 'video' | 'audio';
}

/** Electron's names and Chromium's. `fullscreen`, `openExternal` and devices have no setting that could be applied. */
const MAPPINGS: readonly Mapping[] = [
  { electron: 'geolocation', descriptor: { name: 'geolocation' } },
  { electron: 'notifications', descriptor: { name: 'notifications' } },
  { electron: 'media', descriptor: { name: 'camera' }, mediaType: 'video' },
  { electron: 'media', descriptor: { name: 'microphone' }, mediaType: 'audio' },
  { electron: 'midi', descriptor: { name: 'midi' } },
  { electron: 'midiSysex', descriptor: { name: 'midi', sysex: true } },
  { electron: 'clipboard-read', descriptor: { name: 'clipboard-read' } },
  { electron: 'clipboard-sanitized-write', descriptor: { name: 'clipboard-write' } },
  { electron: 'display-capture', descriptor: { name: 'display-capture' } },
  { electron: 'idle-detection', descriptor: { name: 'idle-detection' } },
  { electron: 'keyboardLock', descriptor: { name: 'keyboard-lock' } },
  { electron: 'pointerLock', descriptor: { name: 'pointer-lock' } },
  { electron: 'storage-access', descriptor: { name: 'storage-access' } },
  { electron: 'speaker-selection', descriptor: { name: 'speaker-selection' } },
  { electron: 'window-management', descriptor: { name: 'window-management' } },
];

const refused = new Set<string>();

/** The check handler's answer; yes without a handler, as in Electron. */
function passesCheck(contents: object, mapping: Mapping, url: string): boolean {
  const check = defaultSession._permissionCheck;
  if (!check) return true;
  const origin = toElectronOrigin(url);
  const details = { requestingUrl: url, embeddingOrigin: origin, securityOrigin: origin, isMainFrame: true, ...(mapping.mediaType ? { mediaType: mapping.mediaType } : {}) };
  return check(asElectron(contents), mapping.electron as Parameters<typeof check>[1], origin, details);
}

/** The request handler's answer; yes without a handler. A handler that does not answer in time has said no. */
function passesRequest(contents: object, mapping: Mapping, url: string): Promise<boolean> {
  const request = defaultSession._permissionRequest;
  if (!request) return Promise.resolve(true);
  return new Promise((resolve) => {
    const limit = setTimeout(() => resolve(false), HANDLER_LIMIT_MS);
    const answer = (granted: boolean): void => {
      clearTimeout(limit);
      resolve(granted);
    };
    const details = { requestingUrl: url, securityOrigin: toElectronOrigin(url), isMainFrame: true, ...(mapping.mediaType ? { mediaTypes: [mapping.mediaType] } : {}) };
    request(asElectron(contents), mapping.electron, answer, details);
  });
}

/**
 * Asks the application's handlers about every permission for the origin of a document that is about to load, and sets the
 * answers in Chromium. So a handler is asked at load and not when the page asks; the page gets the same answer.
 * The request handler is asked only where the check handler says yes.
 * @param url the document's address as Chromium knows it
 */
export async function applyPermissions(contents: object, url: string): Promise<void> {
  if (!/^https?:/.test(url)) return;
  const { origin } = new URL(url);
  const electronUrl = toElectronUrl(url);
  const { browser } = runningChromium().cdp;
  await Promise.all(
    MAPPINGS.map(async (mapping) => {
      const { name } = mapping.descriptor;
      if (refused.has(name)) return;
      const granted = passesCheck(contents, mapping, electronUrl) && (await passesRequest(contents, mapping, electronUrl));
      await browser.send('Browser.setPermission', { origin, permission: mapping.descriptor, setting: granted ? 'granted' : 'denied' }).catch((error: unknown) => {
        refused.add(name);
        debug('Chromium takes no setting for', name, error);
      });
    }),
  );
}
