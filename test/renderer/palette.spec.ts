import { expect, type Page, test } from '@playwright/test';
import { storeSchemas } from '../../shared/ipc/stores.ts';
import { calls, openMain, openSession } from './open-page.ts';

const openPalette = async (page: Page) => {
  await page.evaluate(() => window.harness.action('palette.open'));
  await expect(page.getByRole('combobox', { name: 'Type a command, a page or a resource' })).toBeFocused();
  return page.getByRole('dialog', { name: 'Command palette' });
};

test('the palette opens pages, runs commands and changes settings by typing and Enter, and gives the focus back', async ({ page }) => {
  await openMain(page);
  const search = page.getByRole('searchbox', { name: 'Search resources' });
  await search.focus();
  const palette = await openPalette(page);
  await page.keyboard.press('Escape');
  await expect(palette).toHaveCount(0);
  await expect(search).toBeFocused();

  await openPalette(page);
  await page.keyboard.type('audit');
  await expect(page.getByRole('option').first()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Audit log', level: 1 })).toBeVisible();
  await expect.poll(() => calls(page, 'app.runAction')).toEqual([{ actionId: 'view.audit' }]);

  await openPalette(page);
  await page.keyboard.type('theme dark');
  await page.keyboard.press('Enter');
  await expect(page.locator('html[data-theme="dark"]')).toBeAttached();

  await openPalette(page);
  await page.keyboard.type('full');
  await expect(page.getByRole('option', { name: /^Full screen/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'app.runAction')).toContainEqual({ actionId: 'view.full-screen' });
});

test('the palette finds resources to connect to and sessions to show; arrow keys choose; what matches nothing is said', async ({ page }) => {
  await openMain(page);
  await openPalette(page);
  await page.keyboard.type('session office1');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('show the session');
  const shown = page.getByRole('option', { name: /^Show the session/ });
  await expect(shown).toHaveCount(3);
  await page.keyboard.press('ArrowDown');
  await expect(shown.nth(1)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'sessions.show')).toHaveLength(1);

  await openPalette(page);
  await page.keyboard.type('aws-web-00005');
  await expect(page.getByRole('option', { name: /Connect to aws-web-00005 with SSH/ })).toBeVisible();
  await page.getByRole('option', { name: /Connect to aws-web-00005 with SSH/ }).click();
  await expect.poll(() => calls(page, 'sessions.connect')).toMatchObject([{ protocol: 'ssh' }]);

  await openPalette(page);
  await page.keyboard.type('xyzzy');
  await expect(page.getByText('Nothing matches')).toBeVisible();
});

test('Enter in the palette connects to what was typed, however late it is found, and not to what the letters before had found', async ({ page }) => {
  await openMain(page);
  const palette = await openPalette(page);
  await page.keyboard.type('kaohsiung-web-000');
  await expect(palette.getByRole('option').first()).toContainText('Connect to kaohsiung-web-00003 with SSH');
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  await page.keyboard.type('99');
  // What the letters before had found is no result of these, neither for a key nor for a press.
  await expect(palette.getByRole('option')).toHaveCount(0);
  await expect(page.getByText('Nothing matches')).toHaveCount(0);
  // However often it is pressed meanwhile, it opens one session.
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  expect(await calls(page, 'sessions.connect')).toEqual([]);
  await page.evaluate(() => window.dispatchEvent(new Event('answer')));
  await expect.poll(() => calls(page, 'sessions.connect')).toEqual([{ resourceId: '00000000-0000-4000-8000-000000000063', protocol: 'ssh' }]);
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('the entry that was chosen in the palette stays chosen where others come above it or go, and one that has gone is not run as another', async ({ page }) => {
  await openMain(page);
  const palette = await openPalette(page);
  const options = palette.getByRole('option');
  const chosen = palette.getByRole('option', { selected: true });
  const read = await page.evaluate(() => window.mavis.stores.read({ store: 'sessions' }));
  const sessions: Record<string, object> = read.ok ? storeSchemas.sessions.parse(read.value.state).items : {};
  const setSessions = (items: Record<string, object>) => page.evaluate((now) => window.harness.patch('sessions', ['items'], now), items);
  for (let step = 0; step < Object.keys(sessions).length; step += 1) await page.keyboard.press('ArrowDown');
  await expect(chosen).not.toContainText('Show the session');
  const name = (await chosen.textContent()) ?? '';
  const another = '00000000-0000-4000-8000-0000000000f1';
  await setSessions({ ...sessions, [another]: { ...Object.values(sessions)[0], id: another } });
  await expect(options.filter({ hasText: 'Show the session' })).toHaveCount(4);
  await expect(chosen).toHaveText(name);
  for (let step = 0; step < 2; step += 1) await page.keyboard.press('ArrowUp');
  await expect(chosen).toContainText('Show the session');
  await setSessions({});
  await expect(options.filter({ hasText: 'Show the session' })).toHaveCount(0);
  await expect(chosen).toHaveCount(0);
  await page.keyboard.press('Enter');
  expect([await calls(page, 'app.runAction'), await calls(page, 'sessions.show')]).toEqual([[], []]);
  await page.keyboard.press('ArrowDown');
  await expect(options.first()).toHaveAttribute('aria-selected', 'true');
});

test('the palette leads to every page of the main window', async ({ page }) => {
  await openMain(page);
  await openPalette(page);
  const names = await page.getByRole('option').filter({ has: page.locator('.palette-kind', { hasText: /^Page$/ }) }).locator('.palette-label').allTextContents();
  expect(names).toEqual(expect.arrayContaining(['Resources', 'Target credentials', 'Reports sent', 'Log of this app', 'Settings']));
  await page.keyboard.press('Escape');
  for (const name of names) {
    await openPalette(page);
    await page.keyboard.type(name);
    await page.getByRole('option', { name: new RegExp(`^${name}.*Page`) }).click();
    const under = ['Reports sent', 'Log of this app'].includes(name);
    await expect(page.getByRole('navigation').getByRole('button', { name: new RegExp(`^${under ? 'Diagnostics' : name}`) })).toHaveAttribute('aria-current', 'page');
    if (under) await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  }
});

test('before the sign-in the palette stays closed, and does not open with it', async ({ page }) => {
  await openMain(page, { scene: 'sign-in' });
  await page.evaluate(() => window.harness.action('palette.open'));
  await page.getByLabel('User name', { exact: true }).fill('y.tanaka');
  await page.getByLabel('Password', { exact: true }).fill('right');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('searchbox', { name: 'Search resources' })).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('a role finds the pages that it may open and no others', async ({ page }) => {
  await openMain(page, { role: 'user' });
  await openPalette(page);
  await expect(page.getByRole('option', { name: /^Settings/ })).toBeVisible();
  for (const name of [/^Audit log/, /^Users/, /^Access rules/]) await expect(page.getByRole('option', { name })).toHaveCount(0);
});

test('? opens the list of shortcuts, but not where it is a letter; the menu opens it in a session\'s window, whose terminal keeps the key', async ({ page }) => {
  await openMain(page);
  const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await page.getByRole('searchbox', { name: 'Search resources' }).focus();
  await page.keyboard.press('?');
  await expect(page.getByRole('searchbox', { name: 'Search resources' })).toHaveValue('?');
  await page.getByRole('searchbox', { name: 'Search resources' }).fill('');
  await page.getByRole('grid').focus();
  await page.keyboard.press('?');
  await expect(list).toBeVisible();
  await expect(list.getByText('Ctrl+K')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(list).toHaveCount(0);

  await openSession(page, 'connected');
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.press('?');
  await expect.poll(() => page.evaluate(() => window.harness.input())).toBe('?');
  await expect(list).toHaveCount(0);
  await page.evaluate(() => window.harness.action('help.shortcuts'));
  await expect(list.getByText('Ctrl+Shift+F').first()).toBeVisible();
});
