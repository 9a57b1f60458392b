import { expect, type Page, test } from '@playwright/test';
import { calls, openDiagnosis, openMain, openSession, SESSION_ID } from './open-page.ts';

const openDiagnostics = async (page: Page, query: Record<string, string> = {}) => {
  const faults = await openMain(page, query);
  await page.getByRole('navigation').getByRole('button', { name: 'Diagnostics', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Diagnostics', exact: true })).toBeVisible();
  return faults;
};

test('S43-S46, S64, S66: causes with leg and actor, most likely first; the commands that open the ports can be chosen and copied, with the advice to open all of them first', async ({ page }) => {
  const faults = await openDiagnostics(page);
  const causes = page.getByRole('listitem').filter({ has: page.getByRole('heading', { level: 3 }) });
  await expect(causes).toHaveCount(2);
  await expect(causes.first()).toContainText('Most likely');
  await expect(causes.first()).toContainText('MB are left on the disk');
  const ports = causes.filter({ hasText: 'gw-osaka-1' });
  await expect(ports).toContainText('Your IT');
  await expect(ports).toContainText('This computer to the Gateway');
  await ports.getByText('Commands to open the ports').click();
  await expect(ports.getByText(/Not sure which ports are needed\? Open TCP 443 and 7993-7995 first, all of them, confirm that everything works, then close/)).toBeVisible();
  await ports.getByRole('combobox', { name: 'Tool' }).selectOption('netsh');
  await ports.getByRole('button', { name: 'Copy' }).click();
  await expect(ports.getByRole('button', { name: 'Copied' })).toBeVisible();
  await expect.poll(() => calls(page, 'app.copyText')).toEqual([{ text: 'netsh advfirewall firewall add rule name="MAVIS" dir=in action=allow protocol=TCP localport=7993-7995' }]);
  expect(faults.list).toEqual([]);
});

test('one row a Gateway, one column a check; by keyboard a cell opens to what was tried, and is run again alone', async ({ page }) => {
  await openDiagnostics(page);
  const table = page.getByRole('table', { name: 'Gateways' });
  await expect(table.getByRole('row')).toHaveCount(3);
  // It stands in its whole height: a table that scrolls by itself must not be squeezed by what is below it.
  await expect.poll(async () => (await page.getByRole('region', { name: 'Gateways' }).boundingBox())?.height).toBeGreaterThan(100);
  await expect(table.getByRole('columnheader')).toHaveText(['Gateway', 'Port 443', 'Port 7993', 'Port 7994', 'Port 7995', 'Answer', 'Round trip', 'Throughput', 'Synchronisation']);
  await expect(table.getByRole('img', { name: /Round trips to gw-tokyo-1/ })).toBeVisible();
  await expect(table.getByRole('button', { name: 'Round trip, gw-tokyo-1: 4 ms ± 1 ms (best 4 ms, median 4 ms, jitter 1 ms). Show what was tried' })).toHaveText('4 ms ± 1 ms');
  await expect(table.getByRole('button', { name: 'Throughput, gw-tokyo-1: ↓ 90 Mb/s ↑ 21 Mb/s (90 Mb/s from the Gateway, 21 Mb/s to it). Show what was tried' })).toHaveText('↓ 90 Mb/s ↑ 21 Mb/s');
  const cell = table.getByRole('button', { name: /Port 7994, gw-osaka-1: no answer/ });
  await cell.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'What was tried: Port 7994 · gw-osaka-1' })).toBeFocused();
  await expect(page.getByRole('cell', { name: 'ETIMEDOUT' })).toBeVisible();
  await expect(page.getByRole('cell', { name: 'gw.nishi.example:7993' })).toBeVisible();
  await page.getByRole('button', { name: 'Run this check again' }).press('Enter');
  await expect.poll(() => calls(page, 'diagnostics.runOne')).toEqual([{ id: 'port 00000000-0000-4000-8000-000000000072 7994' }]);
});

test('an opened cell says what was seen too: the state of a Gateway with its reason, how old it is, and what it was before', async ({ page }) => {
  await openDiagnostics(page);
  await page.getByRole('button', { name: /Synchronisation, gw-tokyo-1/ }).press('Enter');
  const seen = page.getByLabel('What was seen');
  await expect(seen).toContainText('6 seconds ago (asked every 15 seconds, and twice more after a failure)');
  await expect(seen.getByRole('definition')).toHaveText(['Available', /6 seconds ago/, 'Available', /^Unavailable: The Gateway “gw-tokyo-1” did not answer/]);
});

