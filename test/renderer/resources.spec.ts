import { expect, type Page, test } from '@playwright/test';
import { resourceId } from '../../shared/ids.ts';
import { calls, openMain } from './open-page.ts';

/** Searches are answered from now on when `answer` says so. */
const hold = (page: Page) => page.evaluate(() => {
  window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
});
const answer = (page: Page) => page.evaluate(() => window.dispatchEvent(new Event('answer')));
const idOf = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

/** Favourites first, of which osaka-db-00009 becomes one by `joins`: all below it move down by one, as another window or a connection may move them. */
async function openFavouritesFirst(page: Page) {
  await openMain(page);
  await page.getByLabel('Sort by').selectOption({ label: 'Favourites first' });
  const cells = page.getByRole('gridcell');
  await expect(cells.first()).toContainText('kaohsiung-web-00003');
  const joins = async () => {
    await page.evaluate(async (id) => {
      await window.mavis.resources.setFavourite({ resourceId: id, favourite: true });
      window.harness.patch('inventory', ['revision'], 2);
    }, resourceId.parse(idOf(9)));
    await expect(cells.nth(1)).toContainText('osaka-db-00009');
  };
  return { cells, joins };
}

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

test('a key acts on what was typed, however late it is found, and not on the row that still stands there; what is typed further takes it back', async ({ page }) => {
  await openMain(page);
  await expect(page.getByRole('gridcell').first()).toContainText('aws-');
  const search = page.getByRole('searchbox', { name: 'Search resources' });
  await hold(page);
  await search.fill('kaohsiung-web-00003');
  for (const key of ['Enter', 'Enter', 'f']) await page.keyboard.press(key);
  await search.fill('osaka-db-00009');
  for (const key of ['ArrowDown', 'Space']) await page.keyboard.press(key);
  await expect(page.getByRole('gridcell').first()).toContainText('aws-');
  await answer(page);
  await expect(page.getByRole('complementary', { name: 'osaka-db-00009' })).toBeVisible();
  expect([await calls(page, 'sessions.connect'), await calls(page, 'resources.setFavourite')]).toEqual([[], []]);

  await hold(page);
  await search.fill('kaohsiung-web-00003');
  for (const key of ['Enter', 'Enter']) await page.keyboard.press(key);
  expect(await calls(page, 'sessions.connect')).toEqual([]);
  await answer(page);
  await expect.poll(() => calls(page, 'sessions.connect')).toEqual([{ resourceId: '00000000-0000-4000-8000-000000000003', protocol: 'ssh' }]);
});

