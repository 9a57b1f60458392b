import { expect, type Locator, type Page, test } from '@playwright/test';
import type { TransferJob } from '../../shared/ipc/files-port.ts';
import { calls, openSession } from './open-page.ts';

const remote = (page: Page) => page.getByRole('grid', { name: 'tokyo-db-00009' });
const local = (page: Page) => page.getByRole('grid', { name: 'This computer' });
const remoteCrumbs = (page: Page) => page.getByRole('navigation', { name: 'Folders above: tokyo-db-00009' });
const localCrumbs = (page: Page) => page.getByRole('navigation', { name: 'Folders above: This computer' });
const selected = (grid: Locator): Locator => grid.getByRole('gridcell', { selected: true }).locator('bdi');
const active = (grid: Locator): Locator => grid.locator('[data-active="true"] bdi');

/** Opens the window on a scene; both sides' first folders are listed then. */
async function openListed(page: Page, scene: string): Promise<void> {
  await openSession(page, scene);
  await expect(remote(page).getByRole('row')).toHaveCount(8);
  await expect(local(page).getByRole('row')).toHaveCount(3);
}

/** What the window asks in here is answered only by `release`; what it asks after, at once. */
async function held(page: Page, ask: () => Promise<void>, name: string): Promise<void> {
  const before = (await calls(page, name)).length;
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  await ask();
  await expect.poll(async () => (await calls(page, name)).length).toBe(before + 1);
  await page.evaluate(() => {
    window.harness.held = Promise.resolve();
  });
}

const release = (page: Page): Promise<boolean> => page.evaluate(() => window.dispatchEvent(new Event('answer')));

const DONE: TransferJob = { id: 1, direction: 'download', name: 'a.txt', status: 'done', doneBytes: 1, totalBytes: 1, doneFiles: 1, totalFiles: 1, skipped: 0, unlike: 0, bytesPerSecond: 0, failures: [], failureCount: 0, renamed: [], verified: false, continued: false, kept: false };
const tellDone = (page: Page, ...ids: number[]): Promise<void> => page.evaluate((jobs) => window.harness.tellFiles({ kind: 'jobs', jobs, question: null }), ids.map((id) => ({ ...DONE, id })));

test('S20: a folder that comes after another was opened is not shown: path and names are of one, and what is deleted is deleted there', async ({ page }) => {
  await openListed(page, 'files');
  await held(page, () => remote(page).getByText('archive').dblclick(), 'files.list');
  await remoteCrumbs(page).getByRole('button', { name: 'srv' }).click();
  await expect(remote(page).getByText('shared')).toBeVisible();
  await release(page);
  // What is asked now is answered after what came late.
  await remote(page).getByText('shared').click();
  await page.keyboard.press('Delete');
  const dialog = page.getByRole('dialog', { name: 'Delete on tokyo-db-00009?' });
  await expect(dialog).toContainText('12 files and 2 folders will be deleted: shared.');
  await expect(remoteCrumbs(page)).toHaveText('/srv');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect.poll(() => calls(page, 'files.remove')).toEqual([{ do: 'remove', folder: '/srv', names: ['shared'] }]);
  expect(await calls(page, 'files.count')).toEqual([{ do: 'count', folder: '/srv', names: ['shared'] }]);
});

test('S20: on this computer too, where the system\'s trash takes it', async ({ page }) => {
  await openListed(page, 'files');
  await held(page, () => local(page).getByText('Documents').dblclick(), 'files.list-local');
  await localCrumbs(page).getByRole('button', { name: 'y.tanaka' }).click();
  await expect.poll(async () => (await calls(page, 'files.list-local')).length).toBe(3);
  await release(page);
  await local(page).getByText('plan.pdf').click();
  await page.keyboard.press('Delete');
  const dialog = page.getByRole('dialog', { name: 'Move to the trash of this computer?' });
  await expect(dialog).toContainText('will be moved to the trash: plan.pdf.');
  await dialog.getByRole('button', { name: 'Move to trash' }).click();
  await expect.poll(() => calls(page, 'files.trash')).toMatchObject([{ place: [], names: ['plan.pdf'] }]);
  await expect(localCrumbs(page)).toHaveText('y.tanaka');
});

test('S20: a transfer that ends while a folder is coming does not hold that up: it is shown, and listed once more', async ({ page }) => {
  await openListed(page, 'files');
  await held(page, () => remote(page).getByText('archive').dblclick(), 'files.list');
  await tellDone(page, 1);
  await expect.poll(async () => (await calls(page, 'files.list-local')).length).toBe(2);
  await release(page);
  await expect(remote(page).getByText('2025.tar.gz')).toBeVisible();
  await expect(remoteCrumbs(page)).toHaveText('/srvreportsarchive');
  await expect.poll(() => calls(page, 'files.list')).toEqual(['/srv/reports', '/srv/reports/archive', '/srv/reports/archive'].map((path) => ({ do: 'list', path })));
});

