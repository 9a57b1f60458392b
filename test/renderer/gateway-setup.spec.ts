import { expect, type Page, test } from '@playwright/test';
import { calls, openMain } from './open-page.ts';

const NEW_ID = '00000000-0000-4000-8000-000000000700';
const LINE = `mavis-gateway-key-1 ${'A'.repeat(122)} ${'B'.repeat(59)} office1-gw-3`;
const NEXT_FINGERPRINT = 'SHA256:Qx7pL2RmB9vKd4ZtHn6YwCf1JsGe8UoXa3iPq5MrT0V';
const FINGERPRINT = 'SHA256:q7RtW2xKp0ZcVn8Yd4LhGf6sJ1eTuBoM3iQwAv9Xr5k';

async function openGateways(page: Page, query: Readonly<Record<string, string>> = {}) {
  const faults = await openMain(page, query);
  await page.getByRole('navigation').getByRole('button', { name: 'Gateways' }).click();
  return faults;
}
const dialog = (page: Page) => page.getByRole('dialog');
const current = (page: Page) => dialog(page).locator('[aria-current="step"]');

test('S34, S35, S36, S38, S39, S40: the guided flow from a name to a tested connection, by keyboard', async ({ page }) => {
  const faults = await openGateways(page, { scene: 'gateways-empty' });
  await page.getByRole('main').getByRole('listitem').last().waitFor();
  await page.getByRole('button', { name: 'Add Gateway' }).last().focus();
  await page.keyboard.press('Enter');
  await dialog(page).getByRole('textbox', { name: 'Name' }).fill('office1 gw');
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByRole('alert').first()).toContainText('without spaces');
  await dialog(page).getByRole('textbox', { name: 'Name' }).fill('office1-gw-3');
  await dialog(page).getByLabel('Gateway segment').fill('gateway-office1');
  await dialog(page).getByLabel('Address').fill('gw3.example');
  await page.keyboard.press('Enter');
  await expect(current(page)).toContainText('Install');
  await expect.poll(() => calls(page, 'service.gatewayRegister')).toEqual([{ params: {}, query: {}, body: { name: 'office1-gw-3', segment: 'gateway-office1', addresses: { host: 'gw3.example', linkPort: 443, proxyPorts: [7993, 7994, 7995] }, reachedThroughDefault: false } }]);

  await dialog(page).getByRole('button', { name: 'Download configuration file' }).click();
  await expect(dialog(page).getByText('office1-gw-3.mavis-gateway.json /var/lib/mavis-gateway/received-configuration.json')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Copy install command' }).click();
  await expect.poll(async () => JSON.stringify(await calls(page, 'app.copyText'))).toContain('base64 -d');
  await dialog(page).getByRole('button', { name: 'Next' }).click();

  await dialog(page).getByLabel('Public key').fill('mavis-gateway-key-1 cut off');
  await expect(dialog(page).getByRole('alert')).toContainText('no whole line');
  await dialog(page).getByLabel('Public key').fill(LINE);
  await expect(dialog(page).getByTestId('pasted-fingerprint')).toHaveText(FINGERPRINT);
  await dialog(page).getByRole('button', { name: 'Enter the key' }).click();
  await expect(dialog(page).getByText('Compare the fingerprints first.')).toBeVisible();
  await dialog(page).getByLabel('Fingerprint that init printed').fill(`${FINGERPRINT.slice(0, -1)}!`);
  await expect(dialog(page).getByRole('alert')).toContainText('They differ');
  await dialog(page).getByRole('button', { name: 'Enter the key' }).click();
  expect(await calls(page, 'service.gatewayEnterKey')).toEqual([]);
  await dialog(page).getByLabel('Fingerprint that init printed').fill(FINGERPRINT);
  await expect(dialog(page).getByText('Both are the same.')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Enter the key' }).click();
  await expect.poll(() => calls(page, 'service.gatewayEnterKey')).toEqual([{ params: { gatewayId: NEW_ID }, query: {}, body: { line: LINE } }]);

  await expect(dialog(page).getByText('Waiting for the first answer')).toBeVisible();
  await expect(dialog(page).getByRole('button', { name: 'Next' })).toHaveAttribute('aria-disabled', 'true');
  await page.evaluate((id) => {
    window.harness.patch('gateways', ['items', id, 'status', 'state'], 'available');
    window.harness.patch('gateways', ['items', id, 'status', 'confirmedAt'], new Date().toISOString());
  }, NEW_ID);
  await expect(dialog(page).getByText('The state is synchronised.')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Next' }).click();

  // Of what is searched for, not of what stands there until it is found.
  const run = dialog(page).getByRole('button', { name: 'Run the connection test' });
  await expect(run).toHaveAttribute('aria-disabled', 'false');
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  await dialog(page).getByRole('searchbox').fill('tokyo');
  await expect(run).toHaveAttribute('aria-disabled', 'true');
  await page.evaluate(() => window.dispatchEvent(new Event('answer')));
  await run.click();
  await expect(dialog(page).getByRole('list', { name: 'Stages' }).getByRole('listitem')).toHaveCount(6);
  expect(JSON.stringify(await calls(page, 'service.resourceConnectionTest'))).toContain(NEW_ID);
  await dialog(page).getByRole('button', { name: 'Confirm this identity' }).click();
  await expect(dialog(page).getByText('Confirmed')).toBeVisible();
  await expect(dialog(page).getByText('gets the tag gateway-office1')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Finish' }).click();
  await expect(page.getByRole('complementary')).toContainText('office1-gw-3');
  expect(faults.list).toEqual([]);
});

test('S34: the flow can be left and taken up again from the pending gateway', async ({ page }) => {
  await openGateways(page);
  await page.getByRole('button', { name: 'taipei-gw-1' }).click();
  await page.getByRole('complementary').getByRole('button', { name: 'Continue setup' }).click();
  await expect(current(page)).toContainText('Install');
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
  await expect(page.getByRole('complementary')).toBeVisible();
});

test('S38: the whole output of init is enough: both fingerprints are filled in and compared', async ({ page }) => {
  await openGateways(page);
  await page.getByRole('button', { name: 'taipei-gw-1' }).click();
  await page.getByRole('complementary').getByRole('button', { name: 'Continue setup' }).click();
  await dialog(page).getByRole('button', { name: 'Next' }).click();
  await dialog(page).getByLabel('Public key').fill(`gateway fingerprint ${FINGERPRINT}\n${LINE}`);
  await expect(dialog(page).getByText('Both are the same.')).toBeVisible();
  await expect(dialog(page).getByText('This key was made for “office1-gw-3”')).toBeVisible();
});

test('rule 6: a segment is renamed with its tags, and the page says what that changed and which rules it did not', async ({ page }) => {
  await openGateways(page);
  await page.getByRole('button', { name: 'Rename segment gateway-aws' }).click();
  await dialog(page).getByLabel('New name').fill('aws');
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByRole('alert')).toContainText('begins with gateway-');
  await dialog(page).getByLabel('New name').fill('gateway-aws-tokyo');
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toContainText('gateway-aws is now gateway-aws-tokyo: 2 Gateways, 412 resources.');
  await expect(dialog(page)).toContainText('Vendors at night');
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('row', { name: /gateway-aws-tokyo/ })).toBeVisible();
});

test('edit, drain, disable and remove say what will happen, with how many sessions', async ({ page }) => {
  await openGateways(page);
  await page.getByRole('button', { name: 'aws-gw-1' }).click();
  const details = page.getByRole('complementary');
  await details.getByRole('button', { name: 'Remove' }).click();
  await expect(dialog(page)).toContainText('15 open sessions end now.');
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();
  expect(await calls(page, 'service.gatewayRemove')).toEqual([]);
  await details.getByRole('button', { name: 'Drain' }).click();
  await expect(dialog(page)).toContainText('15 sessions go on until they end.');
  await dialog(page).getByRole('button', { name: 'Drain' }).click();
  await expect(details.getByRole('button', { name: 'Take sessions again' })).toBeVisible();
  await details.getByRole('button', { name: 'Edit' }).click();
  await dialog(page).getByLabel('Address').fill('aws-new.example');
  // Rule 8: that only the default gateway reaches it is a matter of its definition.
  await dialog(page).getByRole('checkbox', { name: 'Only the default Gateway reaches it' }).check();
  await expect(dialog(page)).toContainText('needs its configuration file again');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(details).toContainText('aws-new.example');
  await expect(details).toContainText('Only through the default Gateway');
  await page.getByRole('button', { name: 'taipei-gw-1' }).click();
  await details.getByRole('button', { name: 'Remove' }).click();
  await expect(dialog(page)).toContainText('the last Gateway of gateway-taipei');
});

test('rule 15: a new key is made, its fingerprint shown beside the present one, and switched to', async ({ page }) => {
  await openGateways(page);
  await page.getByRole('button', { name: 'aws-gw-1' }).click();
  const details = page.getByRole('complementary');
  await details.getByRole('button', { name: 'Rotate key' }).click();
  await expect(dialog(page)).toContainText('Sessions go on throughout');
  await page.keyboard.press('Tab');
  await expect(dialog(page).getByRole('button', { name: 'Make a new key' })).toHaveAttribute('aria-disabled', 'false');
  await dialog(page).getByRole('button', { name: 'Make a new key' }).press('Enter');
  await expect(dialog(page).getByRole('status')).toHaveText(NEXT_FINGERPRINT);
  await expect(details).toContainText(NEXT_FINGERPRINT);
  await dialog(page).getByRole('button', { name: 'Switch to the next key' }).click();
  await expect(dialog(page)).toHaveCount(0);
  expect(JSON.stringify(await calls(page, 'service.gatewaySwitchKey'))).toContain(NEXT_FINGERPRINT);
  await expect(details).not.toContainText('Fingerprint of its next key');
  await expect(details).toContainText(NEXT_FINGERPRINT);
});

test('rule 26: who may not change gateways is offered no change', async ({ page }) => {
  await openGateways(page, { role: 'operator' });
  await page.getByRole('button', { name: 'aws-gw-1' }).click();
  await expect(page.getByRole('complementary')).toBeVisible();
  for (const name of ['Add Gateway', 'Edit', 'Drain', 'Disable', 'Remove', 'Rename segment gateway-aws']) await expect(page.getByRole('button', { name, exact: true })).toHaveCount(0);
});
