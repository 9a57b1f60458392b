import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { credentialsRoutes } from '../../shared/api/credentials.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { runToEnd } from '../../scripts/processes/finished-process.ts';
import { startXrdpTarget, type XrdpTarget } from '../targets/xrdp-target.ts';
import { japaneseKeys, type TypedKey } from '../fixtures/keyboard-places.ts';
import type { WholeSystem } from '../fixtures/whole-system.ts';
import { expect, test } from './fixtures.ts';
import type { OpenApp } from './launch-app.ts';
import { connect, openFrom, openMenu, playRecording, saveFilesTo } from './page-actions.ts';

/** Lines that are typed end in a file; a scene is shown, and the display's own frame is kept, whenever it is asked for. `display` says 1 also where it has drawn. */
const DESKTOP = `
cd "$SHARED"
(while sleep 0.2; do
  if [ -e scene.png ] && [ ! -e shown ]; then display -window root scene.png; touch shown; fi
  if [ -e wanted ]; then rm wanted; import -window root frame.new.png && mv frame.new.png frame.png; fi
  if [ -e copy ]; then rm copy; printf 'file://%s/report.bin\\r\\n' "$SHARED" | xclip -selection clipboard -t text/uri-list -i; fi
  if [ -e paste ] && timeout 5 xclip -o -selection clipboard -t TARGETS > kinds 2>/dev/null && grep -q text/uri-list kinds; then rm paste; touch offered; fi
  xdpyinfo | sed -n 's/.*dimensions: *\\([0-9x]*\\).*/\\1/p' > size
done) &
exec xterm -geometry 40x4+0+0 -e sh -c 'while read -r line; do printf "%s\\n" "$line" >> typed; done'`;

