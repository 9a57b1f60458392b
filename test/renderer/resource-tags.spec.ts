import { expect, type Page, test } from '@playwright/test';
import { calls, openMain } from './open-page.ts';

const dialog = (page: Page) => page.getByRole('dialog');
const selectionBar = (page: Page) => page.getByRole('group', { name: /selected/ });

test('S37: an administrator sets the Tags field of a resource from its details, with suggestions and a warning where a segment has no Gateway', async ({ page }) => {
  const faults = await openMain(page);
  await page.getByRole('grid').focus();
  await page.keyboard.press('Space');
  await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click();
  const tags = dialog(page).getByRole('combobox', { name: 'Tags' });
  await tags.fill('gateway-nowhere');
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toContainText('No Gateway has the segment gateway-nowhere.');
  await page.keyboard.press('Backspace');
  await expect(dialog(page)).not.toContainText('No Gateway has the segment');
  await tags.fill('gateway-office1,');
  await page.keyboard.press('Enter');
  await tags.fill('bad;tag "x"');
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByRole('alert')).toContainText('A tag has no spaces');
  await tags.fill('');
  const offered = () => dialog(page).locator('datalist option').evaluateAll((options) => options.map((option) => option.getAttribute('value')));
  await expect.poll(offered).toEqual(expect.arrayContaining(['gateway-aws', 'web']));
  await expect.poll(offered).not.toContain('gateway-office1');
  // Rule 8: the resource's own leave, with what it means read out beside it.
  const unencrypted = dialog(page).getByRole('checkbox', { name: 'Allow unencrypted connections through Tunnel' });
  await expect(unencrypted).not.toBeChecked();
  await expect(unencrypted).toHaveAccessibleDescription(/VNC without encryption is refused in Tunnel mode otherwise/);
  await unencrypted.focus();
  await page.keyboard.press('Space');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page)).toHaveCount(0);
  expect(JSON.stringify(await calls(page, 'service.resourceUpdate'))).toContain('"allowUnencryptedTunnel":true');
  expect(JSON.stringify(await calls(page, 'service.resourceUpdate'))).toContain('"tags":["gateway-tokyo","env:prod","gateway-office1"]');
  expect(faults.list).toEqual([]);
});

test('S37: tags of a selection are changed in one request, by keyboard', async ({ page }) => {
  await openMain(page);
  await page.getByRole('grid').focus();
  await page.keyboard.press('Control+Space');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(selectionBar(page)).toContainText('3 resources selected');
  await expect(page.getByRole('gridcell', { selected: true })).toHaveCount(3);
  await selectionBar(page).getByRole('button', { name: 'Edit tags' }).click();
  await dialog(page).getByRole('combobox', { name: 'Add to all' }).fill('gateway-aws');
  await page.keyboard.press('Enter');
  await dialog(page).getByRole('button', { name: 'Change tags' }).click();
  await expect(dialog(page)).toContainText('3 resources changed, 0 already so.');
  const [asked] = await calls(page, 'service.resourceTagsChange');
  expect(asked).toMatchObject({ body: { add: ['gateway-aws'], remove: [] } });
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  await page.getByRole('grid').focus();
  await page.keyboard.press('Escape');
  await expect(selectionBar(page)).toHaveCount(0);
});

test('S37: Ctrl+A selects what is found up to the bound of one change; Ctrl and Shift with a press select; 100,000 resources stay fast', async ({ page }) => {
  await openMain(page, { resources: '100000' });
  await page.getByRole('grid').focus();
  await page.keyboard.press('Control+a');
  await expect(selectionBar(page)).toContainText('1,000 resources selected');
  await expect(selectionBar(page)).toContainText('Only the first 1,000 are selected');
  await selectionBar(page).getByRole('button', { name: 'Clear selection' }).click();
  const cells = page.getByRole('gridcell');
  await cells.nth(1).click({ modifiers: ['Control'], position: { x: 200, y: 8 } });
  await cells.nth(4).click({ modifiers: ['Shift'], position: { x: 200, y: 8 } });
  await expect(selectionBar(page)).toContainText('4 resources selected');
  await expect(page.getByRole('complementary')).toHaveCount(0);
  expect(await page.getByRole('gridcell').count()).toBeLessThan(80);
});

test('S37: what is selected is what is seen: a tag that is pressed ends the selection, and Shift selects from the row that was chosen last', async ({ page }) => {
  await openMain(page);
  const cells = page.getByRole('gridcell');
  await cells.nth(1).click({ modifiers: ['Control'], position: { x: 200, y: 8 } });
  await expect(selectionBar(page)).toContainText('1 resource selected');
  await page.getByRole('button', { name: /gateway-tokyo/, pressed: false }).click();
  await expect(page.getByRole('searchbox')).toHaveValue('tag:gateway-tokyo');
  await expect(selectionBar(page)).toHaveCount(0);
  await expect(cells.first()).toContainText('tokyo');
  await page.getByRole('grid').focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
  await expect(cells.nth(3)).toHaveAttribute('aria-selected', 'true');
  await cells.nth(6).click({ modifiers: ['Shift'], position: { x: 200, y: 8 } });
  await expect(selectionBar(page)).toContainText('4 resources selected');
});

test('a resource is added by hand; who may not change resources is offered none of it', async ({ page }) => {
  await openMain(page);
  await page.getByRole('button', { name: 'New resource' }).click();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page).getByRole('alert').first()).toContainText('name');
  await dialog(page).getByRole('textbox', { name: 'Name' }).fill('new-1');
  await dialog(page).getByRole('textbox', { name: 'Address' }).fill('192.0.2.8');
  await dialog(page).getByRole('checkbox', { name: 'RDP' }).check();
  // Pressed again, by who does not see that it is on its way, it is added once.
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  await dialog(page).getByRole('button', { name: 'Save' }).dblclick();
  await dialog(page).getByRole('textbox', { name: 'Name' }).press('Enter');
  await page.evaluate(() => window.dispatchEvent(new Event('answer')));
  await expect(dialog(page)).toContainText('An access rule decides who sees it.');
  await expect.poll(() => calls(page, 'service.resourceCreate')).toMatchObject([{ body: { name: 'new-1', protocols: [{ protocol: 'ssh', port: 22 }, { protocol: 'rdp', port: 3389 }] } }]);
  await openMain(page, { role: 'operator' });
  await expect(page.getByRole('button', { name: 'New resource' })).toHaveCount(0);
  await page.getByRole('grid').focus();
  await page.keyboard.press('Control+a');
  await expect(selectionBar(page)).toHaveCount(0);
});
