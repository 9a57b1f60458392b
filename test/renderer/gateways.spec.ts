import { expect, type Page, test } from '@playwright/test';
import { axeFindings } from '../fixtures/axe-findings.ts';
import { calls, openMain, openPage } from './open-page.ts';

/** The page's place in the menu of an administrator. */
const PLACE = 5;

async function openGateways(page: Page, query: Readonly<Record<string, string>> = {}) {
  const faults = await openMain(page, query);
  await page.getByRole('navigation').getByRole('button', { name: 'Gateways' }).click();
  return faults;
}

test('S34, S47: the Gateway management page lists gateways by segment with state, reason, age and sessions', async ({ page }) => {
  const faults = await openGateways(page);
  await expect(page.getByRole('heading', { name: 'Gateway management' })).toBeVisible();
  const row = page.getByRole('row', { name: /aws-gw-1/ });
  await expect(row).toContainText('Unavailable');
  await expect(row).toContainText('The central service cannot reach the Gateway “aws-gw-1”.');
  await expect(row.locator('time')).toHaveText('5 minutes ago');
  await expect(page.getByRole('row', { name: /gateway-aws/ }).first()).toContainText('0 of 2 available');
  await expect(page.getByRole('row', { name: /tokyo-gw-2/ })).toContainText('left out of the choice');
  expect(faults.list).toEqual([]);
});

test('S10: the age of the last sync counts, and a change that main tells shows within a second', async ({ page }) => {
  await openGateways(page);
  const age = page.getByRole('row', { name: /office1-gw-1/ }).locator('time');
  const first = await age.textContent();
  await expect(age).not.toHaveText(first ?? '');
  // Measured in the page: how fast this test gets to look is not what is promised; again where the machine was busy.
  const told = (state: 'available' | 'unavailable', word: 'Available' | 'Unavailable') =>
    page.evaluate(async ([to, name]) => {
      const began = performance.now();
      window.harness.patch('gateways', ['items', '00000000-0000-4000-8000-000000000601', 'status', 'state'], to);
      const shown = () => [...document.querySelectorAll('tr')].some(({ textContent }) => new RegExp(`office1-gw-1.*${name}`).test(textContent));
      while (!shown() && performance.now() - began < 5_000) await new Promise((resolve) => requestAnimationFrame(resolve));
      return performance.now() - began;
    }, [state, word] as const);
  await expect(async () => {
    await told('available', 'Available');
    expect(await told('unavailable', 'Unavailable')).toBeLessThan(1_000);
  }).toPass({ timeout: 60_000 });
  await expect(page.getByRole('row', { name: /office1-gw-1/ })).toContainText('Unavailable');
});

test('S43, S44, S45, S46: a segment without an available Gateway says what to check, in order, and who must act', async ({ page }) => {
  await openGateways(page);
  const group = page.getByRole('row', { name: /gateway-aws/ }).first();
  await group.getByRole('button', { name: 'What to do' }).click();
  const help = page.getByRole('group', { name: /No Gateway of gateway-aws is available/ });
  await expect(help.getByRole('listitem')).toHaveCount(4);
  const texts = await help.getByRole('listitem').allTextContents();
  expect(texts.map((text) => /installed|synchronised|proxy settings|network/.exec(text)?.[0])).toEqual(['installed', 'synchronised', 'proxy settings', 'network']);
  for (const text of texts) expect(text).toContain('Who must act');
  await expect(page.getByRole('row', { name: /gateway-tokyo/ }).first().getByRole('button', { name: 'What to do' })).toHaveCount(0);
});

test('the page works by keyboard alone: from name to name, details open and close, focus comes back', async ({ page }) => {
  await openGateways(page);
  await page.getByRole('searchbox').focus();
  await page.keyboard.type('gateway-');
  const first = page.getByRole('button', { name: 'aws-gw-1' });
  for (let presses = 0; presses < 10 && !(await first.evaluate((element) => element === document.activeElement)); presses += 1) await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'aws-gw-1' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('button', { name: 'aws-gw-2' })).toBeFocused();
  await page.keyboard.press('End');
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  const details = page.getByRole('complementary');
  await expect(details).toContainText('203.0.113.5');
  await page.keyboard.press('Escape');
  await expect(details).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'aws-gw-1' })).toBeFocused();
});

