import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test as base, type TestInfo } from '@playwright/test';
import { ownDisplay } from '../fixtures/own-display.ts';
import { startWholeSystem, type WholeSystem } from '../fixtures/whole-system.ts';
import { launchApp, type OpenApp } from './launch-app.ts';
import { signedIn } from './page-actions.ts';

export { expect } from '@playwright/test';

export const ADMIN = { name: 'e2e-admin', password: 'correct horse battery staple' } as const;

interface OpenOptions {
  readonly userData?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** More switches of Chromium. */
  readonly args?: readonly string[];
}

interface WorkerFixtures {
  readonly ownDisplay: undefined;
  readonly system: WholeSystem;
}

interface TestFixtures {
  /** Opens the app on a user-data folder (a new one unless given) and waits for its first page. */
  readonly openApp: (options?: OpenOptions) => Promise<OpenApp>;
  /** The app with the administrator signed in, and the terminal's text in the page. */
  readonly app: OpenApp;
}

/** Service, gateway and target as real processes, once for all tests of a worker; the app anew for each test. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the fixtures used from the pattern
  ownDisplay: [({}, use, info) => ownDisplay({}, use, info), { scope: 'worker', auto: true, timeout: 60_000 }],
  system: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the fixtures used from the pattern
    async ({}, use) => {
      const system = await startWholeSystem();
      await system.addUser(ADMIN.name, 'admin', ADMIN.password);
      await use(system);
      await system.stop();
    },
    { scope: 'worker', timeout: 300_000 },
  ],
  openApp: async ({ system }, use, info) => {
    const folders: string[] = [];
    const opened = new Set<OpenApp>();
    await use(async ({ userData, env, args } = {}) => {
      const folder = userData ?? mkdtempSync(join(tmpdir(), 'mavis-app-'));
      if (userData === undefined) folders.push(folder);
      const app = await launchApp(folder, env, args);
      opened.add(app);
      // One that a test killed is not closed again.
      app.electronApp.on('close', () => opened.delete(app));
      return app;
    });
    // Whatever a test left open: exit asks nobody.
    for (const { electronApp } of opened) {
      const gone = electronApp.waitForEvent('close', { timeout: 60_000 });
      await electronApp.evaluate(({ app }) => app.exit(0)).catch(() => undefined);
      await gone;
    }
    if (info.status !== info.expectedStatus) await attachLogs(info, [join(system.folder, 'logs', 'service.log'), join(system.folder, 'logs', 'gateway.log'), ...folders.map((folder) => join(folder, 'logs', 'client.log'))]);
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  app: async ({ openApp, system }, use) => {
    await use(await signedIn(await openApp(), system, ADMIN.name, ADMIN.password));
  },
});

/** Puts the ends of logs that are there into a test's report. */
export async function attachLogs(info: TestInfo, files: readonly string[]): Promise<void> {
  for (const file of files) if (existsSync(file)) await info.attach(basename(file), { body: readFileSync(file, 'utf8').slice(-100_000), contentType: 'text/plain' });
}