test('S20: before the target\'s first folder is there nothing goes to it', async ({ page }) => {
  await openSession(page, 'files-slow');
  await local(page).getByText('notes.txt').click();
  await page.keyboard.press('F5');
  await remote(page).focus();
  await page.keyboard.press('F7');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.evaluate(() => window.dispatchEvent(new Event('first-folder')));
  await expect(remote(page).getByText('archive')).toBeVisible();
  await local(page).focus();
  await page.keyboard.press('F5');
  await expect.poll(() => calls(page, 'files.upload')).toEqual([{ do: 'upload', place: [], names: ['notes.txt'], folder: '/srv/reports', conflict: 'ask', verify: false }]);
});

test('S20: from the wish for another folder of this computer on, nothing is done with names of the one before; its tree begins anew', async ({ page }) => {
  await openListed(page, 'files');
  await page.getByRole('button', { name: 'Folder tree: This computer' }).click();
  const tree = page.getByRole('tree', { name: 'Folder tree: This computer' });
  await tree.focus();
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
  await expect(tree.getByRole('treeitem').locator('bdi')).toHaveText(['y.tanaka', 'Documents', 'letters']);
  await local(page).getByText('notes.txt').click();
  await held(page, () => page.getByRole('button', { name: 'Choose folder…' }).click(), 'files.chooseFolder');
  await local(page).focus();
  await page.keyboard.press('Delete');
  await page.keyboard.press('F2');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await release(page);
  // It was chosen, and what is in it is still on its way.
  await held(page, () => page.evaluate(() => window.harness.tellFiles({ kind: 'ready', path: '/srv/reports', localName: 'projects' })), 'files.list-local');
  await expect(local(page).getByRole('row')).toHaveCount(0);
  await page.keyboard.press('Delete');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await release(page);
  await expect(local(page).getByRole('row')).toHaveCount(3);
  await tree.focus();
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
  await expect(tree.getByRole('treeitem').locator('bdi')).toHaveText(['projects', 'Documents', 'drafts']);
  expect([await calls(page, 'files.count-local'), await calls(page, 'files.trash')]).toEqual([[], []]);
  await local(page).getByText('notes.txt').click();
  await page.keyboard.press('F2');
  await expect(page.getByRole('dialog')).toBeVisible();
});

test('S20: a dialog about names of this computer goes when another folder of it is granted', async ({ page }) => {
  await openListed(page, 'files');
  await local(page).getByText('notes.txt').click();
  await page.keyboard.press('Delete');
  await expect(page.getByRole('dialog')).toContainText('notes.txt');
  await page.evaluate(() => window.harness.tellFiles({ kind: 'ready', path: '/srv/reports', localName: 'projects' }));
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await calls(page, 'files.trash')).toEqual([]);
});

/** What each dialog asks for, about a name of `/srv/reports`. */
const asked = [
  { what: 'delete', key: 'Delete', fill: undefined, button: 'Delete', call: { do: 'remove', folder: '/srv/reports', names: ['注文一覧.csv'] } },
  { what: 'rename', key: 'F2', fill: 'orders.csv', button: 'Rename', call: { do: 'rename', folder: '/srv/reports', from: '注文一覧.csv', to: 'orders.csv' } },
  { what: 'permissions', key: undefined, fill: '600', button: 'Save', call: { do: 'set-mode', folder: '/srv/reports', name: '注文一覧.csv', mode: 0o600 } },
  { what: 'new folder', key: 'F7', fill: 'new', button: 'Create', call: { do: 'make-folder', folder: '/srv/reports', name: 'new' } },
] as const;

for (const { what, key, fill, button, call } of asked) {
  test(`S20: the folder changes under an open dialog (${what}): what it is about stays, and so does the folder that came`, async ({ page }) => {
    await openListed(page, 'files');
    await held(page, () => remote(page).getByText('archive').dblclick(), 'files.list');
    await remote(page).getByText('注文一覧.csv').click();
    if (key === undefined) await page.getByRole('region', { name: 'tokyo-db-00009' }).getByRole('button', { name: 'Permissions' }).click();
    else await page.keyboard.press(key);
    const dialog = page.getByRole('dialog');
    if (fill !== undefined) await dialog.getByRole('textbox').fill(fill);
    await release(page);
    await expect(remoteCrumbs(page)).toHaveText('/srvreportsarchive');
    await dialog.getByRole('button', { name: button, exact: true }).click();
    await expect.poll(() => calls(page, `files.${call.do}`)).toEqual([call]);
    // Had the folder been listed anew, it would have been before this.
    await remote(page).focus();
    await page.keyboard.press('Control+r');
    await expect.poll(() => calls(page, 'files.list')).toEqual(['/srv/reports', '/srv/reports/archive', '/srv/reports/archive'].map((path) => ({ do: 'list', path })));
    await expect(remote(page).getByText('2025.tar.gz')).toBeVisible();
  });
}

