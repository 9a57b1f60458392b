import { expect, test } from '@playwright/test';
import { calls, openMain } from './open-page.ts';

test('the keyboard alone finds, marks, looks at and connects to a resource', async ({ page }) => {
  const faults = await openMain(page);
  await expect(page.getByRole('gridcell').first()).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('osaka db');
  const first = page.getByRole('gridcell').first();
  await expect(first).toContainText('osaka-db');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('grid')).toBeFocused();
  await page.keyboard.press('ArrowDown');
  const second = page.getByRole('gridcell').nth(1);
  await expect(second).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('f');
  await expect(second.getByRole('button', { name: /Remove .* from favourites/ })).toBeVisible();
  await page.keyboard.press('Space');
  await expect(page.getByRole('complementary')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary')).toBeHidden();
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'sessions.connect')).toEqual([{ resourceId: expect.any(String), protocol: 'ssh' }]);
  expect(faults.list).toEqual([]);
});

test('S13: a segment without an available Gateway shows before Connect, by icon and word, and says who must act', async ({ page }) => {
  await openMain(page);
  await page.getByRole('searchbox').fill('tag:gateway-aws');
  const first = page.getByRole('gridcell').first();
  await expect(first).toContainText('No Gateway available');
  await first.click();
  await expect(page.getByRole('complementary')).toContainText('Gateway administrator');
  await expect(page.getByRole('contentinfo')).toContainText('2 of 5 Gateway segments unavailable');
});

test('a tag’s chip adds it to the filter and takes it out again', async ({ page }) => {
  await openMain(page);
  await page.getByRole('button', { name: /gateway-tokyo/, pressed: false }).click();
  await expect(page.getByRole('searchbox')).toHaveValue('tag:gateway-tokyo');
  await page.getByRole('button', { name: /gateway-tokyo/, pressed: true }).click();
  await expect(page.getByRole('searchbox')).toHaveValue('');
});

test('a filter that cannot be read says where, and leaves what was found', async ({ page }) => {
  await openMain(page);
  await page.getByRole('searchbox').fill('tokyo');
  await expect(page.getByRole('gridcell').first()).toContainText('tokyo');
  await page.getByRole('searchbox').fill('tokyo "db');
  await expect(page.getByText('A quotation mark is not closed (at 7).')).toBeVisible();
  await expect(page.getByRole('gridcell').first()).toContainText('tokyo');
});

test('a protocol that this version cannot open is shown, says so, and does nothing', async ({ page }) => {
  await openMain(page);
  const sftp = page.getByRole('button', { name: 'This version does not open SFTP yet' }).first();
  await expect(sftp).toHaveAttribute('aria-disabled', 'true');
  await sftp.click({ force: true });
  expect(await calls(page, 'sessions.connect')).toEqual([]);
});

test('100,000 resources: a keystroke is painted within 50 ms (p95), and only what is seen is in the document', async ({ page }) => {
  await openMain(page, { resources: '100000' });
  await expect(page.getByText('100,000 resources')).toBeVisible({ timeout: 20_000 });
  await page.evaluate(() => {
    const painted: number[] = [];
    Object.assign(window, { painted });
    const search = document.querySelector('input[type="search"]');
    const list = document.querySelector('.page');
    if (!search || !list) throw new Error('no search field');
    search.addEventListener('input', (event) => {
      const pressedAt = event.timeStamp;
      // The first change of the count or of the rows after the letter is the answer to it.
      const observer = new MutationObserver((changes) => {
        if (!changes.some(({ target }) => target instanceof Node && (target.parentElement?.closest('.resources-count, .resources-scroll, .resources-nothing') ?? target.parentElement === list))) return;
        observer.disconnect();
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.addEventListener('message', () => painted.push(performance.now() - pressedAt), { once: true });
          port1.start();
          port2.postMessage(null);
        });
      });
      observer.observe(list, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['id'] });
    }, true);
  });
  const search = page.getByRole('searchbox');
  for (const words of ['tokyo-db-0', 'osaka web', 'tag:gateway-aws os:linux -tag:env:test', 'kaohsiung mail']) {
    await search.fill('');
    await search.focus();
    await page.keyboard.type(words, { delay: 90 });
    await page.waitForFunction((length) => Reflect.get(window, 'painted').length >= length, 5);
  }
  const times = (await page.evaluate(() => Reflect.get(window, 'painted') as number[])).toSorted((a, b) => a - b);
  const queries = (await page.evaluate(() => window.harness.queryMs)).toSorted((a, b) => a - b);
  const at = (list: readonly number[], part: number) => list[Math.floor(list.length * part)] ?? Number.NaN;
  console.log(`keystroke to paint, 100,000 resources: n=${times.length} p50=${at(times, 0.5).toFixed(1)} ms p95=${at(times, 0.95).toFixed(1)} ms; question alone p50=${at(queries, 0.5).toFixed(1)} p95=${at(queries, 0.95).toFixed(1)} ms`);
  expect(times.length).toBeGreaterThan(40);
  expect(at(times, 0.5)).toBeLessThan(50);
  expect(await page.getByRole('gridcell').count()).toBeLessThan(60);
});
