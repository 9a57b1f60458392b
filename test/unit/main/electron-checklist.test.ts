import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ipcContract } from '../../../shared/ipc/contract.ts';
import { CONTENT_SECURITY_POLICY, contentSecurityPolicyOf } from '../../../src-main/app-protocol/content-security-policy.ts';
import { answerBundleRequest, bundleFiles } from '../../../src-main/app-protocol/bundle-files.ts';
import { isBundleAddress, originOf } from '../../../src-main/app-protocol/bundle-origin.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { callNames } from '../../../src-main/preload/call-names.ts';
import { denyPermissions, hardenContents, pagePreferences } from '../../../src-main/windows/window-hardening.ts';

// Electron's own security list, as far as the source can show it. docs/security.md says what else proves each line.

const root = join(import.meta.dirname, '../../..');

interface Source {
  readonly path: string;
  /** The text without comments: a rule must not be met, or broken, by a sentence about it. */
  readonly code: string;
}

function sources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|html|css)$/.test(entry.name))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: path.slice(root.length + 1), code: withoutComments(readFileSync(path, 'utf8')) };
    });
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|[\s;{}(,])\/\/.*$/gm, '$1');
}

const mainSources = sources('src-main');
const clientSources = [...mainSources, ...sources('src-renderer'), ...sources('shared')];
const filesWith = (pattern: RegExp, among: readonly Source[] = mainSources): string[] => among.filter(({ code }) => pattern.test(code)).map(({ path }) => path);
const log = createLog([], () => 0, 1);

interface Refusable {
  url: string;
  isMainFrame?: boolean;
  prevented: boolean;
  preventDefault: () => void;
}

function hardened(at = 'app://bundle/main-window.html'): { emit: (event: string, fields?: Partial<Refusable>) => boolean; openWindow: (url: string) => unknown } {
  const listeners = new Map<string, (event: Refusable) => void>();
  let open: ((details: { url: string }) => unknown) | undefined;
  const contents = {
    on: (name: string, listener: (event: Refusable) => void) => listeners.set(name, listener),
    setWindowOpenHandler: (handler: (details: { url: string }) => unknown) => {
      open = handler;
    },
    getURL: () => at,
  };
  hardenContents(contents as unknown as Parameters<typeof hardenContents>[0], log);
  return {
    emit: (name, fields = {}) => {
      const event: Refusable = { url: '', prevented: false, preventDefault: () => undefined, ...fields };
      event.preventDefault = () => {
        event.prevented = true;
      };
      listeners.get(name)?.(event);
      return event.prevented;
    },
    openWindow: (url) => open?.({ url }),
  };
}

