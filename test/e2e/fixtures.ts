import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { _electron, test as base, expect, type ElectronApplication, type Page } from '@playwright/test';
import { electronDistribution } from '../electron-stand-in/locate.ts';
import { startWholeSystem, type WholeSystem } from '../fixtures/whole-system.ts';

export { expect };

/** Which Electron the tests run on. */
export const distribution = electronDistribution();
if (distribution.overridePath) process.env['ELECTRON_OVERRIDE_DIST_PATH'] ??= distribution.overridePath;

const repository = resolve(import.meta.dirname, '../..');
export const ADMIN = { name: 'e2e-admin', password: 'correct horse battery staple' } as const;

/** The app as a person has it before them. */
export interface OpenApp {
  readonly electronApp: ElectronApplication;
  readonly main: Page;
  readonly userData: string;
  /** Waits for the window that an action opens. */
  nextWindow(action: () => Promise<void>): Promise<Page>;
}

interface WorkerFixtures {
  readonly system: WholeSystem;
}

interface TestFixtures {
  /** Opens the app on a user-data folder (a new one unless given) and waits for its first page. */
  readonly openApp: (options?: { readonly userData?: string; readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> }) => Promise<OpenApp>;
  /** The app with the administrator signed in, in screen-reader mode so that the terminal's text is in the page. */
  readonly app: OpenApp;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  system: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the fixtures used from the pattern
    async ({}, use) => {
      const system = await startWholeSystem();
      await system.addUser(ADMIN.name, 'admin', ADMIN.password);
      await use(system);
      await system.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  openApp: async ({ system }, use, info) => {
    const folders: string[] = [];
    const opened: ElectronApplication[] = [];
    await use(async (options = {}) => {
      const userData = options.userData ?? mkdtempSync(join(tmpdir(), 'mavis-app-'));
      if (options.userData === undefined) folders.push(userData);
      const asRoot = process.getuid?.() === 0 && distribution.kind === 'electron';
      const electronApp = await _electron.launch({
        args: [...(asRoot ? ['--no-sandbox'] : []), repository, `--user-data-dir=${userData}`, ...(options.args ?? [])],
        cwd: repository,
        env: { ...processEnvironment(), ELECTRON_STANDIN_NODE: process.execPath, MAVIS_SERVICE_URL: system.embedded.service.url, LANG: 'en_US.UTF-8', ...options.env },
      });
      opened.push(electronApp);
      const main = await electronApp.firstWindow();
      await main.locator('main').waitFor();
      return { electronApp, main, userData, nextWindow: (action) => nextWindow(electronApp, action) };
    });
    for (const electronApp of opened) await electronApp.close().catch(() => undefined);
    if (info.status !== info.expectedStatus) await attachLogs(info, system, folders);
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  app: async ({ openApp, system }, use) => {
    const app = await openApp();
    await addProfile(app.main, system);
    await signIn(app.main, ADMIN.name, ADMIN.password);
    await app.main.evaluate(() => window.mavis.settings.update({ changes: { terminalScreenReader: true } }));
    await use(app);
  },
});

function processEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function nextWindow(electronApp: ElectronApplication, action: () => Promise<void>): Promise<Page> {
  const opened = electronApp.waitForEvent('window');
  await action();
  const page = await opened;
  await page.locator('main').waitFor();
  return page;
}

/** Adds the service as a person does: address, the fingerprint compared with the one that the service printed, pinned. */
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

/** Searches for a resource and presses Connect; gives the session's window. */
export async function connect(app: OpenApp, resourceName: string, protocol = 'SSH'): Promise<Page> {
  const search = app.main.getByRole('searchbox', { name: 'Search resources' });
  await search.fill(resourceName);
  return app.nextWindow(() => app.main.getByRole('button', { name: `Connect to ${resourceName} with ${protocol}` }).first().click());
}

/** The text that the terminal shows, as a screen reader gets it. */
export function terminalText(session: Page): Promise<string> {
  return session.locator('.xterm-accessibility-tree').evaluate((tree) => Array.from(tree.children, (row) => row.textContent ?? '').join('\n'));
}

/** Types a command and Enter into the terminal. */
export async function type(session: Page, text: string): Promise<void> {
  await session.locator('.xterm-helper-textarea').focus();
  await session.keyboard.type(`${text}\n`);
}

async function attachLogs(info: { attach(name: string, options: { body: string; contentType: string }): Promise<void> }, system: WholeSystem, folders: readonly string[]): Promise<void> {
  const files = [join(system.folder, 'logs', 'service.log'), join(system.folder, 'logs', 'gateway.log'), ...folders.map((folder) => join(folder, 'logs', 'main.log'))];
  for (const file of files) if (existsSync(file)) await info.attach(file.split('/').at(-1) ?? file, { body: readFileSync(file, 'utf8').slice(-100_000), contentType: 'text/plain' });
}
