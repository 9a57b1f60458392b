import { expect, test } from '@playwright/test';
import { calls, openMain, openPage } from './open-page.ts';

/** Lists follow the service by themselves, whatever answer comes when, and whatever fails once. */

const RECORDINGS = 2;

test('S58: of two changes that follow one another the newer state stays, however late the older answer comes', async ({ page }) => {
  await openMain(page);
  await openPage(page, RECORDINGS);
  const asked = () => calls(page, 'service.recordingList');
  const pulled = page.getByRole('button', { name: /^Play tokyo-db-00009/ }).nth(1);
  await expect(pulled).toHaveAttribute('aria-disabled', 'true');
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
    window.harness.patch('changes', ['recordings'], 1);
  });
  await expect.poll(asked).toHaveLength(2);
  // The second change comes while the answer to the first is on its way, and would be answered at once.
  await page.evaluate(async () => {
    window.harness.held = Promise.resolve();
    window.harness.pulled = true;
    window.harness.patch('changes', ['recordings'], 2);
    for (let frames = 0; frames < 3; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
  expect(await asked()).toHaveLength(2);
  await page.evaluate(() => window.dispatchEvent(new Event('answer')));
  await expect(pulled).toHaveAttribute('aria-disabled', 'false');
  expect(await asked()).toHaveLength(3);
});

test('S12: a list that the service was too slow for says so, and is there as soon as the service answers, without a press', async ({ page }) => {
  await openMain(page);
  await page.evaluate(() => void (window.harness.refusing = 'service.time-out'));
  await openPage(page, RECORDINGS);
  await expect(page.getByRole('alert')).toContainText('mavis.nishi.example');
  await page.evaluate(() => void (window.harness.refusing = null));
  await expect(page.getByRole('button', { name: /^Play tokyo-db-00009/ }).first()).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a letter of a search is one question, also after a change', async ({ page }) => {
  await openMain(page);
  await openPage(page, RECORDINGS);
  const asked = () => calls(page, 'service.recordingList');
  await expect.poll(asked).toHaveLength(1);
  await page.evaluate(() => window.harness.patch('changes', ['recordings'], 1));
  await expect.poll(asked).toHaveLength(2);
  await page.getByRole('searchbox').fill('taipei');
  await expect(page.getByRole('button', { name: /^Play tokyo-db-00009/ })).toHaveCount(0);
  expect(await asked()).toHaveLength(3);
});