test('all well says so; nothing yet begins by itself; what runs tells how far it is', async ({ page }) => {
  await openDiagnostics(page, { scene: 'diagnostics-good' });
  await expect(page.getByText('Nothing is wrong.')).toBeVisible();
  expect(await calls(page, 'diagnostics.run')).toEqual([]);
  await openDiagnostics(page, { scene: 'diagnostics-empty' });
  await expect(page.getByText('Nothing has been checked yet.')).toBeVisible();
  await expect.poll(() => calls(page, 'diagnostics.run')).toEqual([{}]);
  await openDiagnostics(page, { scene: 'diagnostics-running' });
  await expect(page.getByText('18 of 21 checks done')).toBeVisible();
});

test('what changed since it last worked stands below the causes, and opens to what was tried; the last runs say since when', async ({ page }) => {
  const faults = await openDiagnostics(page);
  const changes = page.getByRole('region', { name: /^What changed since it last worked/ });
  await expect(changes.getByRole('row')).toHaveCount(3);
  await changes.getByRole('button', { name: 'failed (no answer)' }).press('Enter');
  await expect(page.getByRole('heading', { name: 'What was tried: Port 7994 · gw-osaka-1' })).toBeFocused();
  const runs = page.getByRole('region', { name: 'Last runs' });
  await expect(runs.getByRole('row')).toHaveCount(3);
  await expect(runs.getByRole('row').last()).toContainText('Nothing is wrong');
  expect(faults.list).toEqual([]);
});

test('repeating every 15 seconds is told to main, and ends with the page', async ({ page }) => {
  await openDiagnostics(page);
  await page.getByRole('checkbox', { name: 'Repeat every 15 seconds' }).check();
  await page.getByRole('navigation').getByRole('button', { name: 'Resources' }).click();
  await expect.poll(() => calls(page, 'diagnostics.watch')).toEqual([{ on: true }, { on: false }]);
});

test('the report is shown as it would leave before it does; addresses go where asked; saved and copied', async ({ page }) => {
  await openDiagnostics(page);
  await page.getByRole('button', { name: 'Report…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Report to hand over' });
  await expect(dialog).toContainText('https://mavis.nishi.example');
  await dialog.getByRole('checkbox', { name: 'Take addresses out as well' }).check();
  await expect(dialog).toContainText('https://[address 1]');
  await dialog.getByRole('button', { name: 'Save to read' }).click();
  await expect(dialog.getByText('Saved.')).toBeVisible();
  await expect.poll(() => calls(page, 'diagnostics.saveReport')).toEqual([{ format: 'html', hideAddresses: true }]);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Report…' })).toBeFocused();
});

test('a report that still holds its addresses is not copied in place of the one without them', async ({ page }) => {
  await openDiagnostics(page);
  await page.getByRole('button', { name: 'Report…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Report to hand over' });
  const copy = dialog.getByRole('button', { name: 'Copy as text' });
  await expect(dialog).toContainText('https://mavis.nishi.example');
  await expect(copy).toHaveAttribute('aria-disabled', 'false');
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  await dialog.getByRole('checkbox', { name: 'Take addresses out as well' }).check();
  await copy.click({ force: true });
  await expect(dialog).not.toContainText('https://mavis.nishi.example');
  await page.evaluate(() => window.dispatchEvent(new Event('answer')));
  await copy.click();
  await expect.poll(() => calls(page, 'app.copyText')).toEqual([{ text: expect.stringContaining('https://[address 1]') }]);
});

test('a report is sent to the helpdesk after it was read, as it was read, and gives the reference to tell; what the service refuses is said', async ({ page }) => {
  await openDiagnostics(page);
  await page.getByRole('button', { name: 'Report…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Report to hand over' });
  await dialog.getByRole('checkbox', { name: 'Take addresses out as well' }).check();
  await expect(dialog).toContainText('https://[address 1]');
  await dialog.getByRole('button', { name: 'Send to the helpdesk' }).press('Enter');
  await expect(dialog.getByRole('button', { name: 'MV-YPN0X-QHEYA' })).toBeVisible();
  await expect.poll(() => calls(page, 'diagnostics.sendReport')).toEqual([{ hideAddresses: true }]);
  await openDiagnostics(page, { scene: 'diagnostics-unsent' });
  await page.getByRole('button', { name: 'Report…' }).click();
  await dialog.getByRole('button', { name: 'Send to the helpdesk' }).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await expect(dialog.getByText('Sent. Tell the helpdesk')).toHaveCount(0);
});

