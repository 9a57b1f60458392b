import { execFileSync } from 'node:child_process';
import { expect } from '@playwright/test';
import { distribution, test } from './fixture.ts';

// These speak of the stand-in itself; Electron has no such promises.
test.skip(distribution.kind === 'electron', 'only the stand-in');

test('what is not covered throws, and says so', async ({ electronApp, page }) => {
  await page.locator('main').waitFor();
  const messages = await electronApp.evaluate(({ app, BrowserWindow, session, WebContentsView }) => {
    const [window] = BrowserWindow.getAllWindows();
    const attempts: (() => unknown)[] = [
      () => new WebContentsView(),
      () => window?.setVibrancy('menu'),
      () => window?.webContents.printToPDF({}),
      () => app.getGPUFeatureStatus(),
      () => app.on('nonsense' as 'ready', () => undefined),
      () => session.fromPartition('persist:other'),
      () => session.defaultSession.cookies,
    ];
    return attempts.map((attempt) => {
      try {
        attempt();
        return 'no error';
      } catch (error) {
        return (error as Error).message.replace(/:.*/s, '');
      }
    });
  });
  expect(messages).toEqual(messages.map(() => 'not in the stand-in'));
});

test('keys of the application menu fire where the page leaves them, and those of a window\'s own menu in their place', async ({ electronApp, page }) => {
  await electronApp.evaluate(({ Menu }) => {
    const click = (): unknown => globalThis.fixture.events.push('menu');
    Menu.setApplicationMenu(Menu.buildFromTemplate([{ label: 'Do', submenu: [{ label: 'Do it', accelerator: 'CmdOrCtrl+Shift+K', click }] }]));
  });
  await page.getByLabel('Text').focus();
  await page.keyboard.press('Control+Shift+KeyK');
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.events.filter((event) => event === 'menu').length)).toBe(1);
  await electronApp.evaluate(({ BrowserWindow, Menu }) => {
    const click = (): unknown => globalThis.fixture.events.push('menu of the window');
    BrowserWindow.getAllWindows()[0]?.setMenu(Menu.buildFromTemplate([{ label: 'Do', submenu: [{ label: 'Do it', accelerator: 'CmdOrCtrl+Shift+K', click }] }]));
  });
  await page.keyboard.press('Control+Shift+KeyK');
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.events.filter((event) => typeof event === 'string' && event.startsWith('menu')))).toEqual(['menu', 'menu of the window']);
});

test('calls without effect are recorded', async ({ electronApp, page }) => {
  await page.locator('main').waitFor();
  const names = await electronApp.evaluate(async (electron) => {
    await electron.shell.openExternal('https://example.com/');
    electron.BrowserWindow.getAllWindows()[0]?.flashFrame(true);
    const { calls } = (electron as unknown as { __standIn: { calls: { name: string }[] } }).__standIn;
    return calls.map(({ name }) => name);
  });
  expect(names).toEqual(expect.arrayContaining(['shell.openExternal', 'window.flashFrame']));
});

test('nothing stays when the application is killed', async ({ launch, userData }) => {
  const electronApp = await launch();
  const page = await electronApp.firstWindow();
  await page.locator('main').waitFor();
  const closed = electronApp.waitForEvent('close');
  electronApp.process().kill('SIGKILL');
  await closed;
  const left = (): string => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n').filter((line) => line.includes(userData)).join('\n');
  await expect.poll(left, { timeout: 10_000 }).toBe('');
  const again = await launch();
  await (await again.firstWindow()).locator('main').waitFor();
});
