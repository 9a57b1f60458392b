import { resolve } from 'node:path';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';
import { electronDistribution } from '../electron-stand-in/locate.ts';

/** Which Electron the app runs on. */
export const distribution = electronDistribution();
if (distribution.overridePath) process.env['ELECTRON_OVERRIDE_DIST_PATH'] ??= distribution.overridePath;

const repository = resolve(import.meta.dirname, '../..');

/** The app as a person has it before them. */
export interface OpenApp {
  readonly electronApp: ElectronApplication;
  readonly main: Page;
  readonly userData: string;
  /** Waits for the window that an action opens. */
  nextWindow(action: () => Promise<void>): Promise<Page>;
}

/** One step of a person in a window: what hangs is told by its own name, not as the test's whole time. */
const ACTION_LIMIT_MS = 60_000;

/** A window is opened by an action that may itself wait; Playwright's own limit here is half a minute, whatever an action may take. */
const WINDOW_LIMIT_MS = 2 * ACTION_LIMIT_MS;

/** Opens the built app on a user-data folder, and waits for its first page. */
export async function launchApp(userData: string, env: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Promise<OpenApp> {
  const asRoot = process.getuid?.() === 0 && distribution.kind === 'electron';
  const electronApp = await _electron.launch({
    args: [...(asRoot ? ['--no-sandbox'] : []), repository, `--user-data-dir=${userData}`, ...args],
    cwd: repository,
    timeout: WINDOW_LIMIT_MS,
    env: { ...processEnvironment(), ELECTRON_STANDIN_NODE: process.execPath, LANG: 'en_US.UTF-8', ...env },
  });
  electronApp.context().setDefaultTimeout(ACTION_LIMIT_MS);
  const main = await electronApp.firstWindow({ timeout: WINDOW_LIMIT_MS });
  await main.locator('main').waitFor();
  return {
    electronApp,
    main,
    userData,
    nextWindow: async (action) => {
      const opened = electronApp.waitForEvent('window', { timeout: WINDOW_LIMIT_MS });
      await action();
      const page = await opened;
      await page.locator('main').waitFor();
      return page;
    },
  };
}

function processEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
