import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect } from '@playwright/test';
import { APPLICATION, environment, test } from './fixture.ts';

const ELECTRON = createRequire(import.meta.url).resolve('electron/cli.js');

test('the application knows who and where it is', async ({ electronApp, userData }) => {
  const known = await electronApp.evaluate(({ app }) => ({ name: app.name, version: app.getVersion(), packaged: app.isPackaged, appPath: app.getAppPath(), userData: app.getPath('userData'), locale: app.getLocale(), electron: typeof process.versions['electron'] }));
  expect(known).toMatchObject({ name: 'Contract Fixture', version: '1.2.3', packaged: false, appPath: APPLICATION, userData, electron: 'string' });
  expect(known.locale).toMatch(/^[a-z]{2}(-[A-Za-z]+)*$/);
});

test('closing the last window ends the application, in order', async ({ launch }) => {
  const electronApp = await launch({ FIXTURE_TRACE: '1' });
  const child = electronApp.process();
  let output = '';
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
  const page = await electronApp.firstWindow();
  await page.locator('main').waitFor();
  const closed = electronApp.waitForEvent('close');
  await electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  await closed;
  // What the process wrote last may be read after its end.
  await expect.poll(() => [...output.matchAll(/^event (\S+)$/gm)].map((match) => match[1]).slice(-4)).toEqual(['window-all-closed', 'before-quit', 'will-quit', 'quit']);
  expect(child.exitCode).toBe(0);
});

test('a window’s close is vetoed, and destroy is not', async ({ electronApp, page }) => {
  await page.getByLabel('Text').fill('still here');
  await electronApp.evaluate(({ BrowserWindow }) => {
    globalThis.fixture.vetoClose = true;
    BrowserWindow.getAllWindows()[0]?.close();
  });
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.events.includes('page.html close'))).toBe(true);
  await expect(page.getByLabel('Text')).toHaveValue('still here');
  await electronApp.evaluate(({ app }) => app.quit());
  expect(await electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  const closed = electronApp.waitForEvent('close');
  await electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.destroy());
  await closed;
});

test('quitting is vetoed', async ({ electronApp, page }) => {
  await electronApp.evaluate(({ app }) => {
    globalThis.fixture.vetoQuit = true;
    app.quit();
  });
  await expect(page.locator('main')).toBeVisible();
  await electronApp.evaluate(() => {
    globalThis.fixture.vetoQuit = false;
  });
});

test('a page may close its own window', async ({ launch }) => {
  const electronApp = await launch();
  const page = await electronApp.firstWindow();
  await page.locator('main').waitFor();
  const closed = electronApp.waitForEvent('close');
  await page.evaluate('void setTimeout(() => window.close(), 10)');
  await closed;
});

test('a second instance ends at once and tells the first one', async ({ electronApp, page, userData }) => {
  await page.locator('main').waitFor();
  const second = spawn(process.execPath, [ELECTRON, APPLICATION, `--user-data-dir=${userData}`, '--', 'mavis://open'], { env: environment(), stdio: 'ignore', cwd: path.dirname(APPLICATION) });
  const [code] = (await once(second, 'exit')) as [number];
  expect(code).toBe(0);
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.secondInstances.length)).toBe(1);
  const [told] = await electronApp.evaluate(() => globalThis.fixture.secondInstances);
  expect(told?.argv).toContain('mavis://open');
  expect(told?.additionalData).toEqual({ hello: 'first' });
});

test('the exit code is the application’s', async ({ launch }) => {
  const electronApp = await launch();
  const child = electronApp.process();
  const closed = electronApp.waitForEvent('close');
  await electronApp.evaluate(({ app }) => app.exit(7)).catch(() => undefined);
  await closed;
  expect(child.exitCode).toBe(7);
});
