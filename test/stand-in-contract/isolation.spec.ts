import { expect } from '@playwright/test';
import { test } from './fixture.ts';

test('permissions are what the application’s handler answers', async ({ electronApp, page }) => {
  const state = await page.evaluate(`(async () => ({
    geolocation: (await navigator.permissions.query({ name: 'geolocation' })).state,
    microphone: (await navigator.permissions.query({ name: 'microphone' })).state,
    clipboard: (await navigator.permissions.query({ name: 'clipboard-read' })).state,
    notifications: Notification.permission,
    position: await new Promise((resolve) => navigator.geolocation.getCurrentPosition(() => resolve('given'), (error) => resolve(error.code))),
    camera: await navigator.mediaDevices.getUserMedia({ video: true }).then(() => 'given', (error) => error.name),
  }))()`);
  expect(state).toMatchObject({ geolocation: 'denied', microphone: 'denied', clipboard: 'denied', position: 1 });
  expect(state).toHaveProperty('camera', expect.stringMatching(/NotAllowedError|NotFoundError/));
  expect(await electronApp.evaluate(() => globalThis.fixture.permissions)).toContain('geolocation');
});

test('pages open no windows, and the application is told', async ({ electronApp, page }) => {
  expect(await page.evaluate("window.open('https://example.com/pop') === null")).toBe(true);
  await page.locator('#outside').click();
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.opened)).toEqual(['https://example.com/pop', 'https://example.com/']);
  expect(electronApp.windows()).toHaveLength(1);
  expect(await electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
});

test('navigation is vetoed and the page stays as it is', async ({ electronApp, page }) => {
  await page.getByLabel('Text').fill('still here');
  await page.locator('#away').click();
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.navigations)).toEqual(['app://bundle/other.html']);
  await page.evaluate("void (location.href = 'https://example.com/')");
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.navigations)).toEqual(['app://bundle/other.html', 'https://example.com/']);
  await expect(page.getByLabel('Text')).toHaveValue('still here');
  expect(await page.evaluate('window.fixture.invoke("echo", 1)')).toEqual([1]);
  expect(await electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getURL())).toBe('app://bundle/page.html');
});

test('the application itself may load another page', async ({ electronApp, page }) => {
  await electronApp.evaluate(async ({ BrowserWindow }) => {
    await BrowserWindow.getAllWindows()[0]?.loadURL('app://bundle/other.html');
  });
  await expect(page.getByRole('heading', { name: 'Other' })).toBeVisible();
  expect(await page.evaluate('window.fixture.invoke("who")')).toMatchObject({ url: 'app://bundle/other.html' });
});

test('a load that fails is told with code and address', async ({ electronApp, page }) => {
  await page.locator('main').waitFor();
  const failure = await electronApp.evaluate(async ({ BrowserWindow }) => {
    try {
      await BrowserWindow.getAllWindows()[0]?.loadURL('http://127.0.0.1:1/');
      return undefined;
    } catch (error) {
      const { code, errno, message } = error as Error & { code: string; errno: number };
      return { code, errno, message };
    }
  });
  expect(failure).toMatchObject({ code: expect.stringMatching(/^ERR_(CONNECTION_REFUSED|UNSAFE_PORT)$/), message: expect.stringContaining("loading 'http://127.0.0.1:1/'") });
});

test('the content security policy holds', async ({ page }) => {
  expect(await page.evaluate('window.inlineHasRun')).toBe(undefined);
  const blocked = await page.evaluate(`(async () => {
    const outside = await fetch('https://example.com/').then(() => 'fetched', () => 'refused');
    const script = await new Promise((resolve) => {
      const element = document.createElement('script');
      element.textContent = 'window.inlineHasRun = true';
      document.body.append(element);
      setTimeout(() => resolve(window.inlineHasRun), 50);
    });
    return { outside, script, violations: window.violations.map((name) => name.replace(/-elem$/, '')) };
  })()`);
  expect(blocked).toMatchObject({ outside: 'refused', script: undefined });
  expect(blocked).toHaveProperty('violations', expect.arrayContaining(['connect-src', 'script-src']));
});

test('workers and their requests are served by the custom scheme', async ({ page }) => {
  expect(await page.evaluate(`new Promise((resolve) => { new Worker('worker.js').onmessage = (event) => resolve(event.data); })`)).toBe(true);
});

test('nothing of Node or of the preload’s world is in the page', async ({ page }) => {
  expect(await page.evaluate('[typeof require, typeof process, typeof module, typeof ipcRenderer]')).toEqual(['undefined', 'undefined', 'undefined', 'undefined']);
  expect(await page.evaluate('isSecureContext')).toBe(true);
});
