import { expect, type Page, test } from '@playwright/test';
import { ownLogTextsEn } from '../../shared/languages/own-log/en.ts';
import { ownLogTextsJa } from '../../shared/languages/own-log/ja.ts';
import { ownLogTextsZhHant } from '../../shared/languages/own-log/zh-Hant.ts';
import { axeFindings } from '../fixtures/axe-findings.ts';
import { calls, openMain } from './open-page.ts';

const texts = { en: ownLogTextsEn, ja: ownLogTextsJa, 'zh-Hant': ownLogTextsZhHant } as const;

async function openLog(page: Page, query: Readonly<Record<string, string>> = {}, language: keyof typeof texts = 'en'): Promise<void> {
  await openMain(page, { language, ...query });
  await page.evaluate(() => window.harness.action('view.diagnostics'));
  await page.getByRole('button', { name: texts[language]['own-log.title'] }).click();
  await expect(page.getByRole('heading', { name: texts[language]['own-log.title'], level: 1 })).toBeVisible();
}

for (const [language, theme] of [['en', 'light'], ['ja', 'dark'], ['zh-Hant', 'high-contrast']] as const) {
  test(`the log of the app is shown in ${language}, a small part of it drawn, with nothing for axe to find`, async ({ page }, info) => {
    await page.setViewportSize({ width: 900, height: 600 });
    // No colour is on its way to another while axe reads them.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openLog(page, { theme }, language);
    await page.getByRole('row').nth(1).click();
    await expect(page.getByRole('complementary')).toBeVisible();
    expect(await page.getByRole('row').count()).toBeLessThan(80);
    expect(await axeFindings(page)).toEqual([]);
    await page.screenshot({ path: info.outputPath(`own-log-${language}.png`) });
  });
}

test('it is narrowed by level, time, words and reference; what is shown is copied, oldest first; Escape leaves a line', async ({ page }) => {
  await openLog(page);
  await expect(page.getByText('5,000 lines')).toBeVisible();
  await page.getByRole('combobox', { name: 'Level' }).selectOption('errors');
  await expect(page.getByText('100 lines')).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('mv-7k3qx-m2p9d gateway.unreachable');
  await expect(page.getByText('100 lines')).toBeVisible();
  await page.getByRole('button', { name: 'Copy what is shown' }).click();
  await expect.poll(() => calls(page, 'app.copyText')).toHaveLength(1);
  const [copied] = await calls(page, 'app.copyText');
  expect(String(Reflect.get(Object(copied), 'text')).trim().split('\n').map((line) => Number(Reflect.get(Object(JSON.parse(line)), 'time'))).every((time, place, all) => place === 0 || time > (all[place - 1] ?? 0))).toBe(true);
  await page.getByRole('grid').press('Home');
  await page.getByRole('grid').press('Enter');
  await expect(page.getByRole('complementary')).toContainText('"code": "gateway.unreachable"');
  await page.getByRole('complementary').press('Escape');
  await expect(page.getByRole('complementary')).toHaveCount(0);
  await page.getByRole('searchbox').fill('xyzzy');
  await expect(page.getByText('No line matches')).toBeVisible();
  await page.getByRole('button', { name: 'Show the folder' }).click();
  await expect.poll(() => calls(page, 'ownLog.openFolder')).toEqual([{}]);
});

test('new lines come on top while it is followed, and wait for who reads further down; an empty log says so', async ({ page }) => {
  await openLog(page);
  await page.evaluate(() => void (window.harness.fresh = 1));
  await expect(page.getByText('5,001 lines')).toBeVisible();
  await page.getByRole('grid').press('End');
  await page.evaluate(() => void (window.harness.fresh = 3));
  await page.getByRole('button', { name: '2 new' }).click();
  await expect(page.getByText('5,003 lines')).toBeVisible();
  await openLog(page, { scene: 'own-log-empty' });
  await expect(page.getByText('No line matches')).toBeVisible();
});
