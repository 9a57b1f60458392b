import { expect, test } from '@playwright/test';
import { createTranslator } from '../../shared/languages/translate.ts';
import { calls, openMain, openPage } from './open-page.ts';

const PLACE = 8;
const open = async (page: Parameters<typeof openMain>[0], query: Record<string, string> = {}) => {
  const faults = await openMain(page, query);
  await openPage(page, PLACE);
  return faults;
};

test('B16: a password is typed once into a field that hides it, goes to main, and stays nowhere in the page', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Add credential' }).click();
  const dialog = page.getByRole('dialog');
  const save = dialog.getByRole('button', { name: 'Save' });
  await dialog.getByLabel('Name', { exact: true }).fill('Backup hosts');
  await dialog.getByLabel('User name on the target').fill('backup');
  await expect(save).toHaveAttribute('aria-disabled', 'true');
  const field = dialog.getByLabel('Password of the account');
  await expect(field).toHaveAttribute('type', 'password');
  await expect(field).toHaveAttribute('autocomplete', 'off');
  await field.fill('canary of the credential');
  await field.press('Enter');
  await expect(dialog).toBeHidden();
  await expect.poll(() => calls(page, 'credentials.save')).toEqual([{ credentialId: null, fields: { kind: 'password', name: 'Backup hosts', userName: 'backup', password: 'canary of the credential' } }]);
  await expect(page.getByRole('complementary', { name: 'Backup hosts' })).toBeVisible();
  await expect(page.getByRole('row', { name: 'Backup hosts' })).toContainText('backup');
  await page.getByRole('button', { name: 'Add credential' }).click();
  await dialog.getByLabel('Kind').selectOption('Private key');
  await dialog.getByLabel('Kind').selectOption('Password');
  await expect(field).toHaveValue('');
  expect(await page.evaluate(() => [document.documentElement.outerHTML, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })].join('\n'))).not.toContain('canary of the credential');
});

test('a private key is chosen as a file, of which the page learns the name alone', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Add credential' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Deploy');
  await dialog.getByLabel('User name on the target').fill('deploy');
  await dialog.getByLabel('Kind').selectOption('Private key');
  await dialog.getByRole('button', { name: 'Choose a file…' }).click();
  await expect(dialog.getByText('id_ed25519')).toBeVisible();
  await dialog.getByLabel('Passphrase of the key').fill('open it');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect.poll(() => calls(page, 'credentials.save')).toEqual([{ credentialId: null, fields: { kind: 'key-file', name: 'Deploy', userName: 'deploy', keyFileId: expect.any(String), passphrase: 'open it' } }]);
});

test('a pasted key is hidden; one that cannot be read keeps the form with what to do', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Web servers, Tokyo' }).click();
  await page.getByRole('complementary').getByRole('button', { name: 'Replace the secret' }).click();
  const dialog = page.getByRole('dialog');
  const key = dialog.getByLabel('Private key', { exact: true });
  await key.fill('bad');
  expect(await key.evaluate((area) => getComputedStyle(area).getPropertyValue('-webkit-text-security'))).toBe('disc');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert')).toContainText('The private key could not be read.');
  await key.fill('-----BEGIN OPENSSH PRIVATE KEY-----');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The secret was replaced. New connections use it.')).toBeVisible();
  await expect.poll(async () => (await calls(page, 'credentials.save')).at(-1)).toMatchObject({ credentialId: expect.any(String), fields: { name: 'Web servers, Tokyo', userName: 'deploy' } });
});

