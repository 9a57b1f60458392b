import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as expectOf, type Locator, type Page } from '@playwright/test';
import { credentialsRoutes } from '../../shared/api/credentials.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { offerDesktops } from '../../scripts/embedded-system/offered-desktops.ts';
import { StartedProcesses } from '../../scripts/processes/started-processes.ts';
import { menuPages } from '../../src-renderer/frame/pages.ts';
import { launchApp, type OpenApp } from '../e2e/launch-app.ts';
import { answerQuestions } from '../e2e/native-questions.ts';
import { namesOnScreens } from '../e2e/names-on-screens.ts';
import { addProfile, connect, openFrom, signIn, type, untilRecorded } from '../e2e/page-actions.ts';
import { resizePage } from '../e2e/page-checks.ts';
import { startAgain } from '../e2e/start-again.ts';
import { startWholeSystem, type WholeSystem } from '../fixtures/whole-system.ts';
import { startOpenSshTarget } from '../targets/open-ssh-target.ts';
import { type AppStops, makeAppStop } from './app-looks.ts';
import { looks, WINDOW_SIZE } from './looks.ts';

/** On a machine that does other things too, each step may take its time. */
const expect = expectOf.configure({ timeout: 60_000 });

const USER = { name: 'tour-admin', password: 'shown once, on the tour only' } as const;
const ORGANISATION = 'Nishi Trading';

/** What a part of the way has at hand. */
interface Way {
  readonly system: WholeSystem;
  readonly app: OpenApp;
  /** Takes a window as it stands. */
  readonly stop: (page: Page, title: string) => Promise<void>;
}

/** The way through the built app, with a real service, gateway, OpenSSH server and desktops, in parts; a part that fails is noted, and the next goes on. */
export async function makeAppStops(options: Omit<AppStops, 'names'>): Promise<void> {
  const userData = mkdtempSync(join(tmpdir(), 'mavis-tour-'));
  const system = await startWholeSystem();
  const stops: AppStops = { ...options, names: async () => [USER.name, ORGANISATION, 'orders.csv', 'orders (2).csv', ...(await namesOnScreens(system))] };
  try {
    await system.addUser(USER.name, 'admin', USER.password);
    const app = await launchApp(userData);
    const way: Way = { system, app, stop: (page, title) => makeAppStop(stops, app, page, title) };
    await goPart(stops, 'app: sign-in', () => signInPart(way));
    for (const [title, go] of parts) await goPart(stops, title, () => go(way));
    await goPart(stops, 'app: question of a deep link', () => askByLink(way, stops));
    await close(app);
    await goPart(stops, 'app: managed', () => managedPart(system, stops));
  } finally {
    await system.stop();
    rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
  }
}

const parts: readonly (readonly [string, (way: Way) => Promise<void>])[] = [
  ['app: SSH', sshPart],
  ['app: files', filesPart],
  ['app: desktops', desktopsPart],
  ['app: pages', pagesPart],
  ['app: over the pages', overlayPart],
  ['app: failure', failurePart],
];

async function goPart({ album, wanted }: Pick<AppStops, 'album' | 'wanted'>, title: string, go: () => Promise<void>): Promise<void> {
  try {
    await go();
  } catch (error) {
    if (wanted(title)) album.note(`${title}: not gone to its end`, 0, [error instanceof Error ? error.message : String(error)]);
  }
}

/** Goes to a page of the menu, by its place; closes what lies over the page before. */
async function open(main: Page, id: (typeof menuPages)[number]['id']): Promise<void> {
  await main.keyboard.press('Escape');
  await main.getByRole('navigation').getByRole('button').nth(menuPages.findIndex((page) => page.id === id)).click();
}

async function close({ electronApp }: OpenApp): Promise<void> {
  const over = electronApp.waitForEvent('close');
  await electronApp.evaluate(({ app }) => app.exit(0)).catch(() => undefined);
  await over;
}

async function endSession(session: Page): Promise<void> {
  await session.getByRole('button', { name: 'End session' }).click();
  await session.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
  await session.getByRole('alert', { name: 'Session ended' }).waitFor();
}

async function signInPart({ system, app, stop }: Way): Promise<void> {
  const { main } = app;
  await stop(main, 'app: first start');
  await addProfile(main, system, ORGANISATION);
  await stop(main, 'app: sign-in');
  await signIn(main, USER.name, USER.password);
  await expect(main.getByText(/^\d+ resources$/)).toBeVisible();
}

async function sshPart({ system, app, stop }: Way): Promise<void> {
  const { main } = app;
  const session = await connect(app, system.live.name);
  await untilRecorded(session);
  await type(session, 'echo 日本語 繁體中文; ls /');
  await stop(session, 'app: SSH window');
  await open(main, 'sessions');
  const watch = await app.nextWindow(() => main.getByRole('button', { name: `Watch the session of ${USER.name} on ${system.live.name}` }).click());
  await expect(watch.getByText('Watching live, view only')).toBeVisible();
  await stop(watch, 'app: live watch of SSH');
  await expect(session.getByLabel('State of the session')).toContainText('Being watched');
  await stop(session, 'app: SSH window that is watched');
  await open(main, 'sessions');
  await stop(main, 'app: sessions under way');
  await watch.close();
  await endSession(session);
  await stop(session, 'app: SSH window after its end');
  await session.close();
  await open(main, 'resources');
}