test('S20: who has gone on is not brought back when what he moved to the trash is there', async ({ page }) => {
  await openListed(page, 'files');
  await local(page).getByText('notes.txt').click();
  await page.keyboard.press('Delete');
  await expect(page.getByRole('dialog')).toContainText('notes.txt');
  await held(page, () => page.getByRole('dialog').getByRole('button', { name: 'Move to trash' }).click(), 'files.trash');
  await local(page).getByText('Documents').dblclick();
  await expect(localCrumbs(page)).toHaveText('y.tanakaDocuments');
  await release(page);
  await local(page).focus();
  await page.keyboard.press('Control+r');
  await expect.poll(() => calls(page, 'files.list-local')).toEqual([[], ['Documents'], ['Documents']].map((place) => ({ do: 'list-local', place })));
  await expect(localCrumbs(page)).toHaveText('y.tanakaDocuments');
});

test('S20: what is selected and where one stands are kept by name when a transfer brings more; where the name has gone, the next takes its place', async ({ page }) => {
  await openListed(page, 'files');
  await local(page).getByText('notes.txt').click();
  await remote(page).getByText('latest').click();
  await remote(page).getByText('注文一覧.csv').click({ modifiers: ['Control'] });
  await page.evaluate(() => {
    window.harness.brought = ['aaa.txt'];
  });
  await tellDone(page, 1);
  await expect(remote(page).getByRole('row')).toHaveCount(9);
  await expect(local(page).getByRole('row')).toHaveCount(4);
  await expect(selected(local(page))).toHaveText(['notes.txt']);
  await expect(active(local(page))).toHaveText('notes.txt');
  await expect(selected(remote(page))).toHaveText(['latest', '注文一覧.csv']);
  await expect(active(remote(page))).toHaveText('注文一覧.csv');
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'files.download')).toMatchObject([{ names: ['注文一覧.csv'] }]);
  await remote(page).getByText('latest').click();
  await page.evaluate(() => {
    window.harness.gone = ['latest'];
  });
  await tellDone(page, 1, 2);
  await expect(remote(page).getByRole('row')).toHaveCount(8);
  await expect(selected(remote(page))).toHaveCount(0);
  await expect(active(remote(page))).toHaveText('photo\\u{202e}gnp.exe');
});

test('S20: a question is decided once, and the second click of a double one decides no other', async ({ page }) => {
  await openSession(page, 'files-conflicts');
  await page.getByRole('dialog', { name: '“report.txt” is there already' }).getByRole('button', { name: 'Overwrite' }).hover();
  const next = page.getByRole('dialog', { name: '“next.txt” is there already' });
  for (const clickCount of [1, 2]) {
    await page.mouse.down({ clickCount });
    await page.mouse.up({ clickCount });
    await expect(next).toBeVisible();
  }
  await next.getByRole('button', { name: 'Keep both' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await calls(page, 'files.decide')).toEqual([{ do: 'decide', questionId: 9, choice: 'overwrite', forAll: false }, { do: 'decide', questionId: 10, choice: 'rename', forAll: false }]);
});

test('S20: the second click of a double one, whose first took a dialog away, opens nothing of the list below', async ({ page }) => {
  await openListed(page, 'files');
  await remote(page).getByText('注文一覧.csv').click();
  await page.keyboard.press('Delete');
  await expect(page.getByRole('dialog')).toContainText('will be deleted');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await remote(page).getByText('archive').hover();
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  await expect(selected(remote(page))).toHaveText(['archive']);
  await page.keyboard.press('Control+r');
  await expect.poll(() => calls(page, 'files.list')).toEqual(Array.from({ length: 3 }, () => ({ do: 'list', path: '/srv/reports' })));
});

test('S20: a step of an edited file that is pressed twice is taken once', async ({ page }) => {
  await openListed(page, 'files-edits');
  const keep = page.getByRole('region', { name: 'Files being edited' }).getByRole('button', { name: 'Keep both: nginx.conf' });
  await held(page, () => keep.click(), 'files.edit-step');
  await keep.click();
  await release(page);
  // A folder that is asked for now comes after that answer.
  await remote(page).focus();
  await page.keyboard.press('Control+r');
  await expect(remote(page)).toHaveAttribute('aria-busy', 'false');
  await page.getByRole('region', { name: 'Files being edited' }).getByRole('button', { name: 'Discard what I saved: nginx.conf' }).click();
  await expect.poll(() => calls(page, 'files.edit-step')).toEqual(['keep-both', 'discard'].map((step) => ({ do: 'edit-step', editId: 2, step })));
});
