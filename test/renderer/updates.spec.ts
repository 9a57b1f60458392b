import { expect, type Page, test } from '@playwright/test';
import { updateTextsEn } from '../../shared/languages/updates/en.ts';
import { updateTextsJa } from '../../shared/languages/updates/ja.ts';
import { updateTextsZhHant } from '../../shared/languages/updates/zh-Hant.ts';
import { axeFindings } from '../fixtures/axe-findings.ts';
import { calls, openMain } from './open-page.ts';

const texts = { en: updateTextsEn, ja: updateTextsJa, 'zh-Hant': updateTextsZhHant } as const;

async function openUpdates(page: Page, updates: string, query: Readonly<Record<string, string>> = {}): Promise<void> {
  await openMain(page, { updates, ...query });
  await page.evaluate(() => window.harness.action('view.settings'));
  await page.locator('.update-status').scrollIntoViewIfNeeded();
}

for (const language of ['en', 'ja', 'zh-Hant'] as const) {
  test(`what is known of updates is said in ${language}, with nothing for axe to find`, async ({ page }, info) => {
    // No colour is on its way to another theme's while axe reads them.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const say = (key: keyof typeof updateTextsEn) => texts[language][key].replace('{version}', '0.2.0');
    for (const [scene, key] of [['managed', 'updates.off-managed'], ['unchecked', 'updates.unchecked'], ['checking', 'updates.checking'], ['up-to-date', 'updates.up-to-date'], ['held-back', 'updates.held-back'], ['available', 'updates.available'], ['ready', 'updates.ready-restart']] as const) {
      await openUpdates(page, scene, { language });
      await expect(page.locator('.update-status').getByRole('status')).toHaveText(say(key));
    }
    for (const scene of ['managed', 'downloading', 'ready', 'by-hand', 'failed']) {
      await openUpdates(page, scene, { language, theme: { en: 'light', ja: 'dark', 'zh-Hant': 'high-contrast' }[language] });
      expect(await axeFindings(page), scene).toEqual([]);
      await info.attach(`updates-${scene}-${language}`, { body: await page.screenshot(), contentType: 'image/png' });
    }
  });
}

test('what is offered is downloaded once the user asks, its notes are plain text; what is ready is installed by a restart that main asks about', async ({ page }) => {
  await openUpdates(page, 'available');
  await expect(page.getByText('<b>Plain</b> text stays plain.')).toBeVisible();
  await page.getByRole('button', { name: 'Download (104.9 MB)' }).click();
  await expect(page.getByRole('progressbar', { name: 'Download of version 0.2.0' })).toHaveJSProperty('value', 41_943_040);
  await expect(page.getByText('Version 0.2.0 is being downloaded: 40%.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Check now' })).toBeDisabled();
  await openUpdates(page, 'ready');
  await page.getByRole('button', { name: 'Show the file' }).click();
  await page.getByRole('button', { name: 'Restart to install' }).press('Enter');
  await expect.poll(() => calls(page, 'updates.install')).toEqual([{}]);
  await expect.poll(() => calls(page, 'updates.showFile')).toEqual([{}]);
});

test('what goes wrong is told with what to do, and can be tried again; a package that the system installs has no button to install it', async ({ page }) => {
  await openUpdates(page, 'failed');
  await expect(page.getByRole('alert')).toContainText('is not the one that the publisher signed for');
  await page.getByRole('button', { name: 'Check now' }).click();
  await expect(page.getByText('Looking for a newer version…')).toBeVisible();
  await openUpdates(page, 'ready', { scene: 'not-installed' });
  await page.getByRole('button', { name: 'Restart to install' }).click();
  await expect(page.getByRole('alert')).toContainText('EACCES');
  await openUpdates(page, 'by-hand');
  await expect(page.getByText('mavis-desktop-0.2.0-linux-amd64.deb')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Restart to install' })).toHaveCount(0);
  await openUpdates(page, 'managed');
  await expect(page.getByRole('button', { name: 'Check now' })).toHaveCount(0);
});

test('the settings of updates are found by a search, and the smallest window shows them whole', async ({ page }) => {
  await page.setViewportSize({ width: 640, height: 480 });
  await openUpdates(page, 'by-hand', { language: 'ja' });
  await expect.poll(() => page.locator('.settings').evaluate((settings) => settings.scrollWidth <= settings.clientWidth)).toBe(true);
  await openUpdates(page, 'ready');
  await page.getByRole('searchbox', { name: 'Search settings' }).fill('updates channel');
  await page.getByText('Beta: earlier, less tried').click();
  await expect.poll(() => calls(page, 'settings.update')).toEqual([{ changes: { updateChannel: 'beta' } }]);
});