async function filesPart({ system, app, stop }: Way): Promise<void> {
  const { admin } = system;
  const target = await startOpenSshTarget();
  const folder = mkdtempSync(join(tmpdir(), 'mavis-tour-files-'));
  const made = 'quarter-3';
  // The account's home outlives a tour: what one leaves there would stand in the next one's way.
  const clear = (): void => {
    for (const name of readdirSync(target.home)) if (name === made || /^orders( \(\d+\))?\.csv$/.test(name)) rmSync(join(target.home, name), { recursive: true, force: true, maxRetries: 10 });
  };
  clear();
  try {
    const credential = await admin.call(credentialsRoutes.credentialCreate, { body: { kind: 'private-key', name: 'file-server', userName: target.user, privateKey: target.privateKey } });
    await admin.call(resourcesRoutes.resourceCreate, {
      body: { name: 'file-server', address: target.host, protocols: [{ protocol: 'sftp', port: target.port }], operatingSystem: 'linux', description: '', identities: [target.hostKeyFingerprint], tags: ['gateway-office1'], credentialId: credential.id, allowSpecialAddress: true },
    });
    for (const at of [folder, target.home]) mkdirSync(join(at, made), { recursive: true, mode: 0o777 });
    writeFileSync(join(folder, 'orders.csv'), 'as it is here\n');
    writeFileSync(join(target.home, 'orders.csv'), 'as it is there\n');
    const session = await connect(app, 'file-server', 'SFTP');
    await untilRecorded(session);
    await openFrom(app.electronApp, folder);
    await session.getByRole('button', { name: 'Choose folder…' }).click();
    await session.getByRole('grid', { name: 'This computer' }).getByText('orders.csv').click();
    await session.keyboard.press('F5');
    await session.getByRole('dialog').waitFor();
    await stop(session, 'app: SFTP window with a question');
    await session.getByRole('dialog').getByRole('button', { name: 'Keep both' }).click();
    await expect(session.getByRole('region', { name: 'Transfers' })).toContainText('Done');
    await stop(session, 'app: SFTP window');
    await endSession(session);
    await session.close();
  } finally {
    clear();
    await target.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function desktopsPart({ system, app, stop }: Way): Promise<void> {
  const { main } = app;
  const owner = new StartedProcesses(join(system.folder, 'desktop-processes.json'));
  const desktops = offerDesktops(system.embedded, system.folder, owner);
  try {
    for (const { protocol } of await desktops.ready) {
      const name = protocol.toUpperCase();
      await open(main, 'resources');
      const session = await connect(app, `demo-desktop-${protocol}`, name);
      await untilRecorded(session);
      await untilDrawn(session);
      // The desktop follows the window, and draws itself anew.
      await resizePage(app, session, WINDOW_SIZE);
      await expect.poll(() => desktopOf(session).evaluate((element) => (element instanceof HTMLCanvasElement ? element.width : 0))).toBe(WINDOW_SIZE.width);
      await untilDrawn(session);
      await stop(session, `app: ${name} window`);
      await open(main, 'sessions');
      const watch = await app.nextWindow(() => main.getByRole('button', { name: `Watch the session of ${USER.name} on demo-desktop-${protocol}` }).click());
      await untilDrawn(watch);
      await stop(watch, `app: live watch of ${name}`);
      await watch.close();
      const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';
      await endSession(session);
      await session.close();
      await expect.poll(async () => (await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items[0]?.state).toBe('sealed');
      await open(main, 'recordings');
      await main.getByRole('button', { name: `Play demo-desktop-${protocol}` }).first().click();
      await main.getByRole('slider', { name: 'Position' }).press('End');
      await untilDrawn(main);
      await stop(main, `app: playback of ${name}`);
    }
  } finally {
    await desktops.stop();
    await owner.endAll();
    await open(main, 'resources');
  }
}

function desktopOf(page: Page): Locator {
  return page.locator('.desktop-screen canvas, .rdp-area canvas, .watch-desktop canvas, .player-desktop canvas').first();
}

/** Waits until a desktop's picture shows more than one colour: a screen of one is drawn before anything is on it. */
async function untilDrawn(page: Page): Promise<void> {
  await expect
    .poll(() => desktopOf(page).evaluate((element) => {
      // Before the desktop has told its size there is nothing to draw from.
      if (!(element instanceof HTMLCanvasElement) || element.width === 0 || element.height === 0) return 0;
      const small = document.createElement('canvas');
      [small.width, small.height] = [64, 64];
      const context = small.getContext('2d');
      context?.drawImage(element, 0, 0, 64, 64);
      return new Set(new Uint32Array(context?.getImageData(0, 0, 64, 64).data.buffer ?? new ArrayBuffer(0))).size;
    }))
    .toBeGreaterThan(2);
}

/** Pages that are a list of what there is by then; nothing has failed yet. */
const LISTS: ReadonlySet<string> = new Set(['resources', 'recordings', 'audit', 'gateways', 'users', 'rules', 'credentials']);

async function pagesPart({ system, app, stop }: Way): Promise<void> {
  const { main } = app;
  await main.getByRole('searchbox', { name: 'Search resources' }).fill('');
  for (const { id } of menuPages) {
    await open(main, id);
    await main.getByRole('heading', { level: 1 }).or(main.getByRole('searchbox')).first().waitFor();
    if (id === 'diagnostics') await main.getByText(/^Checked .* in /).waitFor();
    await expect(main.locator('.spinner')).toHaveCount(0);
    // A list that is asked for is empty at first.
    if (LISTS.has(id)) await expect(main.getByRole('row').nth(1)).toBeVisible();
    await stop(main, `app: page ${id}`);
  }
  await open(main, 'recordings');
  await main.getByRole('button', { name: `Play ${system.live.name}` }).first().click();
  await main.getByRole('slider', { name: 'Position' }).press('End');
  await stop(main, 'app: playback of SSH');
  await main.keyboard.press('Escape');
  await open(main, 'gateways');
  await main.getByRole('button', { name: 'office1', exact: true }).click();
  await main.getByRole('complementary').waitFor();
  await stop(main, 'app: a gateway, its details and history');
}

async function overlayPart({ app, stop }: Way): Promise<void> {
  const { main } = app;
  await open(main, 'resources');
  await main.keyboard.press('Control+K');
  await expect(main.getByRole('dialog', { name: 'Command palette' }).getByRole('combobox')).toBeFocused();
  await stop(main, 'app: command palette');
  await main.keyboard.press('Escape');
  await main.getByRole('grid').focus();
  await main.keyboard.press('?');
  await main.getByRole('dialog').waitFor();
  await stop(main, 'app: list of shortcuts');
  await main.keyboard.press('Escape');
  await main.locator('.account > button').click();
  await stop(main, 'app: account menu');
}

async function failurePart({ system, app, stop }: Way): Promise<void> {
  const { main } = app;
  await system.stopGateway();
  try {
    await open(main, 'resources');
    const failed = await connect(app, system.live.name);
    await expect(failed.getByRole('alert')).toContainText('Connection failed');
    await stop(failed, 'app: failure window');
    const diagnosis = await app.nextWindow(() => failed.getByRole('button', { name: 'Diagnose' }).click());
    await expect(diagnosis.getByText(/^Checked .* in /)).toBeVisible();
    await stop(diagnosis, 'app: diagnosis window');
    await diagnosis.close();
    await failed.close();
    await main.getByRole('searchbox', { name: 'Search resources' }).fill('');
    await stop(main, 'app: resources without a gateway');
    await open(main, 'errors');
    await main.getByRole('row').nth(1).click();
    await main.getByRole('complementary').waitFor();
    await stop(main, 'app: error log, one opened');
  } finally {
    await system.startGateway();
    await open(main, 'resources');
  }
}

/** The question is the system's own dialog, of which there is no picture: its words are shown. */
async function askByLink({ system, app }: Way, { album, wanted }: AppStops): Promise<void> {
  const title = 'app: question of a deep link';
  if (!wanted(title)) return;
  const said: string[] = [];
  for (const { language } of looks.filter(({ theme }) => theme === 'light')) {
    await app.main.evaluate((shown) => window.mavis.settings.update({ changes: { language: shown } }), language);
    await app.main.locator(`html[lang="${language}"]`).waitFor({ state: 'attached' });
    const asked = await answerQuestions(app, 'close');
    await startAgain(app.userData, ['--', `mavis://connect/${system.live.id}?protocol=ssh`]);
    await expect.poll(async () => (await asked()).length).toBe(1);
    said.push(...(await asked()).map(({ message, detail, buttons }) => `${language}: ${message} | ${detail} | ${buttons.join(' · ')}`));
  }
  album.note(title, 0, [], said);
}

/** What IT has set, from the first start on. */
async function managedPart(system: WholeSystem, stops: AppStops): Promise<void> {
  const [policy, userData] = [mkdtempSync(join(tmpdir(), 'mavis-policy-')), mkdtempSync(join(tmpdir(), 'mavis-tour-'))];
  const { url, pin } = system.embedded.service;
  try {
    writeFileSync(join(policy, 'policy.json'), JSON.stringify({ serviceUrl: url, serviceName: ORGANISATION, servicePins: [pin], density: 'compact', forwardAgent: false, proxy: 'none', disabledFeatures: ['add-services', 'deep-links'] }), { mode: 0o644 });
    const app = await launchApp(userData, { MAVIS_POLICY_FOLDER: policy });
    await expect(app.main.getByText('Set by your organisation')).toBeVisible();
    await makeAppStop(stops, app, app.main, 'app: managed, sign-in');
    await signIn(app.main, USER.name, USER.password);
    await expect(app.main.getByText(/^\d+ resources$/)).toBeVisible();
    await open(app.main, 'settings');
    await expect(app.main.locator('.settings-managed-notice')).toBeVisible();
    await makeAppStop(stops, app, app.main, 'app: managed, settings');
    await close(app);
  } finally {
    for (const folder of [policy, userData]) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