test('a press waits for what was typed as well, and where that cannot be read only a press acts, on the row that it meets', async ({ page }) => {
  await openMain(page);
  const search = page.getByRole('searchbox', { name: 'Search resources' });
  const first = page.getByRole('gridcell').first();
  await expect(first).toContainText('aws-');
  await hold(page);
  await search.fill('kaohsiung-web-00003');
  await first.getByRole('button', { name: /with SSH$/ }).click();
  await first.getByRole('button', { name: /favourites$/ }).click();
  await first.click({ position: { x: 200, y: 8 } });
  await expect(first).toContainText('aws-');
  await expect(page.getByRole('complementary')).toHaveCount(0);
  await answer(page);
  await expect(first).toContainText('kaohsiung-web-00003');
  // A resource that what was typed finds as well.
  await search.fill('');
  await expect(first).toContainText('aws-');
  const name = (await first.locator('.row-title').textContent()) ?? '';
  await hold(page);
  await search.fill('aws');
  await first.getByRole('button', { name: /with SSH$/ }).click();
  expect(await calls(page, 'sessions.connect')).toEqual([]);
  await answer(page);
  await expect.poll(() => calls(page, 'sessions.connect')).toEqual([{ resourceId: idOf(Number(name.slice(-5))), protocol: 'ssh' }]);
  await page.evaluate(() => void window.harness.calls.splice(0));
  await search.fill('kaohsiung-web-00003');
  await expect(first).toContainText('kaohsiung-web-00003');
  expect([await calls(page, 'sessions.connect'), await calls(page, 'resources.setFavourite')]).toEqual([[], []]);

  await search.fill('kaohsiung-web-00003 "db');
  await expect(page.getByText('A quotation mark is not closed')).toBeVisible();
  for (const key of ['Enter', 'Enter', 'f', 'Space', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  await expect(page.getByRole('grid')).toBeFocused();
  expect([await calls(page, 'sessions.connect'), await calls(page, 'resources.setFavourite')]).toEqual([[], []]);
  await expect(page.getByRole('complementary')).toHaveCount(0);
  await first.getByRole('button', { name: /with SSH$/ }).click();
  await expect.poll(() => calls(page, 'sessions.connect')).toEqual([{ resourceId: idOf(3), protocol: 'ssh' }]);
});

test('the row that was chosen stays chosen where others come above it, and Enter connects to it', async ({ page }) => {
  const { cells, joins } = await openFavouritesFirst(page);
  await page.getByRole('grid').focus();
  for (const key of ['ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
  await expect(cells.nth(2)).toHaveAttribute('aria-selected', 'true');
  const name = (await cells.nth(2).locator('.row-title').textContent()) ?? '';
  await joins();
  await expect(cells.nth(3)).toContainText(name);
  await expect(page.getByRole('gridcell', { selected: true })).toContainText(name);
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'sessions.connect')).toEqual([{ resourceId: idOf(Number(name.slice(-5))), protocol: 'ssh' }]);
});

test('a press that began on one resource ends on no other that takes its place meanwhile', async ({ page }) => {
  const { cells, joins } = await openFavouritesFirst(page);
  const place = await cells.nth(2).getByRole('button', { name: /with SSH$/ }).boundingBox();
  await page.mouse.move((place?.x ?? 0) + 10, (place?.y ?? 0) + 10);
  await page.mouse.down();
  await joins();
  await page.mouse.up();
  await cells.nth(5).click({ position: { x: 200, y: 8 } });
  await expect(page.getByRole('complementary')).toBeVisible();
  expect(await calls(page, 'sessions.connect')).toEqual([]);
});

test('after a button of a row the keys act on the row that is shown as chosen', async ({ page }) => {
  await openMain(page);
  const cells = page.getByRole('gridcell');
  await cells.nth(1).getByRole('button', { name: /^Add .* to favourites$/ }).click();
  await expect(cells.nth(1)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowDown');
  await expect(cells.nth(2)).toHaveAttribute('aria-selected', 'true');
  const name = (await cells.nth(2).locator('.row-title').textContent()) ?? '';
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'sessions.connect')).toEqual([{ resourceId: idOf(Number(name.slice(-5))), protocol: 'ssh' }]);
  expect(await calls(page, 'resources.setFavourite')).toHaveLength(1);
});

test('that the rows could not be asked for again is said above those that stay, until they can', async ({ page }) => {
  await openMain(page);
  await expect(page.getByRole('gridcell').first()).toContainText('aws-');
  await page.evaluate(() => {
    window.harness.refusing = 'service.time-out';
    window.harness.patch('inventory', ['revision'], 2);
  });
  await expect(page.getByRole('alert')).toContainText('mavis.nishi.example');
  await expect(page.getByRole('gridcell').first()).toContainText('aws-');
  await page.evaluate(() => void (window.harness.refusing = null));
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
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

test('S20: each protocol of a resource has its button, SFTP as well', async ({ page }) => {
  await openMain(page);
  await page.getByRole('button', { name: /^Connect to .+ with SFTP$/ }).first().click();
  await expect.poll(() => calls(page, 'sessions.connect')).toEqual([{ resourceId: expect.any(String), protocol: 'sftp' }]);
});

test('S56: a resource offers the protocols that a rule gives and no other, and where none is given it says so', async ({ page }) => {
  await openMain(page);
  await page.getByRole('searchbox').fill('tokyo-cache');
  const first = page.getByRole('gridcell').first();
  await expect(first).toContainText('tokyo-cache');
  await expect(first.getByRole('button', { name: /^Connect to/ })).toHaveText(['SFTP']);
  await page.getByRole('searchbox').fill('tokyo-queue');
  await expect(first).toContainText('tokyo-queue');
  await expect(first.getByRole('button', { name: /^Connect to/ })).toHaveCount(0);
  await expect(first).toContainText('No access by any protocol');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('complementary')).toContainText('No access by any protocol');
  expect(await calls(page, 'sessions.connect')).toEqual([]);
});

test('S22, S33: that all connections go through the default Gateway is said before Connect, and taken back as soon as it no longer holds', async ({ page }) => {
  await openMain(page, { scene: 'tunnel-on' });
  const mark = page.getByRole('status').filter({ hasText: 'Tunnel: your connections go through the default Gateway' });
  await expect(mark).toBeVisible();
  await page.evaluate(() => window.mavis.service.tunnelUpdate({ params: {}, query: {}, body: { enabled: false, default: null } }));
  await page.evaluate(() => window.harness.patch('changes', ['tunnel'], 1));
  await expect(mark).toHaveCount(0);
});

test('S17, S22, S31: where Tunnel is on and no default Gateway is available, every resource says so before Connect, tagged or not, and no longer once one is back', async ({ page }) => {
  await openMain(page, { scene: 'tunnel-none' });
  const rows = page.getByRole('row').filter({ has: page.getByRole('gridcell') });
  const missing = rows.filter({ hasText: 'No Gateway available' });
  // Gateways of this segment are there; nothing leads to them past the default one.
  await page.getByRole('searchbox').fill('tag:gateway-tokyo');
  await expect(rows.first()).toContainText('tokyo');
  await expect(rows.first()).toContainText('No Gateway available');
  await expect(rows.filter({ hasNotText: 'No Gateway available' })).toHaveCount(0);
  await rows.first().click();
  await expect(page.getByRole('complementary').getByText('All connections go through the default Gateway, and none is available.')).toBeVisible();
  await page.evaluate(() => window.mavis.service.tunnelUpdate({ params: {}, query: {}, body: { enabled: true, default: { kind: 'segment', segment: 'gateway-tokyo' } } }));
  await page.evaluate(() => window.harness.patch('inventory', ['revision'], 2));
  await expect(missing).toHaveCount(0);
  await expect(rows.first()).toContainText('Available');
  await expect(page.getByText('All connections go through the default Gateway, and none is available.')).toHaveCount(0);
});

test('S10, S13: a segment whose last Gateway falls, and that has one again, is told in the rows that are shown, without a press', async ({ page }) => {
  await openMain(page);
  await page.getByRole('searchbox').fill('tag:gateway-tokyo');
  const first = page.getByRole('gridcell').first();
  await expect(first).toContainText('tokyo');
  await expect(first).toContainText('Available');
  // What main tells of that segment, the third of those that there are.
  const tell = (available: number): Promise<void> => page.evaluate((now) => window.harness.patch('inventory', ['segments', 2, 'available'], now), available);
  await tell(0);
  await expect(first).toContainText('No Gateway available');
  await expect(page.getByRole('contentinfo')).toContainText('3 of 5 Gateway segments unavailable');
  await tell(2);
  await expect(first).toContainText('Available');
  await expect(first).not.toContainText('No Gateway available');
});

test('favourites, what was used last, an order and cards are shown as they are chosen, and the keys go on in cards', async ({ page }) => {
  await openMain(page);
  const cells = page.getByRole('gridcell');
  const only = page.getByRole('radiogroup', { name: 'Which resources' });
  const sort = page.getByLabel('Sort by');
  await only.getByText('Favourites').click();
  await expect(cells).toHaveCount(1);
  await expect(cells).toContainText('kaohsiung-web-00003');
  await only.getByText('Recent').click();
  await expect(cells).toHaveCount(1);
  await expect(cells).toContainText('osaka-db-00009');
  await expect(sort).toHaveValue('recent');
  await only.getByText('All', { exact: true }).click();
  await expect(sort).toHaveValue('name');
  await expect(cells.first()).toContainText('aws-');
  for (const [order, name] of [['Favourites first', 'kaohsiung-web-00003'], ['Last used', 'osaka-db-00009'], ['Address', 'tokyo-web-00000']] as const) {
    await sort.selectOption({ label: order });
    await expect(cells.first()).toContainText(name);
  }
  await page.getByRole('radiogroup', { name: 'View' }).getByText('Cards').click();
  await expect.poll(() => calls(page, 'settings.update')).toEqual([{ changes: { resourceView: 'cards' } }]);
  await expect(page.locator('.card').first()).toContainText('tokyo-web-00000');
  await page.getByRole('grid').focus();
  await page.keyboard.press('ArrowRight');
  await expect(cells.nth(1)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'sessions.connect')).toEqual([{ resourceId: '00000000-0000-4000-8000-000000000001', protocol: 'ssh' }]);
});

test('a system for trying out says which ports stand in for 443 and 7993 to 7995', async ({ page }) => {
  await openMain(page);
  await expect(page.getByRole('contentinfo')).toContainText('The ports 8443, 8444, 17993, 17994, and 17995 stand in for 443 and 7993-7995.');
});

for (const view of ['list', 'cards'] as const) {
  test(`tags stand whole or are counted, never cut, in a narrow window (${view})`, async ({ page }, info) => {
    await page.setViewportSize({ width: 1040, height: 700 });
    await openMain(page, { view });
    const lists = page.getByRole('gridcell').locator('.tag-list');
    await expect(lists.first()).toBeVisible();
    // Cards of this width have room for all; in rows some are counted.
    if (view === 'list') await expect(page.getByRole('gridcell').locator('.tag-rest').first()).toBeVisible();
    // They are measured once they are drawn, and drawn anew by it.
    const faults = () => lists.evaluateAll((all) =>
      all.flatMap((list) => {
        const tags = [...list.querySelectorAll('.tag')];
        const cut = tags.filter((tag) => [...tag.querySelectorAll('.ellipsis')].some((words) => words.scrollWidth > words.clientWidth));
        const outside = tags.filter((tag) => tag.getBoundingClientRect().right > list.getBoundingClientRect().right + 0.5);
        const named = (list.getAttribute('title') ?? '').split('  ').length;
        const rest = Number(list.querySelector('.tag-rest [aria-hidden]')?.textContent?.slice(1) ?? 0);
        const counted = tags.length - (rest > 0 ? 1 : 0) + rest === named ? [] : [`${String(tags.length)} tags and +${String(rest)} of ${String(named)}`];
        return [...[...cut, ...outside].map((tag) => tag.textContent ?? ''), ...counted];
      }),
    );
    await expect.poll(faults).toEqual([]);
    // Up to three protocols: their buttons stand whole beside each other.
    await expect.poll(() => page.getByRole('gridcell').locator('.connect').evaluateAll((all) => all.filter((buttons) => buttons.children.length <= 3 && buttons.scrollWidth > buttons.clientWidth).map((buttons) => buttons.textContent))).toEqual([]);
    await page.screenshot({ path: info.outputPath(`tags-${view}.png`) });
  });
}
