import { expect, test } from '@playwright/test';
import { calls, openMain, openPage, openSession } from './open-page.ts';

test('rule 21: the window shows for as long as the session lasts what the target may reach, how often it did, and by keyboard what that means', async ({ page }) => {
  const faults = await openSession(page, 'forwarding');
  const agent = page.getByRole('button', { name: 'SSH agent forwarded' });
  await expect(agent).toContainText('3 signatures');
  await agent.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'SSH agent forwarded' });
  await expect(dialog).toContainText('It connected to the agent 5 times and asked for 3 signatures');
  await expect(dialog).toContainText('ssh-add -c');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(agent).toBeFocused();
  expect(faults.list).toEqual([]);
});

test('what could not be forwarded says why and what to do', async ({ page }) => {
  await openSession(page, 'forwarding');
  await page.getByRole('button', { name: 'X11 not forwarded' }).click();
  const dialog = page.getByRole('dialog', { name: 'X11 not forwarded' });
  await expect(dialog.getByRole('alert')).toHaveText('No X server was reached on this computer, so no windows can be shown.');
  await expect(dialog).toContainText('Start an X server');
});

test('a session that forwards nothing has no mark', async ({ page }) => {
  await openSession(page, 'connected');
  await expect(page.getByRole('contentinfo')).toContainText('Recorded');
  await expect(page.locator('.forwarding-mark')).toHaveCount(0);
});

test('both are off until the user switches them on, by keyboard alone', async ({ page }) => {
  await openMain(page);
  await openPage(page, (await page.getByRole('navigation').getByRole('button').allTextContents()).findIndex((name) => name.includes('Settings')));
  const agent = page.getByRole('checkbox', { name: 'Forward my SSH agent' });
  await expect(agent).not.toBeChecked();
  await agent.focus();
  await page.keyboard.press('Space');
  await expect.poll(() => calls(page, 'settings.update')).toEqual([{ changes: { forwardAgent: true } }]);
  const x11 = page.getByRole('radiogroup', { name: 'Show windows of the target here (X11)' });
  await expect(x11.getByRole('radio', { name: 'Off' })).toBeChecked();
  await x11.getByRole('radio', { name: 'Off' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(async () => (await calls(page, 'settings.update')).at(-1)).toEqual({ changes: { forwardX11: 'restricted' } });
});
