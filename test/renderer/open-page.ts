import { expect, type Page } from '@playwright/test';
import type { Harness } from './page-harness/scripted-mavis.ts';

export type { Harness };

/** The session that session scenes show. */
export const SESSION_ID = '00000000-0000-4000-8000-00000000004d';

/** Faults that the page told of itself: exceptions, errors in the console, what the content security policy refused. */
export interface PageFaults {
  readonly list: string[];
}

/** Opens the main window's page on a scene and waits for its first content. */
export async function openMain(page: Page, query: Readonly<Record<string, string>> = {}): Promise<PageFaults> {
  const faults = watch(page);
  await page.goto(`main-window.html?${new URLSearchParams(query).toString()}`);
  await page.evaluate(() => window.harness.ready);
  await expect(page.locator('main')).toBeVisible();
  return faults;
}

/** Opens a session window's page on a scene; that of RDP is one of its own, as in the app: its engine is WebAssembly. */
export async function openSession(page: Page, scene: string, query: Readonly<Record<string, string>> = {}): Promise<PageFaults> {
  const faults = watch(page);
  await page.goto(`${scene.startsWith('desktop-rdp') ? 'rdp' : 'session'}-window.html?${new URLSearchParams({ scene, session: SESSION_ID, ...query }).toString()}`);
  await expect(page.locator('main')).toBeVisible();
  return faults;
}

/** Opens an RDP session's page and connects it to a target that plays a recorded session. */
export async function openRdp(page: Page, session: readonly Uint8Array[]): Promise<void> {
  await openSession(page, 'desktop-rdp');
  const pdus = session.map((pdu) => new Uint8Array(pdu));
  await page.evaluate(([id, recorded]) => {
    window.harness.playRdp({ recorded, sent: recorded });
    window.harness.patch('sessions', ['items', id, 'attempt'], 2);
  }, [SESSION_ID, pdus] as const);
}

/** Opens the page of a diagnosis window on a scene. */
export async function openDiagnosis(page: Page, query: Readonly<Record<string, string>> = {}): Promise<PageFaults> {
  const faults = watch(page);
  await page.goto(`diagnosis-window.html?${new URLSearchParams({ scene: 'diagnostics-resource', ...query }).toString()}`);
  await expect(page.locator('main')).toBeVisible();
  return faults;
}

function watch(page: Page): PageFaults {
  const list: string[] = [];
  page.on('pageerror', (error) => list.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.location().url.endsWith('favicon.ico')) list.push(message.text());
  });
  return { list };
}

/** Goes to a page of the menu by its place, whatever the language. */
export async function openPage(page: Page, place: number): Promise<void> {
  await page.getByRole('navigation').getByRole('button').nth(place).click();
}

/** What the page asked of main, by name. */
export function calls(page: Page, name: string): Promise<unknown[]> {
  return page.evaluate((wanted) => window.harness.calls.filter((call) => call.name === wanted).map((call) => call.args), name);
}

/** From now on calls of this name are answered once the test lets them go; those that were made before, as they would have been. */
export async function hold(page: Page, name: string): Promise<void> {
  await page.evaluate((held) => {
    window.harness.late[held] = new Promise((resolve) => window.addEventListener(`let-go ${held}`, () => resolve(), { once: true }));
  }, name);
}

/** Answers the calls that are held, and those that come later as they come. */
export async function letGo(page: Page, name: string): Promise<void> {
  await page.evaluate((held) => {
    delete window.harness.late[held];
    window.dispatchEvent(new Event(`let-go ${held}`));
  }, name);
}

/** Sends output of the target and waits until it is drawn. */
export async function output(page: Page, sent: string | Uint8Array): Promise<void> {
  await page.evaluate((bytes) => window.harness.output(bytes), typeof sent === 'string' ? sent : new Uint8Array(sent));
}

/** The text that the terminal shows, as a screen reader gets it (`reader` in the query). */
export function terminalText(page: Page): Promise<string> {
  return page.locator('.xterm-accessibility-tree').evaluate((tree) => Array.from(tree.children, (row) => row.textContent ?? '').join('\n'));
}
