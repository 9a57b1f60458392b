import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN, attachLogs, expect, test } from './fixtures.ts';
import { launchApp, type OpenApp } from './launch-app.ts';
import { signedIn } from './page-actions.ts';

/**
 * One app for the tests of a file whose matter is the session's window, not the start of the app, which takes half of such a
 * test's time. The administrator is signed in; after each test the windows of its sessions are gone, and the main window shows the
 * resources. A test that failed is followed by a new app. Call it once in the file; the result gives the app within a test.
 */
export function sharedApp(): () => OpenApp {
  let folder: string | undefined;
  let app: OpenApp | undefined;
  const shared = (): OpenApp => {
    if (app === undefined) throw new Error('the app is open only while tests run');
    return app;
  };
  test.beforeAll(async ({ system }) => {
    test.setTimeout(240_000);
    folder = mkdtempSync(join(tmpdir(), 'mavis-app-'));
    app = await signedIn(await launchApp(folder), system, ADMIN.name, ADMIN.password);
  });
  test.afterEach(async ({ system }, info) => {
    if (info.status !== info.expectedStatus) {
      await attachLogs(info, [join(system.folder, 'logs', 'service.log'), join(system.folder, 'logs', 'gateway.log'), join(folder ?? '', 'logs', 'client.log')]);
      return;
    }
    const { electronApp, main } = shared();
    const mainId = await (await electronApp.browserWindow(main)).evaluate((window) => window.id);
    await electronApp.evaluate(({ BrowserWindow }, kept) => {
      for (const window of BrowserWindow.getAllWindows()) if (window.id !== kept) window.destroy();
    }, mainId);
    await expect.poll(() => electronApp.windows().length).toBe(1);
    await main.getByRole('navigation').getByRole('button', { name: /^Resources/ }).click();
    await main.getByRole('searchbox', { name: 'Search resources' }).fill('');
  });
  test.afterAll(async () => {
    const gone = app?.electronApp.waitForEvent('close', { timeout: 60_000 });
    await app?.electronApp.evaluate(({ app: electron }) => electron.exit(0)).catch(() => undefined);
    await gone;
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return shared;
}
