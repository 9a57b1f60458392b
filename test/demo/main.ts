import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { expect as expectOf, type Page } from '@playwright/test';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { offerDesktops } from '../../scripts/embedded-system/offered-desktops.ts';
import { StartedProcesses } from '../../scripts/processes/started-processes.ts';
import { startWholeSystem } from '../fixtures/whole-system.ts';
import { distribution, launchApp } from '../e2e/launch-app.ts';
import { addProfile, connect, PRINT_CJK, showTerminalAsText, signIn, terminalText, type, untilRecorded } from '../e2e/page-actions.ts';

/** On a machine that does other things too, each step may take its time. */
const expect = expectOf.configure({ timeout: 60_000 });

/** The main job without a person: the same windows, a picture of each step in `demo/`, one line a step. */
const USER = { name: 'demo-admin', password: 'shown once, in the demo only' } as const;
const pictures = resolve(import.meta.dirname, '../../demo');
const done: string[] = [];
let began = performance.now();

rmSync(pictures, { recursive: true, force: true, maxRetries: 10 });
mkdirSync(pictures, { recursive: true });
const userData = mkdtempSync(join(tmpdir(), 'mavis-demo-'));
const system = await startWholeSystem();
const owner = new StartedProcesses(join(system.folder, 'desktop-processes.json'));
const desktops = offerDesktops(system.embedded, system.folder, owner);
let failed = false;
let shown: Page | undefined;
try {
  await system.addUser(USER.name, 'admin', USER.password);
  const app = await launchApp(userData);
  const { main } = app;
  shown = main;
  began = performance.now();

  await addProfile(main, system, 'Demo');
  await step('sign-in', main, 'added the service with its fingerprint compared');
  await signIn(main, USER.name, USER.password);
  const search = main.getByRole('searchbox', { name: 'Search resources' });
  await search.waitFor();
  await showTerminalAsText(main);
  await expect(main.getByText(/^\d+ resources$/)).toBeVisible();
  await step('resources', main, 'signed in and saw the resources');
  await search.fill('tag:gateway-office1');
  await expect(main.getByText(system.live.name).first()).toBeVisible();
  await step('filter', main, 'filtered by gateway-office1');

  const session = await connect(app, system.live.name);
  await untilRecorded(session);
  await step('connected', session, 'opened SSH through the gateway, recorded');
  await type(session, `echo "Hello from $(hostname)"; ${PRINT_CJK}; uptime`);
  await expect.poll(() => terminalText(session)).toContain('load average');
  await step('typed', session, 'typed in the shell');
  const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';
  await type(session, 'exit');
  await session.getByRole('alert', { name: 'Session ended' }).waitFor();
  await step('ended', session, `closed the session ${reference}`);
  const closed = session.waitForEvent('close');
  // The window goes with the press: what answers it may be gone already.
  await Promise.allSettled([session.getByRole('button', { name: 'Close' }).click()]);
  await closed;

  await expect.poll(async () => (await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items[0]?.state).toBe('sealed');
  await main.getByRole('navigation').getByRole('button', { name: 'Session recordings' }).click();
  await main.getByRole('button', { name: new RegExp(`^Play ${system.live.name}`) }).first().click();
  await main.getByRole('slider', { name: 'Position' }).press('End');
  await expect.poll(() => terminalText(main)).toContain('繁體中文');
  await step('playback', main, 'played the recording; it holds what was typed');
  await main.keyboard.press('Escape');
  await main.getByRole('navigation').getByRole('button', { name: 'Audit log' }).click();
  await main.getByLabel('Reference', { exact: true }).fill(reference);
  await main.getByText('connection.ended').first().click();
  await step('audit', main, 'showed the audit entry');

  for (const { protocol } of await desktops.ready) {
    await main.getByRole('navigation').getByRole('button', { name: 'Resources' }).click();
    const desktop = await connect(app, `demo-desktop-${protocol}`, protocol.toUpperCase());
    await untilRecorded(desktop);
    await untilDrawn(desktop);
    await step(protocol, desktop, `opened a desktop over ${protocol.toUpperCase()}, signed on by the gateway, recorded`);
    await desktop.getByRole('button', { name: 'End session' }).click();
    await desktop.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
    await desktop.getByRole('alert', { name: 'Session ended' }).waitFor();
  }

  await system.stopGateway();
  await main.getByRole('navigation').getByRole('button', { name: 'Resources' }).click();
  const failing = await connect(app, system.live.name);
  await expect(failing.getByRole('alert')).toContainText('Connection failed');
  await step('failure', failing, 'broke the gateway and showed the failure');
  const over = app.electronApp.waitForEvent('close');
  await app.electronApp.evaluate(({ app: electron }) => electron.exit(0)).catch(() => undefined);
  await over;
} catch (error) {
  failed = true;
  await shown?.screenshot({ path: join(pictures, 'failed.png') }).catch(() => undefined);
  console.log(`demo: stopped after "${done.at(-1) ?? 'the start'}": ${error instanceof Error ? error.message : String(error)}`);
} finally {
  await desktops.stop();
  await owner.endAll();
  await system.stop();
  rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
}
console.log(failed ? `demo: failed after ${done.length} steps` : `demo: ${done.length} steps done on ${distribution.kind === 'electron' ? 'Electron' : 'the Electron stand-in'}; pictures in ${pictures}`);
process.exit(failed ? 1 : 0);

/** Waits until the desktop's window shows more than one colour: a screen of one is drawn before anything is on it. */
async function untilDrawn(desktop: Page): Promise<void> {
  const canvas = desktop.locator('.desktop-screen canvas, .rdp-area canvas').first();
  await expect
    .poll(() => canvas.evaluate((element) => {
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

async function step(name: string, page: Page, what: string): Promise<void> {
  const file = join(pictures, `${String(done.length + 1).padStart(2, '0')}-${name}.png`);
  await page.screenshot({ path: file });
  done.push(name);
  console.log(`demo ${String(done.length).padStart(2)}: ${what} (${((performance.now() - began) / 1000).toFixed(1)} s) ${file}`);
}
