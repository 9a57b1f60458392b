import { describe, expect, test } from 'vitest';
import { actions } from '../../../shared/actions/actions.ts';
import { role } from '../../../shared/api/roles.ts';
import { resourceId } from '../../../shared/ids.ts';
import type { ResourceRow } from '../../../shared/ipc/contract.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import { menuTemplate } from '../../../src-main/menus/application-menu.ts';
import { paletteAction } from '../../../src-main/menus/window-actions.ts';
import { pages, pagesFor } from '../../../src-renderer/frame/pages.ts';
import { type PaletteSource, resourceEntries, standingEntries } from '../../../src-renderer/palette/palette-entries.ts';

const { text } = createTranslator('en');
const notAsked = () => Promise.reject(new Error('not asked'));
const mavis = { app: { runAction: notAsked }, sessions: { show: notAsked }, settings: { update: notAsked } } as unknown as PaletteSource['mavis'];
const paletteOf = (who: PaletteSource['role']) => standingEntries({ mavis, text, role: who, sessions: [] });

/** Parts of a text field, which the palette has taken the caret from, and the palette itself. */
const ONLY_IN_MENU = ['edit.undo', 'edit.redo', 'edit.cut', 'edit.copy', 'edit.paste', 'edit.select-all', 'palette.open'];

describe('the command palette', () => {
  test.each([['Windows and Linux', false], ['macOS', true]] as const)('has all that the menu of the main window has on %s, and no more of it', (_name, mac) => {
    const inMenu = menuTemplate({ role: 'main', mac, development: false, text: (key) => text(key), run: () => undefined }).flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu.flatMap(({ id }) => id ?? []) : []));
    const inPalette = paletteOf('admin').filter(({ kind }) => kind === 'page' || kind === 'command');
    expect(inPalette.map(({ id }) => id).toSorted()).toEqual(inMenu.filter((id) => !ONLY_IN_MENU.includes(id)).toSorted());
    // Main runs each of them for the window, and no other.
    for (const { id, label } of inPalette) expect(label).toBe(text(paletteAction('main', id).label));
  });

  test('S56: offers the protocols of a resource that a rule gives, and no other that it speaks', () => {
    const found: ResourceRow = { id: resourceId.parse('00000000-0000-4000-8000-000000000003'), name: 'tokyo-cache', address: '10.0.0.1', protocols: ['ssh', 'sftp'], allowedProtocols: ['sftp'], operatingSystem: 'linux', description: '', tags: [], favourite: false, lastUsedAt: null, segments: [], availability: 'available' };
    expect(resourceEntries([found], { mavis, text }).map(({ label }) => label)).toEqual(['Connect to tokyo-cache with SFTP']);
  });

  test('has every page of the main window, for each role those that it may open', () => {
    for (const who of role.options) {
      const found = paletteOf(who).filter(({ kind }) => kind === 'page').map(({ id }) => id);
      expect(found.toSorted()).toEqual(pagesFor(who).map(({ action }) => action).toSorted());
    }
    expect(pagesFor('admin')).toHaveLength(pages.length);
  });

  test('a page that has an action is a page of the main window', () => {
    const views = actions.flatMap(({ run }) => (run.kind === 'page' && run.action.startsWith('view.') ? [run.action] : []));
    expect(views.toSorted()).toEqual(pages.map(({ action }) => action).toSorted());
  });
});
