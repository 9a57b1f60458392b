import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { calls, openSession } from './open-page.ts';

const remote = (page: Page) => page.getByRole('grid', { name: 'tokyo-db-00009' });
const local = (page: Page) => page.getByRole('grid', { name: 'This computer' });

test('S20: two panes by keyboard from end to end: select, download, new folder, rename, delete that says what, into a folder and up again', async ({ page }) => {
  const faults = await openSession(page, 'files');
  await expect(remote(page).getByRole('row')).toHaveCount(8);
  await expect(local(page).getByRole('row')).toHaveCount(3);
  await expect(remote(page)).toBeFocused();
  // Folders first, then by name; a range, and one taken out of it.
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Space');
  await page.keyboard.press('F5');
  await expect.poll(() => calls(page, 'files.download')).toEqual([{ do: 'download', folder: '/srv/reports', names: ['<img src=x onerror=alert(1)>.html', expect.stringContaining('bell\u0007long-name')], place: [], conflict: 'ask' }]);
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await expect(remote(page).getByText('2025.tar.gz')).toBeVisible();
  await page.keyboard.press('Backspace');
  await expect(remote(page).getByText('注文一覧.csv')).toBeVisible();
  await page.keyboard.press('F7');
  await page.keyboard.type('new one');
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'files.make-folder')).toEqual([{ do: 'make-folder', folder: '/srv/reports', name: 'new one' }]);
  await remote(page).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Delete');
  const dialog = page.getByRole('dialog', { name: 'Delete on tokyo-db-00009?' });
  await expect(dialog).toContainText('12 files and 2 folders will be deleted: archive. This cannot be undone.');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect.poll(() => calls(page, 'files.remove')).toEqual([{ do: 'remove', folder: '/srv/reports', names: ['archive'] }]);
  await local(page).getByText('notes.txt').dblclick();
  await expect.poll(() => calls(page, 'files.upload')).toEqual([{ do: 'upload', place: [], names: ['notes.txt'], folder: '/srv/reports', conflict: 'ask' }]);
  expect(faults.list).toEqual([]);
});

test('A2, A6: names of no good will are text: nothing of them runs, turns the line or hides', async ({ page }) => {
  const faults = await openSession(page, 'files');
  await expect(remote(page).getByText('<img src=x onerror=alert(1)>.html')).toBeVisible();
  await expect(remote(page).getByText('photo\\u{202e}gnp.exe')).toBeVisible();
  await expect(remote(page).getByText(/^bell\\x07/)).toBeVisible();
  await expect(remote(page).getByText('bytes\\xff\\xfe')).toBeVisible();
  await expect(page.locator('.files-area img')).toHaveCount(0);
  expect(faults.list).toEqual([]);
});

test('a typed path that the rule refuses says so, and the folder that was shown stays; hidden files and the filter', async ({ page }) => {
  await openSession(page, 'files');
  await page.getByRole('button', { name: 'Type a path' }).click();
  await page.getByRole('textbox', { name: 'Path on the target' }).fill('/root/.ssh');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('The rule does not allow this place: /root/.ssh');
  await expect(remote(page).getByRole('row')).toHaveCount(8);
  await page.getByRole('button', { name: 'tokyo-db-00009: Show hidden files' }).click();
  await expect(remote(page).getByText('.hidden')).toBeVisible();
  await page.getByRole('searchbox', { name: 'tokyo-db-00009: Filter' }).fill('csv');
  await expect(remote(page).getByRole('row')).toHaveCount(1);
});

test('A5: 100,000 names in one folder are listed and scrolled by key, and few of them are in the document', async ({ page }) => {
  await openSession(page, 'files-many');
  await expect(page.getByText('100,000 of 100,000 shown')).toBeVisible();
  await expect(remote(page)).toHaveAttribute('aria-rowcount', '100000');
  await remote(page).focus();
  await page.keyboard.press('End');
  await expect(remote(page).getByText('file-099999.log')).toBeVisible();
  expect(await remote(page).getByRole('row').count()).toBeLessThan(100);
});

test('the queue says how far each transfer is, what failed and why, and what was renamed; a conflict is decided for all', async ({ page }) => {
  await openSession(page, 'files-conflict');
  const dialog = page.getByRole('dialog', { name: '“report.txt” is there already' });
  await dialog.getByRole('checkbox', { name: 'For all of this transfer' }).check();
  await dialog.getByRole('button', { name: 'Keep both' }).click();
  await expect.poll(() => calls(page, 'files.decide')).toEqual([{ do: 'decide', questionId: 9, choice: 'rename', forAll: true }]);
  const queue = page.getByRole('region', { name: 'Transfers' });
  await expect(queue).toContainText('84 MB per second');
  await expect(queue).toContainText('The rule denies files whose names fit “*.key”.');
  await expect(queue).toContainText('“..\\x” is stored as “.._x”');
  await queue.getByRole('button', { name: 'Pause: disk.img' }).click();
  await expect.poll(() => calls(page, 'files.steer')).toEqual([{ do: 'steer', jobId: 3, how: 'pause' }]);
});

test('rule 21: what the rule forbids is said on its button, which does nothing', async ({ page }) => {
  await openSession(page, 'files-restricted');
  await remote(page).getByText('注文一覧.csv').click();
  const button = page.getByRole('button', { name: /^Delete \(the access rule does not allow it\)/ });
  await expect(button).toHaveAttribute('aria-disabled', 'true');
  await button.click({ force: true });
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('what is told while a folder has just come keeps the folder: names and path are of one', async ({ page }) => {
  await openSession(page, 'files-told-twice');
  await expect.poll(async () => (await calls(page, 'files.list')).length).toBeGreaterThanOrEqual(2);
  await expect(remote(page).getByText('注文一覧.csv')).toBeVisible();
  await expect(page.getByRole('navigation').last()).toHaveText('/srvreports');
});

for (const [language, size] of [['en', { width: 1280, height: 800 }], ['ja', { width: 900, height: 600 }], ['zh-Hant', { width: 900, height: 600 }]] as const) {
  test(`the files window is without fault for assistive techniques (${language}, ${size.width})`, async ({ page }, info) => {
    await page.setViewportSize(size);
    await openSession(page, 'files-jobs', { language });
    await expect(page.getByRole('progressbar').first()).toBeVisible();
    await expect(page.getByRole('navigation').last()).toHaveText('/srvreports');
    await info.attach('picture', { body: await page.screenshot({ path: info.outputPath(`files-${language}.png`) }), contentType: 'image/png' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  });
}
