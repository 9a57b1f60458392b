import { expect, type Page, test } from '@playwright/test';
import { calls, openMain, type PageFaults } from './open-page.ts';

/** A resource that speaks VNC as well. */
const WITH_DESKTOP = '00005';
/** A Windows server. */
const WINDOWS = 'tokyo-files-00040';

/** Opens the details of the first resource that a search finds, which speaks SSH, and goes to its section by keyboard. */
async function openDetails(page: Page, query: Readonly<Record<string, string>> = {}, search = ''): Promise<PageFaults> {
  const faults = await openMain(page, query);
  await page.getByRole('searchbox').first().fill(search);
  await page.getByRole('gridcell', { name: search }).first().waitFor();
  await page.getByRole('grid').focus();
  await page.keyboard.press('Space');
  await expect(page.getByRole('complementary')).toBeVisible();
  return faults;
}

test('rule 30: a port for own programs is opened by keyboard; the command of each is copied whole, the password is shown this once', async ({ page }) => {
  const faults = await openDetails(page);
  const section = page.getByRole('region', { name: 'Own programs' });
  await section.getByRole('button', { name: 'Open a port for own programs' }).focus();
  await page.keyboard.press('Enter');
  await expect(section.getByRole('status').first()).toContainText('Waiting for a program');
  await expect(section).toContainText('7Q2KM-4HZXT-9WPB3-CJ5RD-8NVE6');
  await section.getByRole('button', { name: 'Copy the one-time password' }).press('Enter');
  await section.getByRole('button', { name: 'Copy the command for rsync' }).press('Enter');
  await expect.poll(() => calls(page, 'app.copyText')).toEqual([{ text: '7Q2KM-4HZXT-9WPB3-CJ5RD-8NVE6' }, { text: expect.stringMatching(/^rsync -e 'ssh -p 40123 /) }]);
  // Another look at the same resource shows the port, and the password no more.
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary')).toBeHidden();
  await page.keyboard.press('Space');
  await expect(section).toContainText('was shown once');
  await expect(section).not.toContainText('7Q2KM');
  await section.getByRole('button', { name: 'Close the port' }).click();
  await expect(section.getByRole('status').first()).toContainText('Ended');
  expect(faults.list).toEqual([]);
});

test('S20: a port for a VNC viewer is opened where the resource speaks VNC, with the viewer\'s address and a password of eight letters', async ({ page }) => {
  const faults = await openDetails(page, {}, WITH_DESKTOP);
  const section = page.getByRole('region', { name: 'Own programs' });
  await section.getByRole('button', { name: 'Open a port for a VNC viewer' }).press('Enter');
  await expect(section.getByRole('status').first()).toContainText('Waiting for a program');
  await expect(section).toContainText('7Q2KM4HZ');
  await section.getByRole('button', { name: 'Copy the command for vncviewer' }).press('Enter');
  await expect.poll(() => calls(page, 'app.copyText')).toEqual([{ text: 'vncviewer 127.0.0.1::40123' }]);
  expect(faults.list).toEqual([]);
});

test('S20: a port for an RDP client is opened where the resource speaks RDP, and its password is shown nowhere: a file holds it', async ({ page }) => {
  const faults = await openDetails(page, {}, WINDOWS);
  const section = page.getByRole('region', { name: 'Own programs' });
  await section.getByRole('button', { name: 'Open a port for an RDP client' }).press('Enter');
  await expect(section.getByRole('status').first()).toContainText('Waiting for a program');
  await expect(section).toContainText('holds a one-time password');
  await expect(section.getByRole('button', { name: 'Copy the one-time password' })).toHaveCount(0);
  await section.getByRole('button', { name: 'Copy the command for xfreerdp' }).press('Enter');
  await expect.poll(() => calls(page, 'app.copyText')).toEqual([{ text: expect.stringMatching(/^xfreerdp .*\.rdp \/cert:fingerprint:sha256:00:01:/) }]);
  expect(faults.list).toEqual([]);
});

test('states of an own program are told as they change: let in, and guessed at', async ({ page }) => {
  await openDetails(page);
  const section = page.getByRole('region', { name: 'Own programs' });
  await section.getByRole('button', { name: 'Open a port for own programs' }).click();
  const id = '77777777-7777-4777-8777-777777777777';
  await page.evaluate((item) => window.harness.patch('foreignClients', ['items', item, 'phase'], { status: 'connected', since: new Date().toISOString() }), id);
  await expect(section.getByRole('status').first()).toContainText('A program is connected');
  await expect(section).not.toContainText('7Q2KM');
  await page.evaluate((item) => window.harness.patch('foreignClients', ['items', item, 'phase'], { status: 'ended', at: new Date().toISOString(), error: { code: 'client.foreign-guessed', args: { count: 10 }, reference: null } }), id);
  await expect(section.getByRole('alert')).toContainText('A wrong one-time password was tried 10 times');
  await section.getByRole('button', { name: 'Remove from the list' }).click();
  await expect.poll(() => calls(page, 'foreignClients.end')).toEqual([{ foreignClientId: id }]);
});

test('a rule that lets no own programs in is told with who must act', async ({ page }) => {
  await openDetails(page, { scene: 'foreign-refused' });
  const section = page.getByRole('region', { name: 'Own programs' });
  await section.getByRole('button', { name: 'Open a port for own programs' }).click();
  await expect(section.getByRole('alert')).toContainText('does not let programs of your own in');
  await expect(section.getByRole('alert')).toContainText('Helpdesk');
});

for (const language of ['en', 'ja', 'zh-Hant'] as const) {
  test(`own programs read well in ${language}`, async ({ page }, info) => {
    await openDetails(page, { language }, WITH_DESKTOP);
    const details = page.getByRole('complementary');
    await details.locator('.foreign > .button').last().click();
    await expect(details.locator('.foreign-secret')).toBeVisible();
    await info.attach(`own-programs-${language}`, { body: await page.screenshot(), contentType: 'image/png' });
    await expect.poll(() => details.locator('.foreign').evaluate((section) => section.scrollWidth <= section.clientWidth)).toBe(true);
  });

  test(`a port for an RDP client reads well in ${language}`, async ({ page }, info) => {
    await openDetails(page, { language }, WINDOWS);
    const section = page.getByRole('complementary').locator('.foreign');
    await section.locator('> .button').last().click();
    await expect(section.locator('.foreign-commands')).toBeVisible();
    await section.scrollIntoViewIfNeeded();
    await page.screenshot({ path: info.outputPath(`own-rdp-${language}.png`) });
    await expect.poll(() => section.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
  });
}
