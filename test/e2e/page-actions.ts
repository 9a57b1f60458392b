import { type ElectronApplication, expect, type Page } from '@playwright/test';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import type { WholeSystem } from '../fixtures/whole-system.ts';
import type { OpenApp } from './launch-app.ts';

/** What a person does in the windows; all by the names that a screen reader gives. */

/** Adds the service: address, the fingerprint compared with the one that the service printed, pinned. */
export async function addProfile(page: Page, system: WholeSystem, name = 'Test service'): Promise<void> {
  if (!(await page.getByLabel('Service address').isVisible())) await page.getByRole('button', { name: 'Add profile' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Service address').fill(system.embedded.service.url);
  await page.getByRole('button', { name: 'Check certificate' }).click();
  await expect(page.getByText(system.embedded.service.pin)).toBeVisible();
  await page.getByLabel('I compared the fingerprint: it is the same').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
}

export async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('User name', { exact: true }).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** A new app in which somebody is signed in, with the terminal's text in the page. */
export async function signedIn(app: OpenApp, system: WholeSystem, name: string, password: string): Promise<OpenApp> {
  await addProfile(app.main, system);
  await signIn(app.main, name, password);
  await app.main.getByRole('searchbox', { name: 'Search resources' }).waitFor();
  await showTerminalAsText(app.main);
  return app;
}

/** Opens a page of the main window by its name in the menu. */
export async function openMenu(main: Page, name: string): Promise<void> {
  await main.getByRole('navigation').getByRole('button', { name, exact: true }).click();
}

/** Answers the system's dialog for a file to save, from now on, with a path: the dialog itself is not the page's. */
export async function saveFilesTo(electronApp: ElectronApplication, path: string): Promise<void> {
  await electronApp.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
  }, path);
}

/** What the system's dialog for opening answers from now on. */
export async function openFrom(electronApp: ElectronApplication, path: string): Promise<void> {
  await electronApp.evaluate(({ dialog }, filePath) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [filePath] });
  }, path);
}

/** Screen-reader mode of the terminal, so that what it shows stands in the page as text. */
export async function showTerminalAsText(page: Page): Promise<void> {
  await page.evaluate(() => window.mavis.settings.update({ changes: { terminalScreenReader: true } }));
}

/** Searches for a resource, and waits until nothing is listed but what was searched for: a row of the list before becomes another's under the pointer. */
export async function find(main: Page, resourceName: string): Promise<void> {
  await main.getByRole('searchbox', { name: 'Search resources' }).fill(resourceName);
  await expect(main.getByRole('gridcell').filter({ hasText: resourceName }).first()).toBeVisible();
  await expect(main.getByRole('gridcell').filter({ hasNotText: resourceName })).toHaveCount(0);
}

/** Searches for a resource and presses Connect; gives the session's window. */
export async function connect(app: OpenApp, resourceName: string, protocol = 'SSH'): Promise<Page> {
  await find(app.main, resourceName);
  return app.nextWindow(() => app.main.getByRole('button', { name: `Connect to ${resourceName} with ${protocol}` }).first().click());
}

/** On the page of recordings, plays the one of a reference once no other is listed: rows move under the pointer when the search is answered. */
export async function playRecording(main: Page, reference: string, resourceName: string): Promise<void> {
  const play = main.getByRole('button', { name: /^Play / });
  await main.getByRole('searchbox', { name: /Search by user/ }).fill(reference);
  await expect(main.getByRole('row').filter({ has: play, hasNotText: reference })).toHaveCount(0);
  await main.getByRole('row').filter({ hasText: reference }).getByRole('button', { name: `Play ${resourceName}` }).click();
}

/** The text that the terminal shows, as a screen reader gets it. */
export function terminalText(page: Page): Promise<string> {
  return page.locator('.xterm-accessibility-tree').evaluate((tree: Element) => Array.from(tree.children, (row) => row.textContent ?? '').join('\n'));
}

/** Types a command and Enter into the terminal. */
export async function type(session: Page, text: string): Promise<void> {
  await session.locator('.xterm-helper-textarea').focus();
  await session.keyboard.type(`${text}\n`);
}

/** Waits until the session is connected and its recording stands. */
export async function untilRecorded(session: Page, limitMs = 60_000): Promise<void> {
  await expect(session.getByText('Recorded', { exact: true })).toBeVisible({ timeout: limitMs });
}

/** A command whose words are plain and whose output is `日本語 繁體中文`: in screen-reader mode xterm.js takes no text but by keys and input methods. */
export const PRINT_CJK = `printf '${[...new TextEncoder().encode('日本語 繁體中文')].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}\\n'`;

/** How many resources of a system a filter finds: the tests of a worker share its system, and some add to it. */
export async function resourceCount(system: WholeSystem, filter = ''): Promise<number> {
  return (await system.admin.call(resourcesRoutes.resourceList, { query: { limit: 1, filter } })).total;
}
