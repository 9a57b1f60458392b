import { expect, type Page, test } from '@playwright/test';
import { calls, openMain, openPage } from './open-page.ts';

const SETTINGS = 10;

async function openSettings(page: Page, query: Readonly<Record<string, string>> = {}): Promise<void> {
  await openMain(page, query);
  await openPage(page, SETTINGS);
  await expect(page.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible();
}

test('a search leaves the settings that it finds, says how many, and Escape brings all back', async ({ page }) => {
  await openSettings(page);
  const search = page.getByRole('searchbox', { name: 'Search settings' });
  await search.fill('bell');
  await expect(page.getByRole('radiogroup', { name: 'Bell' })).toBeVisible();
  await expect(page.getByRole('radiogroup')).toHaveCount(1);
  await expect(page.getByRole('status').filter({ hasText: '1 setting' })).toBeAttached();
  await search.fill('xyzzy');
  await expect(page.getByText('No setting matches')).toBeVisible();
  await search.press('Escape');
  await expect(search).toHaveValue('');
  await expect(page.getByRole('radiogroup', { name: 'Theme' })).toBeVisible();
});

test('what the organisation has set is marked and cannot be changed; what it has switched off is named; on the sign-in page there is no choice of language', async ({ page }) => {
  await openSettings(page, { scene: 'managed' });
  await expect(page.getByText('Your organisation manages this app.')).toBeVisible();
  await expect(page.getByText('Adding services')).toBeVisible();
  await expect(page.getByText('Set by your organisation', { exact: true })).toHaveCount(3);
  await expect(page.getByLabel('Language')).toBeDisabled();
  await expect(page.getByLabel('Forward my SSH agent')).toBeDisabled();
  await expect(page.getByRole('radio', { name: 'Compact' })).toBeEnabled();
});

test('spacing and font hold at once, in rows that are drawn as they are scrolled too', async ({ page }) => {
  await openMain(page);
  const row = page.getByRole('row').nth(1);
  const before = (await row.boundingBox())?.height ?? 0;
  await openPage(page, SETTINGS);
  await page.getByText('Compact', { exact: true }).click();
  await expect(page.locator('html[data-density="compact"]')).toBeAttached();
  const font = page.getByLabel('Font of the app');
  await font.fill('No; such: font} \\"');
  await font.press('Enter');
  await expect.poll(() => calls(page, 'settings.update')).toEqual([{ changes: { density: 'compact' } }, { changes: { interfaceFontFamily: 'No; such: font} \\"' } }]);
  // It is one name that the computer does not have, whatever stands in it.
  await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).fontFamily)).toMatch(/such.*system-ui/);
  await openPage(page, 0);
  await expect.poll(async () => (await row.boundingBox())?.height ?? 0).toBeLessThan(before);
});

test('settings are exported, imported with a report of what was not taken, and reset after a question', async ({ page }) => {
  await openSettings(page, { scene: 'managed' });
  await page.getByRole('button', { name: 'Export…' }).click();
  await expect(page.getByText('The settings were saved.')).toBeVisible();
  await page.getByRole('button', { name: 'Import…' }).click();
  await expect(page.getByText('2 settings were taken from the file.')).toBeVisible();
  await expect(page.getByText('Not valid, and left as they were: Text size (px)')).toBeVisible();
  await expect(page.getByText('Set by your organisation, and left as they were: Language')).toBeVisible();
  await expect(page.getByText('2 entries are not known to this version.')).toBeVisible();
  await expect(page.locator('html[data-theme="dark"]')).toBeAttached();
  await page.getByRole('button', { name: 'Reset all…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Reset all settings?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(await calls(page, 'settings.reset')).toEqual([]);
  await page.getByRole('button', { name: 'Reset all…' }).click();
  await dialog.getByRole('button', { name: 'Reset', exact: true }).click();
  await expect(page.getByText('All settings are as they were when the app was new.')).toBeVisible();
});

test('a file that cannot be read or written is told with what to do', async ({ page }) => {
  await openSettings(page, { scene: 'settings-file-fails' });
  await page.getByRole('button', { name: 'Import…' }).click();
  await expect(page.getByRole('alert')).toContainText('nothing was changed');
  await page.getByRole('button', { name: 'Export…' }).click();
  await expect(page.getByRole('alert')).toContainText('could not be written');
});
