import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { ADMIN, expect, test } from './fixtures.ts';
import type { OpenApp } from './launch-app.ts';
import { connect, signedIn, signIn, untilRecorded } from './page-actions.ts';

/** Has the app's questions answered with their first button, and gives their messages. */
async function agree({ electronApp }: OpenApp): Promise<() => Promise<unknown>> {
  await electronApp.evaluate(({ dialog }) => {
    const asked: string[] = [];
    Object.assign(globalThis, { askedMessages: asked });
    Object.assign(dialog, {
      showMessageBox: (...given: unknown[]) => {
        asked.push(String(Reflect.get(Object(given.at(-1)), 'message')));
        return Promise.resolve({ response: 0, checkboxChecked: false });
      },
    });
  });
  return () => electronApp.evaluate((): unknown => Reflect.get(globalThis, 'askedMessages'));
}

async function placeOf({ electronApp }: OpenApp, page: Page): Promise<Electron.Rectangle> {
  return (await electronApp.browserWindow(page)).evaluate((window) => window.getBounds());
}

async function put({ electronApp }: OpenApp, page: Page, place: Electron.Rectangle): Promise<void> {
  await (await electronApp.browserWindow(page)).evaluate((window, at) => window.setBounds(at), place);
}

/** Quits as a user does, who agrees that the sessions end. */
async function quit({ electronApp }: OpenApp): Promise<void> {
  const gone = electronApp.waitForEvent('close', { timeout: 60_000 });
  await electronApp.evaluate(({ app }) => app.quit());
  await gone;
}

test('windows of sessions that were open when the app was quit are offered after the next sign-in, and stand where they stood, but for one whose screen is no more', async ({ openApp, system }) => {
  const userData = mkdtempSync(join(tmpdir(), 'mavis-reopened-'));
  try {
    const before = await signedIn(await openApp({ userData }), system, ADMIN.name, ADMIN.password);
    const first = await connect(before, system.live.name);
    await untilRecorded(first);
    const second = await connect(before, system.live.name);
    await untilRecorded(second);
    const there = { x: 220, y: 130, width: 700, height: 480 };
    await put(before, first, there);
    // On a second screen, which the next start has not.
    await put(before, second, { x: 9000, y: 90, width: 640, height: 420 });
    await expect.poll(() => placeOf(before, first)).toEqual(there);
    // Here the display holds back what would be far out of it: by its edge nothing is left to take hold of, either.
    await expect.poll(async () => (await placeOf(before, second)).x).toBeGreaterThan(1500);
    expect(await (await agree(before))()).toEqual([]);
    await quit(before);

    const after = await openApp({ userData });
    const asked = await agree(after);
    const opened: Page[] = [];
    after.electronApp.on('window', (page) => opened.push(page));
    await signIn(after.main, ADMIN.name, ADMIN.password);
    await expect.poll(() => opened.length, { timeout: 60_000 }).toBe(2);
    expect(await asked()).toEqual(['Open the 2 sessions of last time again?']);
    for (const page of opened) await untilRecorded(page);
    const screens = await after.electronApp.evaluate(({ screen }) => screen.getAllDisplays().map(({ workArea }) => workArea));
    const placesNow = () => Promise.all(opened.map((page) => placeOf(after, page)));
    await expect.poll(placesNow).toContainEqual(there);
    const inSight = ({ x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }) => screens.some((screen) => x < screen.x + screen.width - 99 && x + width > screen.x + 99 && y < screen.y + screen.height - 99 && y + height > screen.y + 99);
    await expect.poll(async () => (await placesNow()).filter((place) => !inSight(place)), { message: JSON.stringify(screens) }).toEqual([]);
    await agree(after);
    await quit(after);
  } finally {
    rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
  }
});

test('zoom: Larger in the menu enlarges every window, one that is opened later too, and the app keeps it; Actual size takes it back (WCAG 1.4.4)', async ({ openApp, system }) => {
  const userData = mkdtempSync(join(tmpdir(), 'mavis-zoomed-'));
  const factors = ({ electronApp }: OpenApp) => electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map(({ webContents }) => Math.round(webContents.getZoomFactor() * 100)));
  const wide = (page: Page) => page.evaluate(() => innerWidth);
  try {
    const before = await signedIn(await openApp({ userData }), system, ADMIN.name, ADMIN.password);
    const actual = await wide(before.main);
    for (const [key, percent] of [['Control+Minus', 90], ['Control+Digit0', 100]] as const) {
      await before.main.keyboard.press(key);
      await expect.poll(() => factors(before)).toEqual([percent]);
    }
    await before.main.evaluate(() => window.mavis.app.runAction({ actionId: 'view.zoom-in' }));
    await expect.poll(() => factors(before)).toEqual([110]);
    await before.main.evaluate(() => window.mavis.settings.update({ changes: { zoomPercent: 200 } }));
    await expect.poll(() => wide(before.main)).toBe(Math.round(actual / 2));
    const session = await connect(before, system.live.name);
    await untilRecorded(session);
    await expect.poll(() => factors(before)).toEqual([200, 200]);
    await agree(before);
    await quit(before);

    const after = await openApp({ userData });
    await expect.poll(() => factors(after)).toEqual([200]);
    await after.main.keyboard.press('Control+Digit0');
    await expect.poll(() => factors(after)).toEqual([100]);
    // To a pixel: the stand-in's zoomed viewports are whole ones, and its window may take the size of one.
    await expect.poll(async () => Math.abs((await wide(after.main)) - actual)).toBeLessThanOrEqual(1);
  } finally {
    rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
  }
});
