import { expect, type Locator, type Page, test } from '@playwright/test';
import { InputMethod } from '../fixtures/input-method.ts';
import { calls, hold, letGo, openMain } from './open-page.ts';

const dialog = (page: Page) => page.getByRole('dialog');
const save = (page: Page) => dialog(page).getByRole('button', { name: 'Save' });

async function openAt(page: Page, name: string, query: Record<string, string> = {}): Promise<void> {
  await openMain(page, query);
  await page.getByRole('navigation').getByRole('button', { name, exact: true }).click();
}

async function newRule(page: Page): Promise<void> {
  await openAt(page, 'Access rules');
  await page.getByRole('button', { name: 'Add rule' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('Contractors');
}

/** Presses what may be off already, as a second press of somebody impatient does. */
const pressAgain = (button: Locator) => button.dispatchEvent('click');

test('a rule is not saved while a date of it cannot be read: its field says so and has the focus', async ({ page }) => {
  await newRule(page);
  for (const label of ['Starts', 'Ends']) {
    const field = dialog(page).getByLabel(label, { exact: true });
    await field.fill('2026-12-31 25:00');
    await save(page).click();
    await expect(field).toBeFocused();
    await expect(dialog(page)).toContainText('Write a date like 2026-11-25 14:30.');
    expect(await calls(page, 'service.accessRuleCreate')).toEqual([]);
    await field.fill('2026-12-31 15:00');
  }
  await save(page).click();
  await expect(dialog(page)).toHaveCount(0);
  expect(await calls(page, 'service.accessRuleCreate')).toMatchObject([{ body: { startsAt: new Date(2026, 11, 31, 15, 0).toISOString(), endsAt: new Date(2026, 11, 31, 15, 0, 59, 999).toISOString() } }]);
});

test('a user is neither added without an expiry that was typed, nor keeps the old one', async ({ page }) => {
  await openAt(page, 'Users');
  await page.getByRole('button', { name: 'Add user' }).click();
  await dialog(page).getByLabel('Sign-in name').fill('temporary');
  await dialog(page).getByLabel('Display name').fill('For a week');
  const expires = dialog(page).getByLabel('Expires');
  await expires.fill('31.12.2026');
  await dialog(page).getByRole('button', { name: 'Add user' }).click();
  await expect(expires).toBeFocused();
  await expect(dialog(page)).toContainText('Write a date like');
  expect(await calls(page, 'service.userCreate')).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();

  await page.getByRole('button', { name: 'partner-acme' }).click();
  const details = page.getByRole('complementary');
  await details.getByLabel(/^Expires/).fill('soon');
  await details.getByLabel(/^Expires/).press('Enter');
  await expect(details).toContainText('Write a date like');
  await details.getByRole('button', { name: 'Save' }).click();
  await expect(details.getByLabel(/^Expires/)).toBeFocused();
  expect(await calls(page, 'service.userUpdate')).toEqual([]);
  await details.getByLabel(/^Expires/).fill('2027-01-31');
  await details.getByLabel(/^Expires/).press('Enter');
  // Nothing else of the user goes along: somebody may have changed it meanwhile.
  await expect.poll(() => calls(page, 'service.userUpdate')).toEqual([{ params: { userId: expect.any(String) }, query: {}, body: { expiresAt: new Date(2027, 0, 31, 23, 59, 59, 999).toISOString() } }]);
});

test('numbers of a rule are what was typed, key by key; one that is none, or 0, is not saved', async ({ page }) => {
  await newRule(page);
  const [largest, longest] = [dialog(page).getByLabel('Largest file (MB)'), dialog(page).getByLabel('Longest session (minutes)')];
  for (const [field, wrong] of [[largest, ['0', '5 GB', '-1', '0.0000001']], [longest, ['0', '', 'half', '99999']]] as const) {
    for (const text of wrong) {
      await field.fill(text);
      await save(page).click();
      await expect(field).toBeFocused();
      await expect(field).toHaveAttribute('aria-invalid', 'true');
    }
    await field.fill('');
    await page.keyboard.type(field === largest ? '0.05' : '30');
    await expect(field).toHaveAttribute('aria-invalid', 'false');
  }
  expect(await calls(page, 'service.accessRuleCreate')).toEqual([]);
  await save(page).click();
  await expect(dialog(page)).toHaveCount(0);
  expect(await calls(page, 'service.accessRuleCreate')).toMatchObject([{ body: { policy: { maxFileBytes: 50_000, maxDurationSeconds: 1800, idleSeconds: 3600 } } }]);
});

test('the Enter with which an input method takes a word ends nobody’s session; Enter after it does, once', async ({ page }) => {
  await openMain(page);
  await page.getByRole('navigation').getByRole('button', { name: /^Sessions/ }).click();
  await page.getByRole('row', { name: 'partner-acme' }).getByRole('button', { name: 'End the session of partner-acme' }).click();
  await dialog(page).getByLabel('Reason').focus();
  const method = await InputMethod.at(page);
  await method.compose('ほしゅ');
  await method.commit('保守');
  await expect(dialog(page).getByLabel('Reason')).toHaveValue('保守');
  await expect(dialog(page)).toBeVisible();
  expect(await calls(page, 'service.connectionTerminate')).toEqual([]);
  await hold(page, 'service.connectionTerminate');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await letGo(page, 'service.connectionTerminate');
  await expect(dialog(page)).toHaveCount(0);
  expect(await calls(page, 'service.connectionTerminate')).toMatchObject([{ body: { reason: '保守' } }]);
});

test('Save that is pressed twice adds one resource, one rule, one user, one profile', async ({ page }) => {
  await openMain(page);
  await page.getByRole('button', { name: 'New resource' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('new-1');
  await dialog(page).getByLabel('Address').fill('192.0.2.1');
  await hold(page, 'service.resourceCreate');
  await save(page).click();
  await pressAgain(save(page));
  await expect.poll(() => calls(page, 'service.resourceCreate')).toHaveLength(1);

  await newRule(page);
  await hold(page, 'service.accessRuleCreate');
  await save(page).click();
  await pressAgain(save(page));
  await expect.poll(() => calls(page, 'service.accessRuleCreate')).toHaveLength(1);

  await openAt(page, 'Users');
  await page.getByRole('button', { name: 'Add user' }).click();
  await dialog(page).getByLabel('Sign-in name').fill('one');
  await dialog(page).getByLabel('Display name').fill('One');
  await hold(page, 'service.userCreate');
  await dialog(page).getByRole('button', { name: 'Add user' }).click();
  await pressAgain(dialog(page).getByRole('button', { name: 'Add user' }));
  await expect.poll(() => calls(page, 'service.userCreate')).toHaveLength(1);

  await openMain(page, { scene: 'no-profile' });
  await page.getByRole('button', { name: 'Add profile' }).click();
  const form = page.getByRole('form', { name: 'Add profile' });
  await form.getByLabel('Name', { exact: true }).fill('Nishi');
  await form.getByLabel('Service address').fill('https://mavis.nishi.example');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByLabel('I compared the fingerprint: it is the same').check();
  await hold(page, 'profiles.add');
  await form.getByRole('button', { name: 'Save' }).click();
  await pressAgain(form.getByRole('button', { name: 'Save' }));
  await expect.poll(() => calls(page, 'profiles.add')).toHaveLength(1);
});

test('what an administrator did not change is not sent: another’s change in the meantime stays', async ({ page }) => {
  await openMain(page);
  await page.getByRole('grid').focus();
  await page.keyboard.press('Space');
  await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click();
  await dialog(page).getByLabel('Description').fill('Orders, moved');
  await save(page).click();
  await expect.poll(() => calls(page, 'service.resourceUpdate')).toMatchObject([{ body: { description: 'Orders, moved' } }]);
  expect(await calls(page, 'service.resourceUpdate')).toEqual([{ params: { resourceId: expect.any(String) }, query: {}, body: { description: 'Orders, moved' } }]);

  await openAt(page, 'Gateways');
  await page.getByRole('button', { name: 'aws-gw-1' }).click();
  const details = page.getByRole('complementary');
  await details.getByRole('button', { name: 'Edit', exact: true }).click();
  await dialog(page).getByRole('textbox', { name: 'Name' }).fill('aws-gw-1b');
  await page.evaluate(async () => {
    const answer = await window.mavis.service.gatewayList({ params: {}, query: {}, body: {} });
    const gateway = answer.ok ? answer.value.items.find(({ name }) => name === 'aws-gw-1') : undefined;
    if (gateway) await window.mavis.service.gatewayUpdate({ params: { gatewayId: gateway.id }, query: {}, body: { segment: 'gateway-elsewhere', addresses: { ...gateway.addresses, host: 'moved.example' } } });
  });
  await expect(details).toContainText('moved.example');
  await save(page).click();
  await expect(dialog(page)).toHaveCount(0);
  expect((await calls(page, 'service.gatewayUpdate')).slice(1)).toEqual([{ params: { gatewayId: expect.any(String) }, query: {}, body: { name: 'aws-gw-1b' } }]);

  await details.getByRole('button', { name: 'Change protocols' }).click();
  await dialog(page).getByLabel('Sessions may run over port 443').click();
  await save(page).click();
  await expect(dialog(page)).toHaveCount(0);
  expect((await calls(page, 'service.gatewayUpdate')).slice(2)).toEqual([{ params: { gatewayId: expect.any(String) }, query: {}, body: { over443: expect.any(Boolean) } }]);
});

test('a rule is replaced only as it was when it was opened', async ({ page }) => {
  await openAt(page, 'Access rules', { scene: 'rule-changed' });
  await page.getByRole('button', { name: 'Change the rule Suzuki' }).click();
  await save(page).click();
  await expect(dialog(page)).toContainText('Somebody else has changed this rule since you opened it.');
  expect(await calls(page, 'service.accessRuleUpdate')).toMatchObject([{ body: { unchangedSince: '2026-11-23T08:00:00.000Z' } }]);
});

test('S38: the key that is entered is the one that stands in the field, however late it was read', async ({ page }) => {
  const [first, second] = ['A', 'C'].map((letter) => `mavis-gateway-key-1 ${letter.repeat(122)} ${'B'.repeat(59)} taipei-gw-2`);
  await openAt(page, 'Gateways');
  await page.getByRole('button', { name: 'aws-gw-1' }).click();
  await page.getByRole('complementary').getByRole('button', { name: 'Enter another key' }).click();
  const line = dialog(page).getByLabel('Public key');
  await line.fill(`${first}\nSHA256:q7RtW2xKp0ZcVn8Yd4LhGf6sJ1eTuBoM3iQwAv9Xr5k`);
  await expect(dialog(page)).toContainText('Both are the same.');
  await hold(page, 'gateways.readPastedKey');
  await line.fill(second ?? '');
  await expect(dialog(page)).not.toContainText('Both are the same.');
  const enter = dialog(page).getByRole('button', { name: 'Enter the key', exact: true });
  await enter.click();
  expect(await calls(page, 'service.gatewayEnterKey')).toEqual([]);
  await letGo(page, 'gateways.readPastedKey');
  await expect(dialog(page)).toContainText('Both are the same.');
  await enter.click();
  await expect.poll(() => calls(page, 'service.gatewayEnterKey')).toMatchObject([{ body: { line: second } }]);
});

test('a verdict on who may reach what stands beside its own question only, whichever answer comes last', async ({ page }) => {
  await openAt(page, 'Access rules');
  const [denied, allowed] = [page.getByText('Everything for administrators: does not allow this protocol'), page.getByText('Everything for administrators: decides')];
  const trial = page.getByRole('form', { name: 'Try the rules' });
  await trial.getByRole('combobox', { name: 'User' }).fill('k.lin');
  await trial.getByLabel('Resource', { exact: true }).fill('tokyo-db-00009');
  await trial.getByLabel('Protocol').selectOption('RDP');
  await hold(page, 'service.accessRuleTry');
  await trial.getByRole('button', { name: 'Try the rules' }).click();
  await expect.poll(() => calls(page, 'service.accessRuleTry')).toHaveLength(1);
  await trial.getByLabel('Protocol').selectOption('SSH');
  await page.evaluate(() => delete window.harness.late['service.accessRuleTry']);
  await trial.getByRole('button', { name: 'Try the rules' }).click();
  await expect(allowed).toBeVisible();
  await letGo(page, 'service.accessRuleTry');
  // The late answer is there once this one, asked after it, is.
  await page.evaluate(() => window.mavis.service.accessRuleList({ params: {}, query: {}, body: {} }));
  await expect(denied).toHaveCount(0);
  await expect(allowed).toBeVisible();
  await trial.getByRole('combobox', { name: 'User' }).fill('k.li');
  await expect(allowed).toHaveCount(0);
});

test('what a filter gives is never said of another, also where the question fails', async ({ page }) => {
  await newRule(page);
  const filter = dialog(page).getByLabel('Resources');
  await filter.fill('web');
  await expect(dialog(page)).toContainText('7 resources');
  await filter.fill('refused');
  await expect(dialog(page)).not.toContainText('7 resources');
  await expect(dialog(page).getByRole('alert')).toBeVisible();
  await expect(dialog(page)).not.toContainText('7 resources');
});

test('a connection test’s result stands beside its own protocol only', async ({ page }) => {
  await openAt(page, 'Gateways');
  await page.getByRole('button', { name: 'aws-gw-1' }).click();
  await page.getByRole('complementary').getByRole('button', { name: 'Connection test' }).click();
  const panel = dialog(page).locator('.connection-test');
  const run = panel.getByRole('button', { name: 'Run the connection test' });
  await hold(page, 'service.resourceConnectionTest');
  await run.click();
  await expect.poll(() => calls(page, 'service.resourceConnectionTest')).toHaveLength(1);
  await panel.getByLabel('Protocol').selectOption('SFTP');
  await letGo(page, 'service.resourceConnectionTest');
  // The late answer is there once this one, asked after it, is.
  await page.evaluate(() => window.mavis.service.accessRuleList({ params: {}, query: {}, body: {} }));
  await expect(panel.getByText(/^Through/)).toHaveCount(0);
  await run.click();
  await expect(panel.getByText(/^Through/)).toBeVisible();
  await panel.getByLabel('Protocol').selectOption('SSH');
  await expect(panel.getByText(/^Through/)).toHaveCount(0);
});

test('a rule may be for a user of any page of the users; one who is not known is shown as that, not as another', async ({ page }) => {
  for (const [scene, name, row] of [['users-in-pages', 's.suzuki', 's.suzuki'], ['user-unlisted', 'Unknown', 'Unknown']] as const) {
    await openAt(page, 'Access rules', { scene });
    await expect(page.getByRole('row', { name: 'Suzuki' })).toContainText(row);
    await page.getByRole('button', { name: 'Change the rule Suzuki' }).click();
    await expect(dialog(page).getByLabel('For', { exact: true }).locator('option:checked')).toHaveText(name);
    await save(page).click();
    await expect.poll(() => calls(page, 'service.accessRuleUpdate')).toMatchObject([{ body: { subject: { kind: 'user', userId: expect.stringMatching(/25b$/) } } }]);
  }
});

test('an account that is unlocked while one looks is shown so', async ({ page }) => {
  // Minutes before: a page that is slow to open finds it locked still.
  await page.clock.install({ time: '2098-12-31T23:55:00.000Z' });
  await openAt(page, 'Users');
  const row = page.getByRole('row', { name: /s\.suzuki/ });
  await expect(row).toContainText('Locked');
  await page.clock.runFor(330_000);
  await expect(row).toContainText('Active');
});
