import { expect, type Page, test } from '@playwright/test';
import { calls, openSession, SESSION_ID } from './open-page.ts';

const tools = (page: Page) => page.getByRole('toolbar', { name: 'Desktop tools' });

for (const [protocol, scene] of [['VNC', 'desktop-vnc'], ['RDP', 'desktop-rdp']] as const) {
  test(`S20: the window of ${protocol} has the tools of every desktop, and says way, recording, latency, frame rate and whether the target leg is encrypted`, async ({ page }) => {
    const faults = await openSession(page, scene);
    const state = page.getByLabel('State of the session');
    for (const said of ['tokyo-gw-1', 'gateway-tokyo', 'Recorded', '23', '0 fps']) await expect(state).toContainText(said);
    await expect(state.getByText('Target leg unencrypted')).toHaveCount(protocol === 'VNC' ? 1 : 0);
    await expect(tools(page).getByRole('button', { name: 'Send clipboard' })).toHaveAttribute('aria-disabled', 'false');
    // Nothing was copied on the target yet.
    await expect(tools(page).getByRole('button', { name: 'Take clipboard' })).toHaveAttribute('aria-disabled', 'true');
    await expect(tools(page).getByRole('button', { name: /(Send|Take) files/ })).toHaveCount(protocol === 'RDP' ? 2 : 0);
    await expect(tools(page).getByLabel('Picture quality')).toHaveValue('exact');
    await tools(page).getByLabel('Picture quality').selectOption('low');
    await tools(page).getByLabel('Size of the picture').selectOption('actual');
    await expect(page.getByRole('application')).toHaveAttribute('data-scaling', 'actual');
    await tools(page).getByRole('button', { name: 'Full screen' }).click();
    await expect.poll(() => calls(page, 'sessions.toggleFullScreen')).toEqual([{ sessionId: SESSION_ID }]);
    await tools(page).getByRole('button', { name: 'View only' }).click();
    await expect(tools(page).getByRole('button', { name: 'Keys' })).toHaveAttribute('aria-disabled', 'true');
    await expect(state.getByText('View only')).toBeVisible();
    expect(faults.list).toEqual([]);
  });
}

test('a desktop is connected anew in place: its session ends, and only then another one begins', async ({ page }) => {
  await openSession(page, 'desktop-vnc');
  await tools(page).getByRole('button', { name: 'Reconnect' }).click();
  await expect.poll(() => calls(page, 'sessions.end')).toHaveLength(1);
  await expect.poll(() => calls(page, 'sessions.retry')).toEqual([{ sessionId: SESSION_ID }]);
});

test('S24: who may only look has tools that say so and do nothing', async ({ page }) => {
  await openSession(page, 'desktop-vnc-look');
  for (const name of ['Keys', 'Send clipboard', 'Take clipboard', 'View only']) await expect(tools(page).getByRole('button', { name })).toHaveAttribute('aria-disabled', 'true');
  await expect(tools(page).getByRole('button', { name: 'View only' })).toHaveAttribute('title', 'The access rule allows looking only');
  await tools(page).getByRole('button', { name: 'Send clipboard' }).dispatchEvent('click');
  expect(await calls(page, 'app.readClipboardText')).toEqual([]);
  await expect(page.getByLabel('State of the session').getByText('View only')).toBeVisible();
});

test('S24: a rule\u2019s watermark with user and time lies over a desktop, and takes no press from it', async ({ page }) => {
  await openSession(page, 'desktop-rdp');
  const watermark = page.locator('.watermark');
  await expect(watermark.locator('span').first()).toContainText(/y\.tanaka · .*\d/);
  await expect(watermark).toHaveCSS('pointer-events', 'none');
  await page.getByRole('application').click({ position: { x: 200, y: 200 } });
});

test('the head of a desktop\u2019s window fits in three languages, down to the least width', async ({ page }) => {
  test.setTimeout(240_000);
  for (const scene of ['desktop-vnc', 'desktop-rdp', 'desktop-rdp-watching']) {
    await openSession(page, scene);
    for (const width of [1280, 1000, 640, 480]) {
      await page.setViewportSize({ width, height: 600 });
      for (const language of ['en', 'ja', 'zh-Hant']) {
        await page.evaluate((shown) => window.harness.patch('settings', ['language'], shown), language);
        await expect(page.locator(`html[lang="${language}"]`)).toBeAttached();
        const outside = () => page.locator('.session-head :is(button, select, .badge)').evaluateAll((all) => all.filter((one) => {
          const { left, right, top, bottom, height } = one.getBoundingClientRect();
          const head = one.closest('.session-head')?.getBoundingClientRect();
          // A word that is broken over lines makes its button higher than the others.
          return head === undefined || left < 0 || right > window.innerWidth || top < head.top || bottom > head.bottom + 0.5 || height > 34;
        }).map((one) => one.textContent));
        await expect.poll(outside, { message: `${scene} ${language} ${width}` }).toEqual([]);
        // Numbers of the bar below are read whole.
        const cut = () => page.locator('.status-facts > .status-fact, .status-facts ~ .status-fact').evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent));
        await expect.poll(cut, { message: `bar of ${scene} ${language} ${width}` }).toEqual([]);
      }
    }
  }
});
