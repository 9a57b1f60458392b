import { X509Certificate, createHash, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { LEAST_ZOOM_PERCENT, MOST_ZOOM_PERCENT } from '../../../shared/ipc/settings.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { embeddedHandOver, handOverDescriptor } from '../../../src-main/account/sign-in-pipe.ts';
import { createLog, type LogFields } from '../../../src-main/logging/log.ts';
import { MAX_FILES, RotatingFile } from '../../../src-main/logging/rotating-file.ts';
import { actions } from '../../../shared/actions/actions.ts';
import { keyText } from '../../../shared/actions/key-text.ts';
import { menuTemplate } from '../../../src-main/menus/application-menu.ts';
import { paletteAction } from '../../../src-main/menus/window-actions.ts';
import { ServerSentEventParser } from '../../../src-main/service-client/server-sent-events.ts';
import { availableCiphers } from '../../../src-main/sessions/ssh-shell.ts';
import { portsInOrder } from '../../../src-main/sessions/gateway-dial.ts';
import { readStartConfiguration, sessionProcessEnvironment } from '../../../src-main/start-configuration.ts';
import { zoomedPercent } from '../../../src-main/windows/page-zoom.ts';
import { besideOthers, firstSize, RememberedBounds } from '../../../src-main/windows/window-bounds.ts';

describe('the client\'s key (rule 3)', () => {
  test('is another at each launch, P-256, and its certificate carries it and holds its own signature', () => {
    const now = Date.UTC(2026, 5, 1);
    const [one, other] = [new ClientKey(() => now), new ClientKey(() => now)];
    expect(one.thumbprint).not.toBe(other.thumbprint);
    const certificate = new X509Certificate(one.identity.certificatePem);
    expect(createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest('base64url')).toBe(one.thumbprint);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(now);
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(now);
  });

  test('signs a text in the form that the service checks', () => {
    const key = new ClientKey(() => Date.now());
    const signature = Buffer.from(key.sign('mavis-sign-in-1\nnonce'), 'base64url');
    const publicKey = { key: Buffer.from(key.publicKey, 'base64url'), format: 'der' as const, type: 'spki' as const, dsaEncoding: 'ieee-p1363' as const };
    expect(signature).toHaveLength(64);
    expect(verify('sha256', Buffer.from('mavis-sign-in-1\nnonce'), publicKey, signature)).toBe(true);
    expect(verify('sha256', Buffer.from('mavis-sign-in-1\nother'), publicKey, signature)).toBe(false);
  });
});

describe('server-sent events', () => {
  const text = ': heartbeat\n\nevent: hello\ndata: {"a":1}\n\ndata: one\ndata: two\r\n\r\nid: 7\nevent: empty\n\nevent:x\rdata:y\r\r';
  const expected = [{ event: 'hello', data: '{"a":1}' }, { event: 'message', data: 'one\ntwo' }, { event: 'x', data: 'y' }];
  test('are cut from whole text and byte by byte alike', () => {
    expect(new ServerSentEventParser().push(text)).toEqual(expected);
    const parser = new ServerSentEventParser();
    expect([...text].flatMap((letter) => parser.push(letter))).toEqual(expected);
  });
  test('an endless line is refused', () => {
    const parser = new ServerSentEventParser();
    expect(() => {
      for (let count = 0; count < 6; count += 1) parser.push('x'.repeat(1024 * 1024));
    }).toThrow(RangeError);
  });
  test('an event of endless lines is refused, be they empty', () => {
    const parser = new ServerSentEventParser();
    expect(() => {
      for (let count = 0; count < 50; count += 1) parser.push('data:\n'.repeat(100_000));
    }).toThrow(RangeError);
  });
});

describe('the log', () => {
  test('takes the allowed fields and nothing else, and of errors no message', () => {
    const lines: string[] = [];
    const log = createLog([(line) => lines.push(line)], () => 5, 42);
    log.warn('refused', { code: 'access.denied', password: 'CANARY' } as LogFields, new MavisError('internal', { secret: 'CANARY' }, { cause: new Error('CANARY in a message') }));
    expect(lines.join('')).not.toContain('CANARY');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 40, time: 5, pid: 42, msg: 'refused', code: 'access.denied', error: { name: 'MavisError', code: 'internal', cause: { name: 'Error' } } });
  });

  test('rotates through five files and keeps the newest lines', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mavis-log-'));
    const file = new RotatingFile(join(folder, 'logs'), () => 0, 1000);
    for (let number = 0; number < 120; number += 1) {
      file.write(`${String(number).padStart(99, '.')}\n`);
      await file.flush();
    }
    const names = readdirSync(join(folder, 'logs'));
    expect(names).toHaveLength(MAX_FILES);
    expect(readFileSync(join(folder, 'logs', 'client.log'), 'utf8')).toContain('119\n');
    expect(readFileSync(join(folder, 'logs', 'client.1.log'), 'utf8')).toContain('109\n');
    rmSync(folder, { recursive: true });
  });
});

