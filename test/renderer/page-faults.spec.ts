import { expect, test } from '@playwright/test';
import { calls, openMain, openPage } from './open-page.ts';

test('a part of a page that stops is told of to the app’s log under the reference that its user sees, and so is what nothing caught; by kind and place, without words', async ({ page }) => {
  await openMain(page);
  await page.evaluate(() => void setTimeout(() => {
    throw new RangeError('CANARY');
  }));
  await expect.poll(() => calls(page, 'app.reportFault')).toMatchObject([{ reference: null, name: 'RangeError' }]);
  // What the page of settings asks of each text: it breaks as it is drawn.
  await page.evaluate(() => void Reflect.set(String.prototype, 'normalize', () => {
    throw new TypeError('CANARY');
  }));
  await openPage(page, 10);
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('This part of the window stopped working.');
  const reference = await alert.getByText(/^MV-/).textContent();
  await expect.poll(() => calls(page, 'app.reportFault')).toMatchObject([{}, { reference, name: 'TypeError', frames: expect.stringMatching(/^ +at [^]*main-window[^]*\.js:\d/) }]);
  expect(JSON.stringify(await calls(page, 'app.reportFault'))).not.toMatch(/CANARY|Cannot/);
});
