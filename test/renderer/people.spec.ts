import { expect, test } from '@playwright/test';
import { calls, openMain } from './open-page.ts';

const open = async (page: Parameters<typeof openMain>[0], name: string, query: Record<string, string> = {}) => {
  await openMain(page, query);
  await page.getByRole('navigation').getByRole('button', { name, exact: true }).click();
};

test('rule 11: whoever manages ends another’s session with a reason, and sees that its end is pending', async ({ page }) => {
  await openMain(page);
  await page.getByRole('navigation').getByRole('button').nth(1).click();
  const row = page.getByRole('row', { name: 'partner-acme' });
  await expect(row).toContainText('Connected');
  await expect(page.getByRole('row', { name: 'k.lin' })).toContainText('End pending');
  await row.getByRole('button', { name: 'End the session of partner-acme' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'End', exact: true })).toHaveAttribute('aria-disabled', 'true');
  await dialog.getByLabel('Reason').fill('wrong machine');
  await dialog.getByRole('button', { name: 'End', exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect.poll(() => calls(page, 'service.connectionTerminate')).toMatchObject([{ body: { reason: 'wrong machine' } }]);
});

test('a user sees no session of others', async ({ page }) => {
  await openMain(page, { role: 'user' });
  await page.getByRole('navigation').getByRole('button').nth(1).click();
  await expect(page.getByText('All live sessions')).toBeHidden();
});

test('a user is added, and the one-time password is shown once', async ({ page }) => {
  await open(page, 'Users');
  await page.getByRole('button', { name: 'Add user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Sign-in name').fill('new.partner');
  await dialog.getByLabel('Display name').fill('New Partner');
  await dialog.getByLabel('Role').selectOption('vendor');
  await expect(dialog.getByRole('button', { name: 'Add user' })).toHaveAttribute('aria-disabled', 'true');
  await dialog.getByLabel(/^Expires/).fill('2026-12-31');
  await dialog.getByLabel(/^Expires/).press('Enter');
  await dialog.getByRole('button', { name: 'Add user' }).click();
  await expect(page.getByText('kXw7-QmPz-93Lr-Tn2c')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await expect(page.getByText('kXw7-QmPz-93Lr-Tn2c')).toBeHidden();
  await expect.poll(() => calls(page, 'service.userCreate')).toMatchObject([{ body: { name: 'new.partner', role: 'vendor', expiresAt: new Date(2026, 11, 31, 23, 59, 59, 999).toISOString() } }]);
});

test('rule 11: disabling a user asks first and says what ends', async ({ page }) => {
  await open(page, 'Users');
  await page.getByRole('button', { name: 'partner-acme' }).click();
  await page.getByRole('complementary').getByRole('button', { name: 'Disable user' }).click();
  await expect(page.getByRole('dialog')).toContainText('All sessions of partner-acme end at once.');
  await page.getByRole('dialog').getByRole('button', { name: 'Disable user' }).click();
  await expect.poll(() => calls(page, 'service.userDisable')).toHaveLength(1);
});

test('S31, S33: a rule has Tunnel always or as the switch says; for third-party vendors it is always', async ({ page }) => {
  await open(page, 'Access rules');
  await page.getByRole('button', { name: 'Change the rule Vendors to AWS' }).click();
  const tunnel = page.getByRole('dialog').getByLabel('Tunnel');
  await expect(tunnel).toBeDisabled();
  await expect(tunnel).toHaveValue('always');
  await page.getByRole('dialog').getByLabel('For', { exact: true }).selectOption('User');
  await expect(tunnel).toHaveValue('system');
  await tunnel.selectOption('Always through the default Gateway');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect.poll(() => calls(page, 'service.accessRuleUpdate')).toEqual([{ params: { accessRuleId: expect.any(String) }, query: {}, body: expect.objectContaining({ tunnel: 'always', subject: { kind: 'role', role: 'user' } }) }]);
});

test('S31, S33: a rule with Tunnel always says so on its row, as one for third-party vendors does; the others do not', async ({ page }, info) => {
  for (const [width, language, mark] of [[1280, 'en', 'Tunnel always'], [1280, 'ja', '常に Tunnel 機能を使用'], [900, 'zh-Hant', '一律使用 Tunnel 功能']] as const) {
    await page.setViewportSize({ width, height: 700 });
    await openMain(page, { language });
    await page.getByRole('navigation').getByRole('button').nth(7).click();
    const marked = (name: string) => page.getByRole('row').filter({ hasText: name }).getByText(mark, { exact: true });
    for (const [name, count] of [['Vendors to AWS', 1], ['Suzuki', 1], ['Everything for administrators', 0]] as const) {
      await expect(page.getByText(name, { exact: true })).toBeVisible();
      await expect(marked(name)).toHaveCount(count);
    }
    await page.screenshot({ path: info.outputPath(`rules-${language}.png`) });
  }
});

for (const [width, language] of [[1280, 'en'], [1280, 'ja'], [900, 'zh-Hant']] as const) {
  test(`what can be done with a rule or a session stays in sight: ${language}, ${String(width)} pixels`, async ({ page }, info) => {
    await page.setViewportSize({ width, height: 700 });
    await openMain(page, { language });
    for (const place of [7, 1]) {
      await page.getByRole('navigation').getByRole('button').nth(place).click();
      const last = page.locator('td.row-actions button').last();
      await expect(last).toBeInViewport({ ratio: 1 });
      // Nothing lies over it: a press reaches it.
      await last.click({ trial: true });
      await page.screenshot({ path: info.outputPath(`actions-${String(place)}-${language}.png`) });
    }
  });
}

test('Save of a user can be pressed only where something was changed, and looks so', async ({ page }) => {
  // Each colour is read as it stays, and none on its way.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, 'Users');
  await page.getByRole('button', { name: 'partner-acme' }).click();
  const save = page.getByRole('complementary').getByRole('button', { name: 'Save' });
  const looks = () => save.evaluate((button) => getComputedStyle(button).backgroundColor);
  await expect(save).toHaveAttribute('aria-disabled', 'true');
  const resting = await looks();
  await save.hover();
  expect(await looks()).toBe(resting);
  await page.getByRole('complementary').getByLabel('Display name').fill('Partner of Acme');
  await expect(save).toHaveAttribute('aria-disabled', 'false');
  await expect.poll(looks).not.toBe(resting);
});

test('a rule is tried: which decides, and what keeps the others from it', async ({ page }) => {
  await open(page, 'Access rules');
  await page.getByRole('combobox', { name: 'User' }).fill('k.lin');
  await page.getByLabel('Resource', { exact: true }).fill('tokyo-db-00009');
  await page.getByRole('button', { name: 'Try the rules' }).click();
  await expect(page.getByText('Everything for administrators: decides')).toBeVisible();
  await expect(page.getByText('Vendors to AWS: does not give this resource')).toBeVisible();
});

for (const [language, theme] of [['en', 'light'], ['ja', 'dark'], ['zh-Hant', 'light']] as const) {
  test(`looks: ${language}, ${theme}`, async ({ page }, info) => {
    await openMain(page, { language, theme });
    for (const [place, name] of [[1, 'sessions'], [6, 'users'], [7, 'rules']] as const) {
      await page.getByRole('navigation').getByRole('button').nth(place).click();
      await expect(page.getByRole('row').nth(2)).toBeVisible();
      if (name === 'users') await page.getByRole('row').nth(2).click();
      await page.screenshot({ path: info.outputPath(`${name}-${language}.png`) });
      if (name === 'rules') {
        await page.locator('.row-actions button').first().click();
        await expect(page.locator('.rule-form [role="status"]')).toBeVisible();
        await page.screenshot({ path: info.outputPath(`rule-form-${language}.png`) });
      }
    }
  });
}