describe('start', () => {
  test('reads command line and environment once, and leaves out what is not of the form', () => {
    expect(readStartConfiguration('data', { MAVIS_SERVICE_URL: 'https://a.example:8443', MAVIS_SIGN_IN_FD: '5', MAVIS_UPDATE_PUBLIC_KEYS: `${'A'.repeat(43)}=,short` }, '/work')).toEqual({ userDataFolder: '/work/data', serviceUrl: 'https://a.example:8443', updateKeys: [`${'A'.repeat(43)}=`], signInDescriptor: 5 });
    expect(readStartConfiguration('', { MAVIS_SERVICE_URL: 'http://a.example', MAVIS_SIGN_IN_FD: '0' }, '/work')).toEqual({ userDataFolder: undefined, serviceUrl: undefined, updateKeys: [], signInDescriptor: undefined });
    expect(handOverDescriptor({ MAVIS_SIGN_IN_FD: '1e9' })).toBeUndefined();
  });

  test('a session\'s process is given nothing of ours from the environment', () => {
    expect(sessionProcessEnvironment({ PATH: '/bin', MAVIS_SIGN_IN_FD: '5', AWS_SECRET: 'x', NODE_OPTIONS: '--inspect' })).toEqual({ PATH: '/bin' });
  });

  test('the hand-over of the embedded system is taken whole or not at all', () => {
    const good = { serviceUrl: 'https://127.0.0.1:8443', pin: `SHA256:${'A'.repeat(43)}`, oneTimeSignIn: 'x'.repeat(43), embedded: true, ports: [8443] };
    expect(embeddedHandOver.safeParse(good).success).toBe(true);
    for (const changes of [{ serviceUrl: 'http://127.0.0.1' }, { pin: 'none' }, { oneTimeSignIn: 'short' }, { ports: [0] }]) expect(embeddedHandOver.safeParse({ ...good, ...changes }).success).toBe(false);
  });
});