test('a file that is no private key is refused where it was chosen', async ({ page }) => {
  await open(page, { scene: 'bad-key-file' });
  await page.getByRole('button', { name: 'Add credential' }).click();
  await page.getByRole('dialog').getByLabel('Kind').selectOption('Private key');
  await page.getByRole('dialog').getByRole('button', { name: 'Choose a file…' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('The file could not be read as a private key.');
});

test('a credential is renamed without its secret; one in use is not removed, and the page says by which resources', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Orders database' }).click();
  const details = page.getByRole('complementary');
  await expect(details.getByRole('button', { name: 'Save' })).toHaveAttribute('aria-disabled', 'true');
  await details.getByLabel('Name', { exact: true }).fill('Orders, Tokyo');
  await details.getByLabel('Name', { exact: true }).press('Enter');
  await expect(page.getByRole('row', { name: 'Orders, Tokyo' })).toContainText('12');
  await expect.poll(() => calls(page, 'service.credentialUpdate')).toEqual([{ params: { credentialId: expect.any(String) }, query: {}, body: { name: 'Orders, Tokyo' } }]);
  await details.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(details.getByRole('alert')).toContainText('This credential is still used by 12 resources: tokyo-db-00001, tokyo-db-00009, tokyo-db-00017, tokyo-db-00025, tokyo-db-00033, ….');
  await expect(page.getByRole('row', { name: 'Orders, Tokyo' })).toBeVisible();
});

test('a credential that nothing uses is removed, by keyboard alone', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: '予備のサーバー' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('complementary').getByRole('button', { name: 'Remove' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Remove' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('row', { name: '予備のサーバー' })).toBeHidden();
  await expect(page.getByRole('complementary')).toBeHidden();
});

test('the list says what it waits for, that it is empty, what failed, and that nothing matches', async ({ page }) => {
  await open(page, { scene: 'credentials-loading' });
  await expect(page.getByRole('region', { name: 'Target credentials' }).getByRole('status')).toContainText('Loading');
  await open(page, { scene: 'empty' });
  await expect(page.getByText('No credential yet')).toBeVisible();
  await open(page, { scene: 'credentials-failed' });
  await expect(page.getByRole('alert')).toBeVisible();
  await open(page);
  await page.getByRole('searchbox', { name: 'Search credentials' }).fill('DEPL');
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByRole('searchbox', { name: 'Search credentials' }).fill('nothing such');
  await expect(page.getByText('No credential matches')).toBeVisible();
});

test('who is no administrator has no such page', async ({ page }) => {
  await openMain(page, { role: 'auditor' });
  await expect(page.getByRole('navigation').getByRole('button', { name: 'Access rules' })).toBeVisible();
  await expect(page.getByRole('navigation').getByRole('button', { name: 'Target credentials' })).toBeHidden();
});

test('S37: a credential is added from the form of a resource, and is chosen there', async ({ page }) => {
  const faults = await openMain(page);
  await page.getByRole('button', { name: 'New resource' }).click();
  const form = page.getByRole('dialog', { name: 'New resource' });
  await form.getByLabel('Name', { exact: true }).fill('new-2');
  await form.getByLabel('Address').fill('192.0.2.7');
  await form.getByRole('button', { name: 'Add new credential' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add credential' });
  await dialog.getByLabel('Name', { exact: true }).fill('Of new-2');
  await dialog.getByLabel('User name on the target').fill('root');
  await dialog.getByLabel('Password of the account').fill('several words');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await expect(form.getByLabel('Credential', { exact: true }).locator('option:checked')).toHaveText('Of new-2 (root)');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect.poll(() => calls(page, 'service.resourceCreate')).toMatchObject([{ body: { name: 'new-2', credentialId: '00000000-0000-4000-8000-000000000950' } }]);
  expect(faults.list).toEqual([]);
});

for (const [width, language, theme] of [[1280, 'en', 'light'], [1280, 'ja', 'dark'], [1280, 'zh-Hant', 'light'], [640, 'ja', 'light']] as const) {
  test(`looks: ${language}, ${String(width)} pixels`, async ({ page }, info) => {
    await page.setViewportSize({ width, height: width === 640 ? 480 : 720 });
    await open(page, { language, theme });
    await page.getByRole('row').nth(2).click();
    await page.screenshot({ path: info.outputPath(`credentials-${language}-${String(width)}.png`) });
    await page.getByRole('complementary').getByRole('button').nth(2).click();
    await page.getByRole('dialog').getByRole('button').last().click();
    await page.screenshot({ path: info.outputPath(`in-use-${language}-${String(width)}.png`) });
    await page.locator('.page-head .button-primary').click();
    await page.getByRole('dialog').getByRole('combobox').selectOption('private-key');
    await page.screenshot({ path: info.outputPath(`add-${language}-${String(width)}.png`) });
    await page.keyboard.press('Escape');
    await openPage(page, 0);
    await page.getByRole('button', { name: createTranslator(language).text('resource-form.new') }).click();
    await page.getByRole('dialog').getByRole('button').filter({ has: page.locator('svg') }).last().scrollIntoViewIfNeeded();
    await page.screenshot({ path: info.outputPath(`resource-form-${language}-${String(width)}.png`) });
  });
}