test('S75, S76: the details show which protocols a port carries, the load, and the states of the day as a chart that is also in words', async ({ page }) => {
  await openGateways(page);
  await page.getByRole('button', { name: 'tokyo-gw-1' }).click();
  const details = page.getByRole('complementary');
  // Of a day that ends now: what is near half of a percent goes either way.
  await expect(details.getByRole('img')).toHaveAccessibleName(/States of the last 24 hours: Available 8[78]%, Unavailable 8%, and Limited 4%. 4 changes./);
  await expect(details.getByRole('row', { name: /7993/ })).toContainText('SSH and SFTP');
  await expect(details.getByRole('row', { name: /7994/ })).toContainText('Closed');
  await expect(details).toContainText('21% of its processors');
});

test('empty: the steps to the first Gateway; loading and failed say so, and failed can be tried again', async ({ page }) => {
  await openGateways(page, { scene: 'gateways-empty' });
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(6);
  await openGateways(page, { scene: 'gateways-loading' });
  await expect(page.getByRole('main').getByText('Loading…')).toBeVisible();
  await page.clock.install();
  await openGateways(page, { scene: 'gateways-failed' });
  await expect(page.getByRole('alert')).toContainText('mavis.nishi.example');
  // It is asked for every 15 seconds, too: not while no time goes by.
  await page.clock.pauseAt(Date.now() + 60_000);
  const before = (await calls(page, 'gateways.refresh')).length;
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(async () => (await calls(page, 'gateways.refresh')).length).toBe(before + 1);
});

test('rule 26: operators and auditors see the page, users and vendors do not', async ({ page }) => {
  for (const role of ['operator', 'auditor']) {
    await openGateways(page, { role });
    await expect(page.getByText('Administrators change Gateways')).toBeVisible();
  }
  for (const role of ['user', 'vendor']) {
    await openMain(page, { role });
    await expect(page.getByRole('navigation').getByRole('button', { name: 'Gateways' })).toHaveCount(0);
  }
});

test('a small window shows the list and its details', async ({ page }) => {
  await page.setViewportSize({ width: 640, height: 480 });
  await openMain(page);
  await openPage(page, PLACE);
  await page.getByRole('button', { name: 'office1-gw-1' }).click();
  await expect(page.getByRole('complementary')).toBeInViewport();
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
});