describe('Electron\'s security list', () => {
  test('E1: pages name nothing outside the bundle', () => {
    const pages = clientSources.filter(({ path }) => /\.(html|css)$/.test(path));
    expect(pages.filter(({ code }) => /https?:\/\/|\/\/[a-z]|wss?:\/\//i.test(code)).map(({ path }) => path)).toEqual([]);
    expect(filesWith(/['"`]ws:\/\//, clientSources)).toEqual([]);
  });

  test('E2 E3 E4: one factory makes every window, with Node off, isolation on and the sandbox on', () => {
    expect(filesWith(/new (BrowserWindow|WebContentsView|BrowserView|BaseWindow)\b/)).toEqual(['src-main/windows/window-factory.ts']);
    expect(filesWith(/webPreferences/)).toEqual(['src-main/windows/window-factory.ts']);
    expect(pagePreferences('/preload.cjs', false)).toEqual({
      preload: '/preload.cjs', nodeIntegration: false, nodeIntegrationInWorker: false, nodeIntegrationInSubFrames: false, contextIsolation: true, sandbox: true,
      webSecurity: true, allowRunningInsecureContent: false, webviewTag: false, experimentalFeatures: false, navigateOnDragDrop: false, spellcheck: false, devTools: false,
    });
    expect(filesWith(/app\.enableSandbox\(\)/)).toEqual(['src-main/main.ts']);
  });

  test('E5: every permission is denied, whether it is asked for or checked', () => {
    const answers: unknown[] = [];
    denyPermissions(
      {
        setPermissionRequestHandler: (handler: unknown) => {
          if (typeof handler === 'function') handler({}, 'geolocation', (granted: boolean) => answers.push(granted));
        },
        setPermissionCheckHandler: (handler: unknown) => {
          if (typeof handler === 'function') answers.push(handler({}, 'media'));
        },
        setDevicePermissionHandler: (handler: unknown) => {
          if (typeof handler === 'function') answers.push(handler({}));
        },
      },
      log,
    );
    expect(answers).toEqual([false, false, false]);
    expect(filesWith(/denyPermissions\(session\.defaultSession/)).toEqual(['src-main/main.ts']);
    expect(filesWith(/fromPartition/)).toEqual([]);
  });

  test('E6 E8 E9 E10: nothing weakens the web\'s own security', () => {
    expect(filesWith(/webSecurity:\s*false|allowRunningInsecureContent:\s*true|experimentalFeatures:\s*true|(enable|disable)BlinkFeatures|commandLine\.appendSwitch|appendArgument/)).toEqual([]);
    expect(filesWith(/certificate-error|setCertificateVerifyProc|NODE_TLS_REJECT_UNAUTHORIZED|ELECTRON_DISABLE_SECURITY_WARNINGS/)).toEqual([]);
  });

  test('E7: the policy allows scripts of the bundle alone, and every answer of the bundle carries it', async () => {
    const directives = new Map(CONTENT_SECURITY_POLICY.split('; ').map((directive) => [directive.split(' ')[0], directive.split(' ').slice(1).join(' ')]));
    expect(directives.get('default-src')).toBe("'none'");
    expect(directives.get('script-src')).toBe("'self'");
    expect([...directives].filter(([, allowed]) => allowed?.includes('unsafe-inline')).map(([name]) => name)).toEqual(['style-src-elem', 'style-src-attr']);
    expect(directives.get('connect-src')).toBe("'self'");
    for (const name of ['frame-ancestors', 'base-uri', 'form-action', 'frame-src']) expect(directives.get(name)).toBe("'none'");
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe-eval|https?:|blob:|\*/);
    const answer = await answerBundleRequest(bundleFiles(join(root, 'shared')), { url: 'app://bundle/none.html', method: 'GET' });
    expect(answer.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
  });

  test("E7: WebAssembly runs in the RDP window's page and in the worker that decodes recordings of RDP, and in no other", () => {
    for (const path of ['/rdp-window.html', '/assets/rdp-decoder.js']) {
      expect(contentSecurityPolicyOf(path).replace(" 'wasm-unsafe-eval'", '')).toBe(CONTENT_SECURITY_POLICY);
      expect(contentSecurityPolicyOf(path)).toContain("script-src 'self' 'wasm-unsafe-eval';");
    }
    for (const path of ['', '/main-window.html', '/session-window.html', '/rdp-window.html/', '/assets/rdp-window.html', '/RDP-window.html', '/rdp-decoder.js']) expect(contentSecurityPolicyOf(path)).toBe(CONTENT_SECURITY_POLICY);
  });

  test('E11 E12: webviews are off, and one that comes all the same is not attached', () => {
    expect(filesWith(/<webview|allowpopups/i, clientSources)).toEqual([]);
    expect(pagePreferences('', true).webviewTag).toBe(false);
    expect(hardened().emit('will-attach-webview')).toBe(true);
  });

  test.each([
    'https://example.com/', 'http://bundle/', 'app://bundle.attacker.example/main-window.html', 'app://bundle@attacker.example/main-window.html', 'app://other/main-window.html',
    'file:///etc/passwd', 'javascript:alert(1)', 'data:text/html,x', 'blob:app://bundle/x', 'app://bundle/session-window.html?session=11111111-1111-4111-8111-111111111111',
  ])('E13: a page does not go to %s', (url) => {
    expect(hardened().emit('will-navigate', { url })).toBe(true);
    expect(hardened().emit('will-redirect', { url })).toBe(true);
    expect(hardened().emit('will-frame-navigate', { url, isMainFrame: false })).toBe(true);
  });

  test('E13: a page may load itself again; origins are compared, not beginnings', () => {
    expect(hardened().emit('will-navigate', { url: 'app://bundle/main-window.html' })).toBe(false);
    expect(isBundleAddress('app://bundle/x')).toBe(true);
    expect(isBundleAddress('app://bundle.attacker.example/x')).toBe(false);
    expect(isBundleAddress('not an address')).toBe(false);
    expect(originOf('app://user@bundle/x')).toBeUndefined();
    expect(filesWith(/\.startsWith\(\s*['"`](app|https?):/)).toEqual([]);
  });

  test('E14: no page opens a window', () => {
    expect(hardened().openWindow('https://example.com/')).toEqual({ action: 'deny' });
    expect(hardened().openWindow('app://bundle/main-window.html')).toEqual({ action: 'deny' });
  });

  test('E13 E14: what would ever be shown beside our windows is held as strictly', () => {
    expect(filesWith(/'web-contents-created'/)).toEqual(['src-main/main.ts']);
  });

  test('E15: one place opens links outside', () => {
    expect(filesWith(/shell\.openExternal/)).toEqual(['src-main/main.ts']);
    // Of what lies here: the copy of a file that the user edits, whose name `edited-files.test.ts` holds to what no system runs, and his own trash.
    expect(filesWith(/shell\.(openPath|trashItem)/)).toEqual(['src-main/main.ts']);
    // And where the update lies that was verified, in a folder of ours.
    expect(filesWith(/shell\.showItemInFolder/)).toEqual(['src-main/main.ts']);
    expect(filesWith(/shell\.beep/)).toEqual([]);
  });

  test('A22 A23: programs are started in three places, at the user\'s own command line, to read what IT has set and to install an update, and never through a shell', () => {
    expect(filesWith(/child_process/)).toEqual(['src-main/command-line/start-command.ts', 'src-main/policy/policy-of-system.ts', 'src-main/updates/update-installer.ts']);
    expect(filesWith(/execSync|execFileSync|spawnSync|\{[^}]*\bexec\b[^}]*\} from 'node:child_process'|shell: true/)).toEqual([]);
    // Without the option `shell`, which is off unless it is given.
    expect(filesWith(/execFile/)).toEqual(['src-main/policy/policy-of-system.ts']);
    expect(filesWith(/execFile[\s\S]*\bshell:/)).toEqual([]);
    expect(filesWith(/\bspawn\(program, args, \{ stdio: 'inherit', shell: false \}\)/)).toEqual(['src-main/command-line/start-command.ts']);
    expect(filesWith(/\bspawn\(program, \[\.\.\.words\], \{ detached: true, stdio: 'ignore', shell: false, cwd: workingFolder \}\)/)).toEqual(['src-main/updates/update-installer.ts']);
  });

  test('A4: nothing that a server gives is rendered as markup, or framed', () => {
    expect(filesWith(/innerHTML|insertAdjacentHTML|srcdoc|DOMParser|<(?:iframe|object|embed|webview)\b/i, sources('src-renderer'))).toEqual([]);
  });

  test('E16 E21: Electron is newer than the versions whose bridge could be got around', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ devDependencies: { electron: expect.stringMatching(/^(4[2-9]|[5-9]\d)\.\d+\.\d+$/) } });
    expect(pagePreferences('', false).devTools).toBe(false);
    expect(filesWith(/VideoFrame|ImageBitmap/, sources('src-main/preload'))).toEqual([]);
  });

  test('E17: one place listens to pages', () => {
    expect(filesWith(/ipcMain\.(handle|on|once|handleOnce)\b/)).toEqual([]);
    expect(filesWith(/\bipcMain\b/)).toEqual(['src-main/main.ts']);
    expect(filesWith(/receiver\.handle\(/)).toEqual(['src-main/ipc/ipc-border.ts']);
    expect(filesWith(/\.ipc\.(handle|on)\b|'ipc-message'/)).toEqual([]);
  });

  test('E18: our pages come by our own scheme, from a closed list of files', async () => {
    expect(filesWith(/\bloadFile\(|file:\/\//)).toEqual([]);
    expect(filesWith(/\.loadURL\(/)).toEqual(['src-main/windows/window-factory.ts']);
    const files = bundleFiles(join(root, 'src-renderer'));
    expect((await answerBundleRequest(files, { url: 'app://bundle/main-window.html', method: 'GET' })).status).toBe(200);
    const outside = [
      'app://bundle/%2e%2e/package.json', 'app://bundle/..%2fpackage.json', 'app://bundle/..%5cpackage.json', 'app://bundle/%2e%2e%2fpackage.json', 'app://bundle//etc/passwd', 'app://bundle/main-window.html/..',
      'app://bundle/', 'app://other/main-window.html', 'https://bundle/main-window.html', 'app://bundle/main-window.html%00', 'app://bundle/./../package.json', 'nonsense',
    ];
    const answers = await Promise.all(outside.map(async (url) => ({ url, status: (await answerBundleRequest(files, { url, method: 'GET' })).status })));
    expect(answers).toEqual(outside.map((url) => ({ url, status: 404 })));
    expect((await answerBundleRequest(files, { url: 'app://bundle/main-window.html', method: 'POST' })).status).toBe(404);
  });

  test('E20: the preload exposes the contract and the two events, and no function takes a channel', () => {
    expect(Object.fromEntries(Object.entries(callNames).map(([subject, names]) => [subject, [...names].toSorted()]))).toEqual(Object.fromEntries(Object.entries(ipcContract).map(([subject, calls]) => [subject, Object.keys(calls).toSorted()])));
    const preload = mainSources.find(({ path }) => path === 'src-main/preload/preload.ts');
    expect(preload?.code.match(/exposeInMainWorld\('(\w+)'/g)).toEqual(["exposeInMainWorld('mavis'"]);
    expect(preload?.code).not.toMatch(/sendSync|ipcRenderer\s*[,}]\s*;|process\./);
    expect(filesWith(/exposeInMainWorld|ipcRenderer/)).toEqual(['src-main/preload/preload.ts']);
  });
});