test.describe('RDP in a window', () => {
  let target: XrdpTarget;
  test.beforeAll(async () => {
    target = await startXrdpTarget(DESKTOP);
  });
  test.afterAll(async () => {
    await target.stop();
  });

  test('S20, S58: the gateway signs on, the picture is the display\'s own, each printable key of a Japanese keyboard arrives, and the desktop follows the window', async ({ app, system }) => {
    test.setTimeout(240_000);
    await addResource(system, 'desk-01', target, target.password);
    await tellJapaneseKeyboard(app.main);
    const session = await connect(app, 'desk-01', 'RDP');
    const canvas = session.locator('.rdp-area canvas');
    await expect(canvas).toBeVisible({ timeout: 60_000 });
    await expect(session.getByLabel('State of the session')).toContainText('Recorded');

    await canvas.click({ position: { x: 100, y: 30 } });
    await expect
      .poll(async () => {
        await session.keyboard.type('abc-12');
        await session.keyboard.press('Enter');
        return fileOf(target, 'typed');
      }, { timeout: 60_000, intervals: [500] })
      .toContain('abc-12');
    await pressPlaces(session, japaneseKeys.keys);
    await expect.poll(() => fileOf(target, 'typed').split('\n').at(-1), { timeout: 60_000 }).toBe(japaneseKeys.writes);

    await untilDesktopFits(session, target);
    await compareScene(session, target);

    // S58: who comes late sees what the user sees, and what becomes of it in another size.
    await app.main.getByRole('navigation').getByRole('button', { name: /^Sessions/ }).click();
    const watch = await app.nextWindow(() => app.main.getByRole('button', { name: /^Watch the session of .* on desk-01$/ }).click());
    const sameAsUser = async (): Promise<boolean> => {
      const files = [join(test.info().outputDir, 'of-user.png'), join(test.info().outputDir, 'of-watcher.png')] as const;
      writeFileSync(files[0], await picture(session));
      writeFileSync(files[1], await picture(watch, '.watch-desktop canvas'));
      return (await difference(...files)) < 0.01;
    };
    await expect.poll(sameAsUser, { timeout: 60_000 }).toBe(true);
    await expect(session.getByLabel('State of the session')).toContainText('Being watched');
    await watch.screenshot({ path: test.info().outputPath('watched.png') });

    const before = await sizeOf(session);
    const window = await app.electronApp.browserWindow(session);
    await window.evaluate((browserWindow) => browserWindow.setBounds({ width: 1100, height: 720 }));
    await expect.poll(() => sizeOf(session), { timeout: 60_000 }).not.toBe(before);
    await untilDesktopFits(session, target);
    await expect.poll(sameAsUser, { timeout: 60_000 }).toBe(true);
    await session.screenshot({ path: test.info().outputPath('desktop.png') });

    await crossFiles(app, session, target);

    const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';
    await target.kill();
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible({ timeout: 60_000 });
    await expect(watch.getByRole('alert', { name: 'Session ended' })).toBeVisible();
    await watch.close();
    await expect.poll(async () => (await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items.map(({ protocol, state }) => `${protocol} ${state}`), { timeout: 60_000 }).toEqual(['rdp sealed']);
    await comparePlayed(app, session, reference);
    await exportFilm(app, await sizeOf(session));
  });
});

/** Has the browser say of the user's keyboard, to pages that are opened from now on, what it says of a Japanese one. */
async function tellJapaneseKeyboard(page: Page): Promise<void> {
  await page.context().addInitScript(() => {
    const getLayoutMap = () => Promise.resolve(new Map([['BracketLeft', '@'], ['BracketRight', '[']]));
    Object.defineProperty(navigator, 'keyboard', { value: { getLayoutMap } });
  });
}

/** Presses keys by their places, and Enter behind them; what a place means is the layout's affair, and here the target's. */
async function pressPlaces(page: Page, keys: readonly TypedKey[]): Promise<void> {
  const browser = await page.context().newCDPSession(page);
  const press = async (code: string): Promise<void> => {
    for (const type of ['rawKeyDown', 'keyUp'] as const) await browser.send('Input.dispatchKeyEvent', { type, code, key: 'Unidentified' });
  };
  for (const { code, held } of keys) {
    if (held !== undefined) await browser.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', code: held, key: 'Unidentified' });
    await press(code);
    if (held !== undefined) await browser.send('Input.dispatchKeyEvent', { type: 'keyUp', code: held, key: 'Unidentified' });
  }
  await press('Enter');
  await browser.detach();
}

/** Files by the clipboard, with the tools that say so: from the target byte for byte; to it as far as that its desktop is offered them (xrdp shows contents by FUSE, which not every machine has). */
async function crossFiles({ electronApp }: OpenApp, session: Page, target: XrdpTarget): Promise<void> {
  const [chosen, contents] = [test.info().outputPath('chosen'), randomBytes(1_500_000)];
  mkdirSync(chosen, { recursive: true });
  writeFileSync(join(target.shared, 'report.bin'), contents);
  writeFileSync(join(target.shared, 'copy'), '');
  const take = session.getByRole('button', { name: /Take files/ });
  await expect(take).toContainText('1', { timeout: 60_000 });
  await openFrom(electronApp, chosen);
  await take.click();
  await expect(session.getByText('1 file was saved.')).toBeVisible({ timeout: 60_000 });
  await session.screenshot({ path: test.info().outputPath('files-taken.png') });
  expect(readFileSync(join(chosen, 'report.bin')).equals(contents)).toBe(true);

  const sent = test.info().outputPath('to send.bin');
  writeFileSync(sent, contents.subarray(0, 700_000));
  await openFrom(electronApp, sent);
  await session.getByRole('button', { name: 'Send files' }).click();
  await expect(session.getByText(/1 file is in the target’s clipboard/)).toBeVisible();
  writeFileSync(join(target.shared, 'paste'), '');
  await expect.poll(() => existsSync(join(target.shared, 'offered')), { timeout: 60_000 }).toBe(true);
  await session.getByRole('button', { name: 'Close', exact: true }).click();
}

async function addResource(system: WholeSystem, name: string, target: XrdpTarget, password: string): Promise<void> {
  const credential = await system.admin.call(credentialsRoutes.credentialCreate, { body: { kind: 'password', name, userName: target.user, password } });
  const { tags } = system.live;
  const resource = await system.admin.call(resourcesRoutes.resourceCreate, {
    body: { name, operatingSystem: 'linux', tags: tags.filter((tag) => tag.startsWith('gateway-')), address: target.host, protocols: [{ protocol: 'rdp', port: target.port }], credentialId: credential.id, allowSpecialAddress: true },
  });
  // Rule 14: the certificate is confirmed by an administrator, out of a connection test.
  const seen = await system.admin.call(resourcesRoutes.resourceConnectionTest, { params: { resourceId: resource.id }, body: { protocol: 'rdp' } });
  expect(seen.identity?.fingerprint).toBe(target.fingerprint);
  await system.admin.call(resourcesRoutes.resourceConfirmIdentity, { params: { resourceId: resource.id }, body: { fingerprint: target.fingerprint } });
}

/** Rule 38: a scene of thousands of colours with text. What the window shows is what the display holds, within the codec's error; one point aside is not. */
async function compareScene(session: Page, target: XrdpTarget): Promise<void> {
  const folder = test.info().outputDir;
  mkdirSync(folder, { recursive: true });
  const [width = '0', height = '0'] = (await sizeOf(session)).split('x');
  await mustRun('convert', ['-size', `${width}x${height}`, '-seed', '38', 'plasma:fractal', '-pointsize', '28', '-fill', 'white', '-annotate', '+120+200', 'The quick brown fox 0123456789', '-depth', '8', join(target.shared, 'scene.new.png')]);
  renameSync(join(target.shared, 'scene.new.png'), join(target.shared, 'scene.png'));
  await expect.poll(() => existsSync(join(target.shared, 'shown')), { timeout: 60_000 }).toBe(true);
  const [frame, shown, aside] = [join(target.shared, 'frame.png'), join(folder, 'shown.png'), join(folder, 'aside.png')];
  await expect
    .poll(async () => {
      writeFileSync(join(target.shared, 'wanted'), '');
      await expect.poll(() => existsSync(join(target.shared, 'wanted'))).toBe(false);
      await expect.poll(() => existsSync(frame)).toBe(true);
      writeFileSync(shown, await picture(session));
      return await difference(frame, shown);
    }, { timeout: 60_000, intervals: [500] })
    .toBeLessThan(0.025);
  await mustRun('convert', [shown, '-roll', '+1+0', aside]);
  const right = await difference(frame, shown);
  expect(await difference(frame, aside)).toBeGreaterThan(right * 2);
}

/** Rule 38: played to its end, the recording shows what the session's window showed last, point for point; also when it is begun anew after that. */
async function comparePlayed({ main }: OpenApp, session: Page, reference: string): Promise<void> {
  const last = await pixels(session.locator('.rdp-area canvas'));
  const played = main.getByRole('group', { name: 'Played desktop' }).locator('canvas');
  await openMenu(main, 'Session recordings');
  await playRecording(main, reference, 'desk-01');
  const position = main.getByRole('slider', { name: 'Position' });
  for (const _ of ['first', 'anew']) {
    await position.press('End');
    await expect.poll(async () => (await pixels(played)) === last, { timeout: 60_000 }).toBe(true);
    await main.screenshot({ path: test.info().outputPath('player.png') });
    await position.press('Home');
    await expect.poll(async () => (await pixels(played)) === last, { timeout: 60_000 }).toBe(false);
  }
  // Rule 25: once derived, the picture of a jump is there before the recording is decoded up to it.
  await expect(main.getByText('Getting ready to jump')).toHaveCount(0, { timeout: 60_000 });
  await position.press('End');
  await expect.poll(async () => (await pixels(main.locator('.player-derived canvas'))) === last, { timeout: 60_000 }).toBe(true);
  await expect.poll(async () => (await pixels(played)) === last, { timeout: 60_000 }).toBe(true);
  await expect(main.locator('.player-derived')).toBeHidden();
  await expect(main.getByRole('alert')).toHaveCount(0);
}

/** The recording is saved as a film: WebM, whose first frame is a key frame of VP8 (RFC 6386 section 9.1) of the desktop's size. */
async function exportFilm({ main, electronApp }: OpenApp, size: string): Promise<void> {
  const path = test.info().outputPath('film.webm');
  await saveFilesTo(electronApp, path);
  await main.getByRole('button', { name: 'Export as WebM' }).click();
  await expect(main.getByText('The recording was saved.')).toBeVisible({ timeout: 60_000 });
  const film = readFileSync(path);
  expect(film.subarray(0, 4).toString('hex')).toBe('1a45dfa3');
  const keyFrame = film.indexOf(Buffer.from('9d012a', 'hex'));
  expect(keyFrame).toBeGreaterThan(0);
  const even = (side: number): number => side - (side % 2);
  const [width = 0, height = 0] = size.split('x').map(Number);
  const [filmWidth, filmHeight] = [film.readUInt16LE(keyFrame + 3) & 0x3fff, film.readUInt16LE(keyFrame + 5) & 0x3fff];
  expect(filmWidth).toBeGreaterThan(0);
  expect(filmWidth).toBeLessThanOrEqual(even(width));
  expect(filmHeight).toBeLessThanOrEqual(even(height));
  expect(existsSync(`${path}.part`)).toBe(false);
}

/** Size and hash of every point's colour; a canvas that nothing was drawn into has no colour. */
function pixels(canvas: Locator): Promise<string> {
  return canvas.evaluate(async (element) => {
    if (!(element instanceof HTMLCanvasElement) || element.width === 0) return 'none';
    const { data } = element.getContext('2d')?.getImageData(0, 0, element.width, element.height) ?? { data: new Uint8ClampedArray(0) };
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
    return `${element.width}x${element.height} ${btoa(String.fromCharCode(...digest))}`;
  });
}

/** The canvas as it is, point for point. */
async function picture(session: Page, canvases = '.rdp-area canvas'): Promise<Buffer> {
  const base64 = await session.locator(canvases).evaluate((canvas) => (canvas instanceof HTMLCanvasElement ? (canvas.toDataURL('image/png').split(',')[1] ?? '') : ''));
  return Buffer.from(base64, 'base64');
}

/** Root mean square of the difference of two pictures, from 0 to 1. */
async function difference(one: string, other: string): Promise<number> {
  const { errors } = await runToEnd('compare', ['-metric', 'RMSE', one, other, 'null:']);
  return Number(/\(([\d.e-]+)\)/.exec(errors)?.[1] ?? Number.NaN);
}

function sizeOf(session: Page): Promise<string> {
  return session.locator('.rdp-area canvas').evaluate((canvas) => (canvas instanceof HTMLCanvasElement ? `${canvas.width}x${canvas.height}` : ''));
}

/** The desktop has the size of what the window shows, which may change on the way there. */
async function untilDesktopFits(session: Page, target: XrdpTarget): Promise<void> {
  await expect.poll(async () => fileOf(target, 'size') === (await sizeOf(session)), { timeout: 60_000 }).toBe(true);
}

function fileOf(target: XrdpTarget, name: string): string {
  const file = join(target.shared, name);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

async function mustRun(command: string, parameters: readonly string[]): Promise<void> {
  const ended = await runToEnd(command, parameters);
  if (ended.code !== 0) throw new Error(`${command} failed: ${ended.errors}`);
}
