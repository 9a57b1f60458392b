import { expect } from '@playwright/test';
import { test } from './fixture.ts';

test('values keep their types from page to main and back', async ({ page }) => {
  const kept = await page.evaluate(`(async () => {
    const sent = [new Map([['a', 1]]), new Date(5), undefined, 10n, new Float32Array([1.5]), { $: [{ deep: true }] }, NaN, null, new ArrayBuffer(3)];
    const [map, date, nothing, big, floats, nested, notANumber, nil, bytes] = await window.fixture.invoke('echo', ...sent);
    return [
      map instanceof Map && map.get('a'),
      date instanceof Date && date.getTime(),
      nothing === undefined,
      big === 10n,
      floats instanceof Float32Array && floats[0],
      JSON.stringify(nested),
      Number.isNaN(notANumber),
      nil === null,
      bytes instanceof ArrayBuffer && bytes.byteLength,
    ];
  })()`);
  expect(kept).toEqual([1, 5, true, true, 1.5, '{"$":[{"deep":true}]}', true, true, 3]);
});

test('errors carry Electron’s wording', async ({ page }) => {
  const failure = (channel: string): Promise<unknown> => page.evaluate(`window.fixture.invoke('${channel}').catch((error) => error.message)`);
  expect(await failure('fail')).toBe("Error invoking remote method 'fail': RangeError: out of range");
  expect(await failure('nobody')).toBe("Error invoking remote method 'nobody': Error: No handler registered for 'nobody'");
  expect(await failure('uncloneable')).toContain('An object could not be cloned.');
});

test('the sender is known by frame, address and origin', async ({ page }) => {
  const who = await page.evaluate('window.fixture.invoke("who")');
  expect(who).toMatchObject({ url: 'app://bundle/page.html', origin: 'app://bundle', isTop: true, sameContents: true });
});

test('messages go both ways without an answer being awaited', async ({ page }) => {
  await page.evaluate('window.fixture.send("said", { n: 1 })');
  await expect.poll(() => page.evaluate('window.fixture.seen()')).toEqual([['answer', { n: 1 }]]);
});

test('the context bridge passes callbacks, bytes and errors, and is frozen', async ({ page }) => {
  const seen = await page.evaluate('(() => { let seen; window.fixture.callBack((word, bytes) => { seen = [word, [...bytes]]; }); return seen; })()');
  expect(seen).toEqual(['called', [1, 2, 3]]);
  expect(await page.evaluate('(() => { try { window.fixture.fail(); } catch (error) { return error.message; } })()')).toContain('failed on purpose');
  expect(await page.evaluate('Object.isFrozen(window.fixture)')).toBe(true);
});

test('handlers work for each window alone too', async ({ electronApp, page }) => {
  await electronApp.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.webContents.ipc.handle('alone', () => 'mine');
  });
  expect(await page.evaluate('window.fixture.invoke("alone")')).toBe('mine');
});

test('after a reload the page has its preload, and messages reach the new document', async ({ electronApp, page }) => {
  await page.reload();
  await page.locator('main').waitFor();
  expect(await page.evaluate('window.fixture.invoke("echo", 7)')).toEqual([7]);
  await electronApp.evaluate(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    window?.webContents.once('did-finish-load', () => window.webContents.send('tell', 'fresh'));
    window?.webContents.reload();
  });
  await expect.poll(() => page.evaluate('window.fixture?.seen()').catch(() => undefined)).toEqual([['fresh']]);
});
