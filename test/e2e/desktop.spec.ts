import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import { auditRoutes } from '../../shared/api/audit.ts';
import { credentialsRoutes } from '../../shared/api/credentials.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { usersRoutes } from '../../shared/api/users.ts';
import { vncPasswordFile } from '../../scripts/embedded-system/xvnc.ts';
import { InputMethod } from '../fixtures/input-method.ts';
import type { WholeSystem } from '../fixtures/whole-system.ts';
import { startVncTarget, type VncTarget } from '../targets/vnc-target.ts';
import { ADMIN, expect, test } from './fixtures.ts';
import { connect, find, openMenu, playRecording, untilRecorded } from './page-actions.ts';
import { resizePage } from './page-checks.ts';
import { sharedApp } from './shared-app.ts';

/** A desktop in a real window, over the real gateway, of a real TigerVNC (S20, S58). */
test.describe('a VNC desktop', () => {
  const shared = sharedApp();
  let target: VncTarget;

  test.beforeAll(async () => {
    target = await startVncTarget({ width: 900, height: 560 });
    await target.drawScene(3);
  });
  test.afterAll(async () => {
    await target.stop();
  });

  async function addDesktop(system: WholeSystem, name: string, password = target.password): Promise<void> {
    const { admin } = system;
    const credential = await admin.call(credentialsRoutes.credentialCreate, { body: { kind: 'password', name: `of ${name}`, userName: 'vnc', password } });
    await admin.call(resourcesRoutes.resourceCreate, {
      body: { name, address: target.host, protocols: [{ protocol: 'vnc', port: target.port }], operatingSystem: 'linux', description: '', identities: [], tags: ['gateway-office1'], credentialId: credential.id, allowSpecialAddress: true },
    });
  }

  /** The pixels of a picture in a page, three bytes each. */
  async function drawn(canvas: Locator): Promise<{ width: number; height: number; pixels: Buffer }> {
    const { width, height, base64 } = await canvas.evaluate((element) => {
      if (!(element instanceof HTMLCanvasElement)) throw new Error('no canvas');
      // Before the first picture it has no size.
      const data = element.width === 0 ? new Uint8ClampedArray(0) : element.getContext('2d')?.getImageData(0, 0, element.width, element.height).data ?? new Uint8ClampedArray(0);
      let text = '';
      for (let at = 0; at < data.length; at += 4) text += String.fromCharCode(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0);
      return { width: element.width, height: element.height, base64: btoa(text) };
    });
    return { width, height, pixels: Buffer.from(base64, 'base64') };
  }

  async function same(canvas: Locator): Promise<boolean> {
    const [seen, shown] = [await drawn(canvas), await target.picture()];
    return seen.width === shown.width && seen.height === shown.height && seen.pixels.equals(shown.pixels);
  }

  const pictureOf = (page: Page): Locator => page.locator('.desktop-screen canvas, .player-desktop canvas, .watch-desktop canvas').first();

  test('S20, S58: is drawn as its X server has it, follows the window, takes keys, what an input method writes, and the clipboard\u2019s text, and its recording plays', async ({ system }) => {
    const app = shared();
    await addDesktop(system, 'drawn-desktop');
    const session = await connect(app, 'drawn-desktop', 'VNC');
    await untilRecorded(session);
    const canvas = pictureOf(session);
    await expect.poll(() => same(canvas), { timeout: 60_000 }).toBe(true);
    await expect(session.getByLabel('State of the session')).toContainText('Target leg unencrypted');
    await expect(session.getByLabel('State of the session')).toContainText('gateway-office1');

    // S58: who comes late sees the whole picture, also where streams of zlib began long before.
    await app.main.getByRole('navigation').getByRole('button', { name: /^Sessions/ }).click();
    const watch = await app.nextWindow(() => app.main.getByRole('button', { name: /^Watch the session of .* on drawn-desktop$/ }).click());
    await expect.poll(() => same(pictureOf(watch)), { timeout: 60_000 }).toBe(true);
    await expect(watch.getByText('Watching live, view only')).toBeVisible();
    await expect(session.getByLabel('State of the session')).toContainText('Being watched');

    const window = await app.electronApp.browserWindow(session);
    const before = (await target.picture()).width;
    await resizePage(app, session, { width: 1000, height: 640 });
    // Of the sizes that a window takes on its way, none but the last is as wide as the desktop's place.
    const place = canvas.locator('..');
    await expect.poll(async () => (await target.picture()).width - (await place.evaluate(({ clientWidth }) => clientWidth)), { timeout: 60_000 }).toBe(0);
    expect((await target.picture()).width).not.toBe(before);
    await expect.poll(() => same(canvas), { timeout: 60_000 }).toBe(true);
    await expect.poll(() => same(pictureOf(watch)), { timeout: 60_000 }).toBe(true);

    // Full screen is the window's own, and the desktop follows it there and back.
    const windowed = (await target.picture()).width;
    const isFull = (): Promise<boolean> => window.evaluate((browserWindow) => browserWindow.isFullScreen());
    for (const full of [true, false]) {
      await session.getByRole('button', { name: 'Full screen' }).click();
      await expect.poll(isFull).toBe(full);
      await expect.poll(async () => (await target.picture()).width === windowed, { timeout: 60_000 }).toBe(!full);
      await expect.poll(() => same(canvas), { timeout: 60_000 }).toBe(true);
    }

    const typed = join(target.folder, 'typed');
    const terminal = await target.showTerminal('40x5+10+300', `head -n 2 > ${typed}`);
    await expect.poll(() => same(canvas), { timeout: 60_000 }).toBe(true);
    // No window manager, so keys would go to the window under the pointer: and where a window of this computer has just been moved, its own system moves the pointer once more.
    await target.run('xdotool', 'search', '--onlyvisible', '--name', `^${terminal}$`, 'windowfocus');
    await canvas.click({ position: { x: 60, y: 330 } });
    await session.keyboard.type('Typed, 42 & done\n');
    const method = await InputMethod.at(session);
    for (const text of ['か', 'かんじ', '漢字']) await method.compose(text);
    await method.commit('漢字');
    await session.keyboard.press('Enter');
    await expect.poll(() => target.run('cat', typed).catch(() => ''), { timeout: 60_000 }).toBe('Typed, 42 & done\n漢字\n');
    // With its script the terminal ends, too: from then on the picture stands still.
    await expect.poll(() => target.run('xdotool', 'search', '--onlyvisible', '--name', `^${terminal}$`).catch(() => ''), { timeout: 60_000 }).toBe('');

    await app.electronApp.evaluate(({ clipboard }) => clipboard.writeText('from this computer'));
    await session.getByRole('button', { name: 'Send clipboard' }).click();
    await expect.poll(() => target.run('timeout', '2', 'xclip', '-o', '-selection', 'clipboard').catch(() => ''), { timeout: 60_000 }).toBe('from this computer');
    await target.run('sh', '-c', 'printf "from the target" | xclip -i -selection clipboard >/dev/null 2>&1');
    const take = session.getByRole('button', { name: /Take clipboard/ });
    await expect(take).toContainText('new', { timeout: 60_000 });
    await take.click();
    await expect.poll(() => app.electronApp.evaluate(({ clipboard }) => clipboard.readText())).toBe('from the target');

    // What is shown live is what the target has by now; what a watcher types goes nowhere, and the end of the session is his, too.
    await pictureOf(watch).click({ position: { x: 60, y: 330 } });
    await watch.keyboard.type('by the watcher');
    await expect.poll(() => same(pictureOf(watch)), { timeout: 60_000 }).toBe(true);
    await watch.screenshot({ path: test.info().outputPath('watched.png') });
    await session.screenshot({ path: test.info().outputPath('being-watched.png') });

    const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';
    const last = await target.picture();
    await session.getByRole('button', { name: 'End session' }).click();
    await session.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
    await expect(watch.getByRole('alert', { name: 'Session ended' })).toBeVisible();

    const { main } = app;
    await main.getByRole('navigation').getByRole('button', { name: 'Session recordings' }).click();
    await expect.poll(async () => (await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items[0]?.state, { timeout: 60_000 }).toBe('sealed');
    await playRecording(main, reference, 'drawn-desktop');
    await main.getByRole('slider', { name: 'Position' }).press('End');
    await expect.poll(async () => (await drawn(pictureOf(main))).pixels.equals(last.pixels), { timeout: 60_000 }).toBe(true);
    // Drawn is not yet seen: the picture has a size on the page.
    await expect.poll(async () => (await pictureOf(main).boundingBox())?.height ?? 0).toBeGreaterThan(200);
    await expect.poll(async () => (await system.admin.call(auditRoutes.auditList, { query: { reference } })).items.filter(({ kind }) => kind === 'connection.ended')).toHaveLength(1);
  });

  test('rule 23: TigerVNC\'s own viewer shows the desktop by the port that is opened in the window, and its recording plays there', async ({ system }) => {
    const { main } = shared();
    const { admin } = system;
    await addDesktop(system, 'viewed-desktop');
    const { items } = await admin.call(usersRoutes.userList, { query: { limit: 100 } });
    const userId = items.find(({ name }) => name === ADMIN.name)?.id;
    if (userId === undefined) throw new Error('there is no administrator');
    await admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: 'own viewers', subject: { kind: 'user', userId }, filter: 'name:"viewed-desktop"', protocols: ['vnc'], policy: { foreignClients: true } } });
    await find(main, 'viewed-desktop');
    await main.getByRole('gridcell', { name: 'viewed-desktop' }).first().click();
    const section = main.getByRole('region', { name: 'Own programs' });
    await section.getByRole('button', { name: 'Open a port for a VNC viewer' }).click();
    const screen = await startVncTarget(await target.picture());
    const passwordFile = join(screen.folder, 'one-time');
    writeFileSync(passwordFile, vncPasswordFile(await section.locator('.foreign-secret').innerText()), { mode: 0o600 });
    const [, ...words] = (await section.locator('.foreign-commands code').first().innerText()).split(' ');
    try {
      screen.start('vncviewer', '-passwd', passwordFile, '-FullScreen', ...words);
      await expect.poll(async () => (await screen.picture()).pixels.equals((await target.picture()).pixels), { timeout: 60_000 }).toBe(true);
      const last = await target.picture();
      await section.getByRole('button', { name: 'End the program’s sessions' }).click();
      await expect(section.getByRole('status').first()).toContainText('Ended');
      const recording = async () => (await admin.call(recordingsRoutes.recordingList, { query: { limit: 10, search: 'viewed-desktop' } })).items[0];
      await expect.poll(async () => (await recording())?.state, { timeout: 60_000 }).toBe('sealed');
      await openMenu(main, 'Session recordings');
      await playRecording(main, (await recording())?.reference ?? '', 'viewed-desktop');
      await main.getByRole('slider', { name: 'Position' }).press('End');
      await expect.poll(async () => (await drawn(pictureOf(main))).pixels.equals(last.pixels), { timeout: 60_000 }).toBe(true);
    } finally {
      await screen.stop();
    }
  });

  test('a wrong stored password is told as that, and nothing is recorded', async ({ system }) => {
    const app = shared();
    await addDesktop(system, 'locked-desktop', 'wrong-pw');
    const session = await connect(app, 'locked-desktop', 'VNC');
    const failure = session.getByRole('alert');
    await expect(failure).toContainText('Connection failed', { timeout: 60_000 });
    const reference = (await failure.getByText(/^MV-/).textContent()) ?? '';
    // The entry comes with the gateway's journal, which the service reads behind the user's back.
    await expect.poll(async () => (await system.admin.call(auditRoutes.errorLogList, { query: { reference } })).items.map(({ code }) => code)).toContain('target.sign-on-refused');
    expect((await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items).toHaveLength(0);
  });

  test('a target that is killed is told as lost, with the last picture kept, and Reconnect is in place', async ({ system }) => {
    const app = shared();
    const doomed = await startVncTarget({ width: 400, height: 300 });
    try {
      const credential = await system.admin.call(credentialsRoutes.credentialCreate, { body: { kind: 'password', name: 'of doomed', userName: 'vnc', password: doomed.password } });
      await system.admin.call(resourcesRoutes.resourceCreate, { body: { name: 'doomed-desktop', address: doomed.host, protocols: [{ protocol: 'vnc', port: doomed.port }], operatingSystem: 'linux', description: '', identities: [], tags: ['gateway-office1'], credentialId: credential.id, allowSpecialAddress: true } });
      const session = await connect(app, 'doomed-desktop', 'VNC');
      await untilRecorded(session);
      await expect(pictureOf(session)).toBeVisible();
      doomed.kill();
      const ended = session.getByRole('alert', { name: 'Session ended' });
      await expect(ended).toContainText('target', { timeout: 60_000 });
      await expect(session.getByRole('button', { name: 'Reconnect' }).last()).toBeVisible();
      await expect(pictureOf(session)).toBeVisible();
    } finally {
      await doomed.stop();
    }
  });
});