test('S22, S31, S41: Tunnel is switched on with a default Gateway, by keyboard; without one it cannot be', async ({ page }) => {
  const faults = await openGateways(page);
  const form = page.getByRole('form', { name: 'Tunnel' });
  await page.getByText('no default Gateway chosen').waitFor();
  await page.locator('summary', { hasText: 'Tunnel' }).focus();
  await page.keyboard.press('Enter');
  await form.getByRole('switch').focus();
  await page.keyboard.press('Space');
  await expect(form.getByRole('alert')).toContainText('Choose a default Gateway or segment');
  await expect(form.getByRole('button', { name: 'Save' })).toBeDisabled();
  await form.getByLabel('Default Gateway or segment').selectOption('gateway-tokyo');
  await expect(form).toContainText('Default Gateways available now: 2 of 2.');
  await form.getByLabel('Default Gateway or segment').selectOption('aws-gw-1');
  await expect(form).toContainText('Default Gateways available now: 0 of 1.');
  await form.getByRole('button', { name: 'Save' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText('through aws-gw-1')).toBeVisible();
  await expect(page.getByText('No default Gateway is available: nobody can connect')).toBeVisible();
  await expect.poll(() => calls(page, 'service.tunnelUpdate')).toEqual([{ params: {}, query: {}, body: { enabled: true, default: { kind: 'gateway', gatewayId: expect.any(String) } } }]);
  expect(faults.list).toEqual([]);
});

test('rule 15: the service\'s key is rotated by keyboard in three steps; a Gateway that is cut off is named, and left behind only where that is said', async ({ page }, info) => {
  const faults = await openGateways(page, { scene: 'key-lag' });
  const panel = page.getByRole('region', { name: 'Key of the central service' });
  await page.locator('summary', { hasText: 'Key of the central service' }).focus();
  await page.keyboard.press('Enter');
  const press = async (name: string): Promise<void> => {
    await expect(panel.getByRole('button', { name })).toHaveAttribute('aria-disabled', 'false');
    await panel.getByRole('button', { name }).focus();
    await page.keyboard.press('Enter');
  };
  await press('Make a new key');
  await expect(page.getByText('3 of 4 Gateways know it')).toBeVisible();
  await expect(panel.getByRole('listitem')).toHaveCount(1);
  await expect(panel).toContainText('Fingerprint of the new key');
  await press('Switch to the new key');
  await expect(page.getByText('New key in use, old key still good')).toBeVisible();
  await expect(panel).toContainText('Fingerprint of the old key');
  const finish = panel.getByRole('button', { name: 'Refuse the old key' });
  await expect(finish).toHaveAttribute('aria-disabled', 'true');
  await info.attach('service-key', { body: await page.screenshot(), contentType: 'image/png' });
  await panel.getByRole('checkbox').focus();
  await page.keyboard.press('Space');
  await press('Refuse the old key');
  await expect(panel.getByRole('button', { name: 'Make a new key' })).toBeVisible();
  await expect.poll(() => calls(page, 'service.serviceKeyFinish')).toEqual([{ params: {}, query: {}, body: { force: true } }]);
  await expect(page.getByText('3 of 4 Gateways refuse the old key')).toBeVisible();
  expect(faults.list).toEqual([]);
});

test('S17: where the last default Gateway falls, the Tunnel line says at once that nobody can connect', async ({ page }) => {
  await openGateways(page, { scene: 'tunnel-on' });
  await page.getByText('through gateway-tokyo').waitFor();
  const none = page.getByText('No default Gateway is available: nobody can connect');
  await expect(none).toHaveCount(0);
  await page.evaluate(() => {
    for (const number of ['603', '604']) window.harness.patch('gateways', ['items', `00000000-0000-4000-8000-000000000${number}`, 'status', 'state'], 'unavailable');
  });
  await expect(none).toBeVisible();
});

test('S74, S75: an administrator says which protocols a port carries and in which order; a protocol that would lose its last port is named and not saved', async ({ page }, info) => {
  // No colour is on its way to another theme's while axe reads them.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const faults = await openGateways(page);
  await page.getByRole('button', { name: 'tokyo-gw-1' }).click();
  await page.getByRole('button', { name: 'Change protocols' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  const cell = (protocol: string, port: number) => dialog.getByLabel(`${protocol} on port ${port}`);
  const save = dialog.getByRole('button', { name: 'Save' });
  await cell('SSH', 7994).selectOption('1st');
  await cell('RDP', 7993).selectOption('Not carried');
  await cell('RDP', 7995).selectOption('Not carried');
  // 7994 is reported closed.
  await expect(dialog.getByRole('status')).toContainText('Every port for RDP is reported closed');
  await cell('RDP', 7994).selectOption('Not carried');
  await expect(dialog.getByRole('alert')).toContainText('No port would carry RDP');
  await expect(save).toHaveAttribute('aria-disabled', 'true');
  await save.click({ force: true });
  expect(await calls(page, 'service.gatewayUpdate')).toEqual([]);
  for (const [language, theme] of [['en', 'light'], ['ja', 'dark'], ['zh-Hant', 'light']] as const) {
    await page.evaluate(([shown, shownTheme]) => {
      window.harness.patch('settings', ['language'], shown);
      window.harness.patch('settings', ['theme'], shownTheme);
    }, [language, theme] as const);
    await expect(page.locator(`html[lang="${language}"]`)).toBeAttached();
    await page.screenshot({ path: info.outputPath(`port-map-${language}.png`) });
    // axe reads one of the looks in every run, and each in the long run.
    if (theme === 'dark' || process.env['MAVIS_LONG'] === '1') expect([language, await axeFindings(page)]).toEqual([language, []]);
  }
  await page.evaluate(() => window.harness.patch('settings', ['language'], 'en'));
  await cell('RDP', 7995).selectOption('2nd');
  await expect(dialog.getByRole('alert')).toHaveCount(0);
  await dialog.getByLabel('Sessions may run over port 443').uncheck();
  await save.click();
  await expect(dialog).toHaveCount(0);
  expect(await calls(page, 'service.gatewayUpdate')).toEqual([{ params: { gatewayId: expect.any(String) }, query: {}, body: { portPreference: { ssh: [[7993, 7994], [7995]], sftp: [[7993], [7994, 7995]], rdp: [[7995]], vnc: [[7995], [7993, 7994]] }, over443: false } }]);
  expect(faults.list).toEqual([]);
});
