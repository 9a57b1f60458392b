import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { castDraft } from 'immer';
import { expect, test } from 'vitest';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';
import { TrayIcon, trayImage, type TrayLine } from '../../../src-main/tray/tray-icon.ts';
import { madeSession } from '../../renderer/page-harness/made-data.ts';

const folder = resolve(import.meta.dirname, '../../../assets/tray');

test.each(['linux', 'win32', 'darwin'])('the icons of %s are there, dark and light, at rest and asking to be looked at', (platform) => {
  for (const dark of [true, false]) for (const attention of [true, false]) expect(existsSync(join(folder, trayImage(platform, dark, attention)))).toBe(true);
});

test('the tray is there only where the user wants it, lists what is open, brings it forward, and asks to be looked at while a segment has no Gateway', () => {
  const stores = createStores(clientSettings.parse({}));
  const calls: unknown[] = [];
  let menu: readonly TrayLine[] = [];
  let image = '';
  let menus = 0;
  const tray = new TrayIcon({
    stores, folder, platform: 'linux', translator: () => createTranslator('en'), isDark: () => false,
    show: (file) => {
      image = file;
      return { setImage: (next) => void (image = next), setToolTip: () => undefined, setMenu: (lines) => void ((menu = lines), (menus += 1)), destroy: () => calls.push('destroyed') };
    },
    showMain: () => calls.push('main'), showSession: (id) => calls.push(id), quit: () => calls.push('quit'),
  });
  tray.start();
  expect([tray.shown, image]).toEqual([false, '']);
  stores.settings.update((draft) => {
    draft.trayIcon = true;
  });
  expect([tray.shown, image]).toEqual([true, join(folder, 'tray-light.png')]);
  const session = madeSession('connected');
  stores.sessions.update((draft) => {
    draft.items[session.id] = castDraft(session);
  });
  expect(menu.map((line) => line?.label)).toEqual(['Show MAVIS Desktop', undefined, `Show the session ${session.resourceName} (SSH)`, undefined, 'Quit MAVIS Desktop']);
  const before = menus;
  stores.sessions.update((draft) => {
    draft.items[session.id] = castDraft({ ...session, attempt: session.attempt + 1 });
  });
  // Nothing that it lists has changed: an open menu would close.
  expect(menus).toBe(before);
  for (const line of menu) line?.run();
  expect(calls).toEqual(['main', session.id, 'quit']);
  stores.inventory.update((draft) => {
    draft.segments = [{ segment: 'gateway-aws', known: true, total: 1, available: 0, confirmedAt: null }];
  });
  expect(image).toBe(join(folder, 'tray-attention-light.png'));
  stores.settings.update((draft) => {
    draft.trayIcon = false;
  });
  expect(tray.shown).toBe(false);
  expect(calls.at(-1)).toBe('destroyed');
});
