import { expect, test } from '@playwright/test';
import { calls, openMain } from './open-page.ts';

const openLog = async (page: Parameters<typeof openMain>[0], query: Record<string, string> = {}, name = 'Audit log') => {
  const faults = await openMain(page, query);
  await page.getByRole('navigation').getByRole('button', { name, exact: true }).click();
  await expect(page.getByRole('grid')).toBeVisible();
  return faults;
};

test('S12, S16: the audit log filters on the service, by all that was filled in together', async ({ page }) => {
  await openLog(page);
  await page.getByLabel('Search in entries').fill('tokyo');
  await page.getByRole('combobox', { name: 'User' }).fill('y.tanaka');
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('failed');
  await page.getByRole('combobox', { name: 'Time' }).selectOption('own');
  await page.getByLabel('From').fill('2026/11/1');
  await page.getByLabel('From').press('Enter');
  await expect(page.getByLabel('From')).toHaveValue('2026-11-01 00:00');
  await expect.poll(async () => (await calls(page, 'service.auditList')).at(-1)).toMatchObject({ query: { search: 'tokyo', user: 'y.tanaka', outcome: 'failed', from: new Date(2026, 10, 1).toISOString() } });
  await page.getByLabel('Until').fill('tomorrow');
  await page.getByLabel('Until').press('Tab');
  await expect(page.getByText('Write a date like')).toBeVisible();
});

test('only what is seen of the log is in the document, and the next page comes by scrolling', async ({ page }) => {
  await openLog(page);
  const grid = page.getByRole('grid');
  await expect(grid.getByRole('row').nth(10)).toBeVisible();
  expect(await grid.getByRole('row').count()).toBeLessThan(60);
  await grid.focus();
  // The end of what has come: the page behind it is asked for a frame later.
  await expect
    .poll(async () => {
      await grid.press('End');
      return (await calls(page, 'service.auditList')).length;
    })
    .toBeGreaterThan(3);
  await expect(grid).toHaveAttribute('aria-rowcount', '341');
});

test('new entries appear on top while the top is seen; further down they wait behind a button', async ({ page }) => {
  await openLog(page);
  const grid = page.getByRole('grid');
  await expect(grid.getByRole('row').nth(1)).toBeVisible();
  const tell = async (fresh: number) => {
    await page.evaluate((count) => {
      window.harness.fresh = count;
      window.harness.patch('changes', ['audit'], count);
    }, fresh);
  };
  await tell(2);
  await expect(grid.locator('[id$="0000000f0002"]')).toBeVisible();
  await grid.evaluate((element) => element.scrollTo({ top: 1500 }));
  await tell(5);
  const waiting = page.getByRole('button', { name: '3 new entries' });
  await expect(waiting).toBeVisible();
  await waiting.click();
  await expect(grid.locator('[id$="0000000f0005"]')).toBeVisible();
  await expect(waiting).toBeHidden();
});

test('an entry that comes while the reader scrolls on is not lost: it is asked for again behind the page that came in its place', async ({ page }) => {
  await openLog(page);
  const grid = page.getByRole('grid');
  await expect(grid.getByRole('row').nth(1)).toBeVisible();
  const asked = () => calls(page, 'service.auditList');
  const before = (await asked()).length;
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
    window.harness.fresh = 1;
    window.harness.patch('changes', ['audit'], 1);
  });
  await expect.poll(asked).toHaveLength(before + 1);
  await grid.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
  await expect.poll(asked).toHaveLength(before + 2);
  await page.evaluate(() => window.dispatchEvent(new Event('answer')));
  await expect(page.getByRole('button', { name: '1 new entry' })).toBeVisible();
});

test('an entry is reached, opened and left by keyboard alone, and leads to the recording and the session', async ({ page }) => {
  await openLog(page);
  const grid = page.getByRole('grid');
  await expect(grid.getByRole('row').nth(2)).toBeVisible();
  await grid.focus();
  await grid.press('ArrowDown');
  await grid.press('Enter');
  const details = page.getByRole('complementary');
  await expect(details.getByRole('heading')).toHaveText('connection.connected');
  await expect(details.getByRole('button', { name: 'Recording' })).toBeVisible();
  await expect(details.getByRole('button', { name: 'Session' })).toBeVisible();
  await details.focus();
  await details.press('Escape');
  await expect(details).toBeHidden();
  await expect(grid).toBeFocused();
});

test('S17: an entry of the error log leads to the audit entries of its reference, and back', async ({ page }) => {
  await openLog(page, {}, 'Error log');
  await page.getByRole('row').nth(1).click();
  await page.getByRole('button', { name: 'Audit entries' }).click();
  await expect(page.getByRole('heading', { name: 'Audit log' })).toBeVisible();
  const reference = await page.getByLabel('Reference', { exact: true }).inputValue();
  expect(reference).toMatch(/^MV-/);
  await page.getByRole('row').nth(1).click();
  await page.getByRole('button', { name: 'Errors' }).click();
  await expect(page.getByRole('heading', { name: 'Error log' })).toBeVisible();
  await expect(page.getByLabel('Reference', { exact: true })).toHaveValue(reference);
});

test('an export takes the filter along, is told of and cancelled; the page knows no path', async ({ page }) => {
  await openLog(page);
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('ended');
  await page.getByRole('button', { name: 'Export CSV' }).click();
  await expect(page.getByText('Exporting to mavis-audit-2026-11-23.csv')).toBeVisible();
  await expect.poll(() => calls(page, 'logs.export')).toEqual([{ log: 'audit', format: 'csv', filter: { outcome: 'ended' } }]);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('was cancelled')).toBeVisible();
});

test('a chain that is broken is said so at the first broken entry', async ({ page }) => {
  await openLog(page, { scene: 'broken-chain' });
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await expect(page.getByRole('alert')).toContainText('4711');
});

for (const [language, theme] of [['en', 'light'], ['ja', 'dark'], ['zh-Hant', 'light']] as const) {
  test(`looks: ${language}, ${theme}`, async ({ page }, info) => {
    await openMain(page, { language, theme });
    for (const [place, name] of [[3, 'audit'], [4, 'errors']] as const) {
      await page.getByRole('navigation').getByRole('button').nth(place).click();
      await page.getByRole('row').nth(2).click();
      await page.getByRole('search').getByRole('combobox').last().selectOption('own');
      await page.getByRole('button', { name: 'CSV' }).click();
      if (name === 'audit') await page.locator('.page-head button').first().click();
      await page.screenshot({ path: info.outputPath(`${name}-${language}.png`) });
      await page.setViewportSize({ width: 800, height: 560 });
      await page.screenshot({ path: info.outputPath(`${name}-${language}-small.png`) });
      await page.setViewportSize({ width: 1280, height: 800 });
    }
  });
}
