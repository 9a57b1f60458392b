import { expect, type Page, test } from '@playwright/test';
import { calls, openMain, openSession, output, SESSION_ID } from './open-page.ts';
import { madeSession } from './page-harness/made-data.ts';

const FOREIGN_ID = '77777777-7777-4777-8777-777777777777';

/** From here on the page's time goes by only as the test says, however slow the machine is. */
async function stopClock(page: Page): Promise<void> {
  await page.clock.pauseAt(new Date(Date.parse('2026-11-27T09:00:00.000Z') + 3_600_000));
}

/** So long goes by for the page, and it is drawn anew: its drawing comes in tasks after the timers. */
async function pass(page: Page, milliseconds: number): Promise<void> {
  await page.clock.runFor(milliseconds);
  for (let round = 0; round < 3; round += 1) {
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.addEventListener('message', () => resolve());
          port1.start();
          port2.postMessage(null);
        }),
    );
  }
}

const patchSession = (page: Page, id: string, path: string[], value: unknown) => page.evaluate((given) => window.harness.patch('sessions', ['items', given.id, ...given.path], given.value), { id, path, value });

test.beforeEach(({ page }) => page.clock.install({ time: '2026-11-27T09:00:00.000Z' }));

for (const [scene, button] of [['exited', 'Reconnect'], ['failed', 'Try again']] as const) {
  test(`whoever types while a session goes (${scene}) begins no new one with the next Enter, nor with one that is held`, async ({ page }) => {
    const phase = madeSession(scene).phase;
    await openSession(page, 'connected');
    await output(page, '$ ');
    await page.locator('.xterm-helper-textarea').focus();
    await stopClock(page);
    await page.keyboard.down('Enter');
    await patchSession(page, SESSION_ID, ['phase'], phase);
    await expect(page.getByRole('button', { name: button })).toBeFocused();
    // The key is still down: the keyboard repeats it.
    await page.keyboard.down('Enter');
    await pass(page, 600);
    await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    expect(await calls(page, 'sessions.retry')).toEqual([]);
    // A word and its Enter, typed at leisure.
    for (const key of ['l', 's', 'Enter', 'Space', 'p', 'Enter']) {
      await page.keyboard.press(key);
      await pass(page, 300);
    }
    expect(await calls(page, 'sessions.retry')).toEqual([]);
    await pass(page, 600);
    await page.keyboard.press('Enter');
    await expect.poll(() => calls(page, 'sessions.retry')).toEqual([{ sessionId: SESSION_ID }]);
  });
}

test('a question of a target that comes over what is being typed takes no key of it, nor does the next target’s; each names its resource', async ({ page }) => {
  await openMain(page);
  const asking = (number: number, resource: string) => ({ ...madeSession('prompt', number, resource), foreignClientId: FOREIGN_ID });
  const [first, second] = [asking(0x501, 'tokyo-db-00009'), asking(0x502, 'aws-web-00005')];
  await page.getByRole('searchbox').or(page.getByRole('combobox')).first().focus();
  await stopClock(page);
  await patchSession(page, first.id, [], first);
  const dialog = (resource: string) => page.getByRole('dialog', { name: `Sign-on to ${resource} for your own program` });
  await expect(dialog('tokyo-db-00009')).toBeVisible();
  await page.keyboard.type('web');
  await page.keyboard.press('Enter');
  expect(await calls(page, 'sessions.answerPrompt')).toEqual([]);
  await expect(dialog('tokyo-db-00009').locator('input').first()).toHaveValue('');
  await pass(page, 600);
  await page.keyboard.type('111');
  await expect(dialog('tokyo-db-00009').locator('input').first()).toHaveValue('111');

  // Its time is over; another program's comes.
  await patchSession(page, second.id, [], second);
  await patchSession(page, first.id, ['phase'], madeSession('failed').phase);
  await expect(dialog('aws-web-00005')).toBeVisible();
  await expect(dialog('tokyo-db-00009')).toHaveCount(0);
  await page.keyboard.type('11');
  await page.keyboard.press('Enter');
  expect(await calls(page, 'sessions.answerPrompt')).toEqual([]);
  await expect(dialog('aws-web-00005').locator('input').first()).toHaveValue('');
  await pass(page, 600);
  await page.keyboard.type('222');
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'sessions.answerPrompt')).toMatchObject([{ sessionId: second.id, answers: ['222', ''] }]);
});

test('the proxy’s question takes no key that was meant for what it came over', async ({ page }) => {
  await openMain(page, { proxy: 'asks' });
  await stopClock(page);
  const dialog = page.getByRole('dialog');
  await page.evaluate((id) => window.harness.patch('network', ['proxyQuestion'], { id, proxy: 'other.example:3128', refused: false, canKeep: true }), '00000000-0000-4000-8000-0000000000bb');
  await expect(dialog).toContainText('other.example:3128');
  await page.keyboard.type('tokyo');
  await page.keyboard.press('Enter');
  await expect(dialog.locator('input').first()).toHaveValue('');
  await expect(dialog.getByRole('alert')).toHaveCount(0);
  await pass(page, 600);
  await page.keyboard.type('k.lin');
  await expect(dialog.locator('input').first()).toHaveValue('k.lin');
});

test('rule 15: a second press on the first step of a new key does not go over the comparison, for a Gateway’s or the service’s', async ({ page }) => {
  await openMain(page);
  await page.getByRole('navigation').getByRole('button', { name: 'Gateways' }).click();
  await page.getByRole('button', { name: 'aws-gw-1' }).click();
  await page.getByRole('complementary').getByRole('button', { name: 'Rotate key' }).click();
  const button = (name: string) => page.getByRole('dialog').getByRole('button', { name });
  const [begin, change] = [button('Make a new key'), button('Switch to the next key')];
  await expect(begin).toHaveAttribute('aria-disabled', 'false');
  await stopClock(page);
  await begin.click();
  await expect(change).toBeVisible();
  await change.dispatchEvent('click');
  expect(await calls(page, 'service.gatewaySwitchKey')).toEqual([]);
  await pass(page, 600);
  await change.click();
  await expect.poll(() => calls(page, 'service.gatewaySwitchKey')).toHaveLength(1);

  const panel = page.getByRole('region', { name: 'Key of the central service' });
  await page.locator('summary', { hasText: 'Key of the central service' }).click();
  await panel.getByRole('button', { name: 'Make a new key' }).click();
  await pass(page, 300);
  const next = panel.getByRole('button', { name: 'Switch to the new key' });
  await expect(next).toBeVisible();
  await next.dispatchEvent('click');
  expect(await calls(page, 'service.serviceKeySwitch')).toEqual([]);
  await pass(page, 600);
  await next.click();
  await expect.poll(() => calls(page, 'service.serviceKeySwitch')).toHaveLength(1);
});
