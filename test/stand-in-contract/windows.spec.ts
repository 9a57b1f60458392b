import { expect } from '@playwright/test';
import { test } from './fixture.ts';

test('several windows at once: each has its keys, its picture and its close', async ({ electronApp, page }) => {
  await electronApp.evaluate(() => {
    for (const x of [0, 100, 200]) globalThis.fixture.openWindow('page.html', { x, y: x, width: 500 + x });
  });
  await expect.poll(() => electronApp.windows().length).toBe(4);
  const pages = electronApp.windows();
  for (const [index, each] of pages.entries()) {
    await each.locator('main').waitFor();
    await each.getByLabel('Text').click();
    await each.keyboard.type(`window ${index}`);
  }
  for (const [index, each] of pages.entries()) await expect(each.getByLabel('Text')).toHaveValue(`window ${index}`);
  for (const each of pages) expect((await each.screenshot()).length).toBeGreaterThan(1000);
  const widths = await Promise.all(pages.map((each) => each.evaluate('innerWidth') as Promise<number>));
  expect(widths.toSorted((first, second) => first - second)).toEqual([500, 600, 640, 700]);
  await pages[3]?.close();
  await expect.poll(() => electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(3);
  await expect(page.locator('main')).toBeVisible();
});

test('a window is found by its page and has bounds, title and states', async ({ electronApp, page }) => {
  const window = await electronApp.browserWindow(page);
  // The page's title reaches its window after the page itself.
  await expect.poll(() => window.evaluate((it) => it.getTitle())).toBe('Contract page');
  expect(await window.evaluate((it) => [it.getSize(), it.isVisible(), it.isDestroyed()])).toEqual([[640, 480], true, false]);
  await window.evaluate((it) => it.setSize(700, 500));
  await expect.poll(() => page.evaluate('[innerWidth, innerHeight]')).toEqual([700, 500]);
  await window.evaluate((it) => it.hide());
  expect(await window.evaluate((it) => it.isVisible())).toBe(false);
  expect((await page.screenshot()).length).toBeGreaterThan(1000);
  await window.evaluate((it) => it.show());
  expect(await window.evaluate((it) => it.isVisible())).toBe(true);
  const image = await window.evaluate(async (it) => (await it.capturePage()).getSize());
  expect(image.width).toBeGreaterThan(600);
});

test('a drag of files to the desktop needs a picture and files', async ({ electronApp, page }) => {
  const window = await electronApp.browserWindow(page);
  for (const item of [{ file: '/etc/hosts' }, { icon: '/etc/hosts', files: [] }]) {
    expect(await window.evaluate((it, wrong) => {
      try {
        Reflect.apply(it.webContents.startDrag, it.webContents, [wrong]);
        return 'taken';
      } catch {
        return 'refused';
      }
    }, item)).toBe('refused');
  }
});

test('a hidden window loads, and is ready before it is shown', async ({ electronApp, page }) => {
  await page.locator('main').waitFor();
  const ready = await electronApp.evaluate(async () => {
    const window = globalThis.fixture.openWindow('other.html', { show: false });
    await new Promise((resolve) => window.once('ready-to-show', () => resolve(true)));
    return [window.isVisible(), window.webContents.getURL()];
  });
  expect(ready).toEqual([false, 'app://bundle/other.html']);
});

test('focus goes to the window that asks for it and is told', async ({ electronApp, page }) => {
  await page.locator('main').waitFor();
  const focused = await electronApp.evaluate(async ({ BrowserWindow }) => {
    const [first] = BrowserWindow.getAllWindows();
    const second = globalThis.fixture.openWindow('other.html');
    await new Promise((resolve) => second.webContents.once('did-finish-load', () => resolve(true)));
    second.focus();
    const told = new Promise((resolve) => first?.once('focus', () => resolve(true)));
    first?.focus();
    return [await told, BrowserWindow.getFocusedWindow() === first];
  });
  expect(focused).toEqual([true, true]);
});

test('zoom makes the page’s viewport smaller, theme and menus reach the page', async ({ electronApp, page }) => {
  await electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(2));
  await expect.poll(() => page.evaluate('innerWidth')).toBe(320);
  await electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(1));
  await expect.poll(() => page.evaluate('innerWidth')).toBe(640);
  await electronApp.evaluate(({ Menu }) => {
    const template = [{ label: 'Do', submenu: [{ id: 'do-it', label: 'Do it', accelerator: 'CmdOrCtrl+Shift+K', click: () => globalThis.fixture.events.push('menu') }] }];
    Menu.setApplicationMenu(Menu.buildFromTemplate(template));
    Menu.getApplicationMenu()?.getMenuItemById('do-it')?.click();
  });
  expect(await electronApp.evaluate(() => globalThis.fixture.events.filter((event) => event === 'menu').length)).toBe(1);
});

test('of zooms that follow each other at once, the last stays', async ({ electronApp, page }) => {
  const actual = await page.evaluate('innerWidth');
  for (let round = 0; round < 10; round += 1) {
    await electronApp.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      for (const factor of [2, 1, 3, 2]) contents?.setZoomFactor(factor);
    });
    await expect.poll(() => page.evaluate('innerWidth')).toBe(Number(actual) / 2);
    await electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(1));
    await expect.poll(() => page.evaluate('innerWidth')).toBe(actual);
    await electronApp.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      contents?.setZoomFactor(2);
      contents?.setZoomFactor(1);
    });
    // Both have been carried out once a page that was asked later has painted.
    await page.evaluate('new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 200))');
    expect(await page.evaluate('innerWidth')).toBe(actual);
  }
});

test('a crashed page is told, and comes back by reload', async ({ electronApp, page }) => {
  await page.locator('main').waitFor();
  await electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer());
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.events.some((event) => typeof event === 'object' && 'crashed' in event))).toBe(true);
  const title = await electronApp.evaluate(async ({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    const loaded = new Promise((resolve) => contents?.once('did-finish-load', () => resolve(true)));
    contents?.reload();
    await loaded;
    return contents?.executeJavaScript('document.title + window.fixture.isSandboxed');
  });
  expect(title).toBe('Contract pagetrue');
});