describe('ports of a gateway (S74, S75)', () => {
  test('lists in turn, and within a list every order comes as often as any other', () => {
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const counts = new Map<string, number>();
    for (let count = 0; count < 6000; count += 1) {
      const order = portsInOrder([[7993], [7994, 7995, 443]], random);
      expect(order[0]).toBe(7993);
      const key = order.slice(1).join(',');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('ciphers', () => {
  test('are those of the runtime, the fastest first', () => {
    expect(availableCiphers(['AES-128-GCM', 'aes-256-ctr'])).toEqual(['aes128-gcm@openssh.com', 'aes256-ctr']);
    expect(availableCiphers()[0]).toBe('aes128-gcm@openssh.com');
  });
});

describe('windows', () => {
  test('last bounds are used where they can still be got hold of', () => {
    const bounds = new RememberedBounds({ write: () => Promise.resolve() }, createLog([], () => 0, 1));
    bounds.load({ main: { x: 3000, y: 10, width: 800, height: 600, maximized: false }, session: 'broken' });
    expect(bounds.find('main', [{ x: 0, y: 0, width: 1920, height: 1080 }])).toBeUndefined();
    expect(bounds.find('main', [{ x: 0, y: 0, width: 1920, height: 1080 }, { x: 1920, y: 0, width: 1920, height: 1080 }])).toMatchObject({ x: 3000 });
    expect(bounds.find('session', [{ x: 0, y: 0, width: 1920, height: 1080 }])).toBeUndefined();
  });
});

describe('more than one window of a role', () => {
  const screens = [{ x: 0, y: 0, width: 1920, height: 1080 }];
  const at = { x: 100, y: 50, width: 800, height: 600, maximized: false };
  test('none covers another: the next one stands below and to the right, on the same screen', () => {
    expect(besideOthers(at, [], screens)).toEqual(at);
    expect(besideOthers(at, [{ ...at, x: 1000 }], screens)).toEqual(at);
    expect(besideOthers(at, [at, { ...at, x: 132, y: 82 }], screens)).toEqual({ ...at, x: 164, y: 114 });
    const full = Array.from({ length: 40 }, (_none, place) => ({ ...at, x: 100 + 32 * place, y: 50 + 32 * place }));
    expect(besideOthers(at, full, screens)).toEqual(at);
  });
});

describe('zoom', () => {
  test('goes as browsers step, from any size, and stays at either end', () => {
    const larger: number[] = [100];
    while (zoomedPercent(larger.at(-1) ?? 0, 1) !== larger.at(-1)) larger.push(zoomedPercent(larger.at(-1) ?? 0, 1));
    expect(larger).toEqual([100, 110, 125, 150, 175, 200, 250, 300, 400]);
    expect(larger.at(-1)).toBe(MOST_ZOOM_PERCENT);
    expect([zoomedPercent(100, -1), zoomedPercent(133, -1), zoomedPercent(133, 1), zoomedPercent(200, 0), zoomedPercent(LEAST_ZOOM_PERCENT, -1)]).toEqual([90, 125, 150, 100, LEAST_ZOOM_PERCENT]);
  });
});

describe('the first size of a window', () => {
  test('grows with the zoom as far as the screen allows, and never below what it is at the actual size', () => {
    const first = { width: 1200, height: 800 };
    const screen = { width: 1920, height: 1040 };
    expect(firstSize(first, 100, screen)).toEqual(first);
    expect(firstSize(first, 125, screen)).toEqual({ width: 1500, height: 1000 });
    expect(firstSize(first, 400, screen)).toEqual(screen);
    expect(firstSize(first, 50, screen)).toEqual(first);
    expect(firstSize(first, 400, { width: 1024, height: 700 })).toEqual(first);
  });
});

describe('menus', () => {
  test('every action has one id and a text in each language', () => {
    expect(new Set(actions.map(({ id }) => id)).size).toBe(actions.length);
    for (const language of ['en', 'ja', 'zh-Hant'] as const) {
      const { text } = createTranslator(language);
      for (const { label } of actions) expect(text(label)).not.toBe('');
    }
  });

  test.each([['linux', false], ['mac', true]] as const)('a session\'s menu on %s takes no key that a shell wants', (_name, mac) => {
    const { text } = createTranslator('en');
    const template = menuTemplate({ role: 'session', mac, development: true, text: (key) => text(key), run: () => undefined });
    const keys = template.flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu.flatMap(({ accelerator }) => (typeof accelerator === 'string' ? [accelerator] : [])) : []));
    expect(keys.length).toBeGreaterThan(3);
    // Ctrl with one letter is the shell's; with Shift, or Cmd on macOS, it is ours.
    for (const one of keys) expect(one).toMatch(mac ? /^Cmd\+/ : /^Ctrl\+Shift\+/);
    const roles = template.flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu.flatMap(({ role }) => (role === undefined ? [] : [role])) : []));
    for (const role of ['copy', 'paste', 'selectAll', 'undo', 'reload'] as const) expect(roles).not.toContain(role);
  });

  test('on macOS the first menu is the app\'s own and holds settings and quit, which stand in no other; elsewhere they stand in the file menu', () => {
    const { text } = createTranslator('en');
    const idsOf = (mac: boolean) => menuTemplate({ role: 'main', mac, development: false, text: (key) => text(key), run: () => undefined }).map(({ label, submenu }) => ({ label, ids: Array.isArray(submenu) ? submenu.flatMap(({ id }) => id ?? []) : [] }));
    const [own, ...rest] = idsOf(true);
    expect(own).toEqual({ label: 'MAVIS Desktop', ids: ['view.settings', 'updates.check', 'app.quit'] });
    expect(rest.flatMap(({ ids }) => ids)).not.toContain('app.quit');
    const [fileMenu] = idsOf(false);
    expect(fileMenu?.label).toBe('File');
    expect(fileMenu?.ids).toEqual(expect.arrayContaining(['view.settings', 'app.quit']));
    expect(idsOf(false).at(-1)).toEqual({ label: 'Help', ids: ['updates.check', 'view.own-log', 'help.shortcuts'] });
  });

  test('no two actions of a window have the same keys', () => {
    for (const role of ['main', 'session', 'diagnosis'] as const) {
      for (const system of ['other', 'mac'] as const) {
        const keys = actions.flatMap((action) => (action.windows.includes(role) && action.keys ? [action.keys[system]] : []));
        expect(new Set(keys).size).toBe(keys.length);
      }
    }
  });

  test('the palette runs what the menu of its own window has, and nothing that is another window\'s, means a caret, or is for development', () => {
    expect(paletteAction('main', 'view.audit').run).toEqual({ kind: 'page', action: 'view.audit' });
    for (const id of ['session.end', 'edit.paste', 'view.developer-tools', 'palette.open', 'nonsense']) expect(() => paletteAction('main', id)).toThrow('request.not-found');
    expect(() => paletteAction('session', 'account.sign-out')).toThrow('request.not-found');
  });

  test('keys are written as each system writes them', () => {
    expect(keyText('CmdOrCtrl+K', false)).toBe('Ctrl+K');
    expect(keyText('Ctrl+Shift+W', false)).toBe('Ctrl+Shift+W');
    expect(keyText('CmdOrCtrl+Plus', false)).toBe('Ctrl++');
    expect(keyText('CmdOrCtrl+Plus', true)).toBe('⌘+');
    expect(keyText('CmdOrCtrl+-', true)).toBe('⌘-');
    expect(keyText('CmdOrCtrl+K', true)).toBe('⌘K');
    expect(keyText('Cmd+Shift+W', true)).toBe('⇧⌘W');
  });
});
