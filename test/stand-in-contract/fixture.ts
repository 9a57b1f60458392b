import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { _electron, test as base, type ElectronApplication, type Page } from '@playwright/test';
import { electronDistribution } from '../electron-stand-in/locate.ts';

/** Which Electron the tests run on. */
export const distribution = electronDistribution();
if (distribution.overridePath) process.env['ELECTRON_OVERRIDE_DIST_PATH'] ??= distribution.overridePath;

/** Folder of the fixture application. */
export const APPLICATION = path.join(import.meta.dirname, 'app');

/** Environment of a launch: the tests' own, with what is given. */
export function environment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const own = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(own), ...extra };
}

interface Fixtures {
  readonly userData: string;
  readonly launch: (extra?: Readonly<Record<string, string>>) => Promise<ElectronApplication>;
  readonly electronApp: ElectronApplication;
  readonly page: Page;
}

/** Plain Playwright Electron tests with a user-data folder of their own. */
export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the fixtures used from the pattern
  userData: async ({}, use) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'contract-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  launch: async ({ userData }, use) => {
    const launched: ElectronApplication[] = [];
    await use(async (extra) => {
      const electronApp = await _electron.launch({ args: [APPLICATION, `--user-data-dir=${userData}`], env: environment(extra) });
      launched.push(electronApp);
      return electronApp;
    });
    for (const electronApp of launched) {
      if (electronApp.process().exitCode === null) await electronApp.evaluate(({ app }) => app.exit(0)).catch(() => undefined);
    }
  },
  electronApp: async ({ launch }, use) => {
    await use(await launch());
  },
  page: async ({ electronApp }, use) => {
    const page = await electronApp.firstWindow();
    await page.locator('main').waitFor();
    await use(page);
  },
});