test('operators see the reports sent, each beside what its user did; by keyboard there and back', async ({ page }) => {
  const faults = await openDiagnostics(page);
  await page.getByRole('button', { name: 'Reports sent' }).press('Enter');
  await page.getByRole('button', { name: 'ports-dropped, disk-full' }).press('Enter');
  const details = page.getByRole('complementary', { name: 'MV-YPN0X-QHEYA' });
  await expect(details).toContainText('A firewall drops what this computer sends');
  await expect(details.getByRole('listitem')).toHaveCount(4);
  // Side by side, and large enough to be read, however many entries there are.
  await details.getByRole('list').evaluate((list) => list.append(...Array.from({ length: 60 }, () => list.firstElementChild?.cloneNode(true) ?? '')));
  await expect.poll(async () => (await details.getByLabel('Report to hand over').boundingBox())?.width).toBeGreaterThan(250);
  await expect.poll(() => details.getByLabel('Report to hand over').evaluate((report) => report.scrollHeight - report.clientHeight)).toBe(0);
  await page.getByRole('button', { name: 'Back to diagnostics' }).press('Enter');
  await expect(page.getByRole('heading', { name: 'Diagnostics', exact: true })).toBeVisible();
  expect(faults.list).toEqual([]);
});

test('before the sign-in it is a button away, and leads back', async ({ page }) => {
  await openMain(page, { scene: 'sign-in' });
  await page.getByRole('button', { name: 'Diagnostics' }).click();
  await expect(page.getByRole('heading', { name: 'Diagnostics', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Back to sign-in' }).click();
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
});

test('a failed connection asks for a diagnosis window of its own, from its window and from the list of sessions; a resource for one for each protocol', async ({ page }) => {
  await openSession(page, 'failed');
  await page.getByRole('button', { name: 'Diagnose' }).click();
  await expect.poll(() => calls(page, 'diagnostics.ofSession')).toEqual([{ sessionId: SESSION_ID }]);
  await openMain(page);
  await page.getByRole('grid').focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Diagnose SSH' }).click();
  await expect.poll(() => calls(page, 'diagnostics.ofResource')).toMatchObject([{ protocol: 'ssh' }]);
  await page.getByRole('navigation').getByRole('button', { name: /^Sessions/ }).click();
  await page.getByRole('button', { name: 'Diagnose the connection to aws-web-00005' }).click();
  await expect.poll(() => calls(page, 'diagnostics.ofSession')).toHaveLength(1);
});

test('a session that was lost is diagnosed from where it says so; one that ended as it should, or that somebody ended, offers nothing to look for', async ({ page }) => {
  await openSession(page, 'lost');
  await expect(page.getByRole('button', { name: 'Reconnect' })).toBeVisible();
  await page.getByRole('button', { name: 'Diagnose' }).click();
  await expect.poll(() => calls(page, 'diagnostics.ofSession')).toEqual([{ sessionId: SESSION_ID }]);
  for (const scene of ['exited', 'ended']) {
    await openSession(page, scene);
    await expect(page.getByRole('button', { name: 'Reconnect' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Diagnose' })).toHaveCount(0);
  }
});

test('a diagnosis window says of which connection it is, and has the whole panel, also where it is small; by keyboard alone to the cause\'s evidence and to the report', async ({ page }) => {
  const faults = await openDiagnosis(page);
  await expect(page).toHaveTitle('Diagnosis: tokyo-db-00009 (SSH)');
  await expect(page.getByRole('banner')).toContainText('tokyo-db-00009');
  await expect(page.getByRole('button', { name: 'Copy MV-7K3QX-M2P4D' })).toBeVisible();
  await expect(page.getByRole('region', { name: '2 causes found' })).toBeVisible();
  expect(await calls(page, 'diagnostics.run')).toEqual([]);
  for (const name of [/MV-7K3QX-M2P4D/, 'Repeat every 15 seconds', 'Report…', 'Run all checks']) {
    await page.keyboard.press('Tab');
    await expect(page.locator(':focus')).toHaveAccessibleName(name);
  }
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'diagnostics.run')).toEqual([{}]);
  await page.setViewportSize({ width: 480, height: 360 });
  const cell = page.getByRole('button', { name: /Port 7994, gw-osaka-1: no answer/ });
  await cell.focus();
  await expect(cell).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'What was tried: Port 7994 · gw-osaka-1' })).toBeFocused();
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(480);
  // Only the table of Gateways scrolls sideways, by itself.
  await expect.poll(() => page.getByRole('region', { name: 'Diagnostics' }).evaluate((body) => body.scrollWidth - body.clientWidth)).toBe(0);
  await page.keyboard.press('?');
  const shortcuts = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(shortcuts).toContainText('Ctrl+Shift+W');
  await expect(shortcuts).not.toContainText('Ctrl+Shift+V');
  expect(faults.list).toEqual([]);
});
