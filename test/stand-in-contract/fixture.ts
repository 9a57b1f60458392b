import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { _electron, test as base, type ElectronApplication, type Page } from '@playwright/test';
import { electronDistribution } from '../electron-stand-in/locate.ts';
import { ownDisplay } from '../fixtures/own-display.ts';

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

/** What the fixture application keeps for its tests; see app/main.js. */
interface FixtureState {
  readonly events: (string | { gone?: Electron.Details; crashed?: string })[];
  readonly opened: string[];
  readonly navigations: string[];
  readonly permissions: string[];
  readonly secondInstances: { readonly argv: string[]; readonly workingDirectory: string; readonly additionalData: unknown }[];
  readonly children: { readonly child: Electron.UtilityProcess; readonly messages: unknown[]; readonly output: string; readonly pid?: number; readonly exitCode?: number }[];
  vetoClose: boolean;
  vetoQuit: boolean;
  openWindow(page: string, options?: Electron.BrowserWindowConstructorOptions): Electron.BrowserWindow;
}

declare global {
  /** In the main process of the fixture application. */
  var fixture: FixtureState;
}

interface Fixtures {
  readonly userData: string;
  readonly launch: (extra?: Readonly<Record<string, string>>) => Promise<ElectronApplication>;
  readonly electronApp: ElectronApplication;
  readonly page: Page;
}

/** Plain Playwright Electron tests with a user-data folder of their own. */
export const test = base.extend<Fixtures, { readonly ownDisplay: undefined }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the fixtures used from the pattern
  ownDisplay: [({}, use, info) => ownDisplay({}, use, info), { scope: 'worker', auto: true, timeout: 60_000 }],
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the fixtures used from the pattern
  userData: async ({}, use) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'contract-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  launch: async ({ userData }, use) => {
    const launched: { readonly electronApp: ElectronApplication; readonly child: ChildProcess }[] = [];
    await use(async (extra) => {
      const electronApp = await _electron.launch({ args: [APPLICATION, `--user-data-dir=${userData}`], env: environment(extra) });
      launched.push({ electronApp, child: electronApp.process() });
      return electronApp;
    });
    for (const { electronApp, child } of launched) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      // Whatever a test has vetoed: exit asks nobody.
      electronApp.evaluate(({ app }) => app.exit(0)).catch(() => undefined);
      await ended;
    }
  },
  electronApp: async ({ launch }, use) => {
    await use(await launch());
  },
  page: async ({ electronApp }, use) => {
    const page = await electronApp.firstWindow();
    await page.locator('main').waitFor();
    // Its own script, a module, has run by then, and no sooner for certain.
    await page.waitForLoadState();
    await use(page);
  },
});
