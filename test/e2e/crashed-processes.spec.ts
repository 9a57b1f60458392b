import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JSHandle, Page } from '@playwright/test';
import type { BrowserWindow } from 'electron';
import { auditRoutes } from '../../shared/api/audit.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import type { WholeSystem } from '../fixtures/whole-system.ts';
import { expect, test } from './fixtures.ts';
import type { OpenApp } from './launch-app.ts';
import { connect, playRecording, terminalText, type, untilRecorded } from './page-actions.ts';

/** A window seen through main: Playwright gives up a page whose process has gone once, though the window loads it again. */
class WindowOfCrashes {
  readonly #window: JSHandle<BrowserWindow>;

  private constructor(window: JSHandle<BrowserWindow>) {
    this.#window = window;
  }

  static async of(app: OpenApp, page: Page): Promise<WindowOfCrashes> {
    return new WindowOfCrashes(await app.electronApp.browserWindow(page));
  }

  /** Ends the process of the page, as a crash of the engine would, and waits until a page answers there again. */
  async crash(): Promise<void> {
    const mark = `marked-${String(Math.random())}`;
    await this.#run(`void (document.documentElement.dataset.crashMark = '${mark}')`);
    await this.#window.evaluate((window) => window.webContents.forcefullyCrashRenderer());
    await expect.poll(() => this.#run('document.querySelector("main") !== null && document.documentElement.dataset.crashMark === undefined'), { timeout: 60_000 }).toBe(true);
  }

  /** All text of the page. */
  async text(): Promise<string> {
    return String(await this.#run('document.body.innerText'));
  }

  /** What the terminal shows, as a screen reader gets it. */
  async terminalText(): Promise<string> {
    return String(await this.#run("[...document.querySelectorAll('.xterm-accessibility-tree > *')].map((row) => row.textContent).join('\\n')"));
  }

  /** Types into the terminal, key by key, and Enter. */
  async type(text: string): Promise<void> {
    await this.#run("document.querySelector('.xterm-helper-textarea').focus()");
    await this.#window.evaluate((window, keys) => {
      for (const key of keys) {
        const keyCode = key === '\n' ? 'Enter' : key;
        window.webContents.sendInputEvent({ type: 'keyDown', keyCode });
        window.webContents.sendInputEvent({ type: 'char', keyCode: key === '\n' ? '\r' : key });
        window.webContents.sendInputEvent({ type: 'keyUp', keyCode });
      }
    }, [...text, '\n']);
  }

  /** Runs a script in the page; undefined while there is none that could. */
  async #run(script: string): Promise<unknown> {
    return this.#window.evaluate(async (window, code): Promise<unknown> => (window.webContents.isCrashed() ? undefined : window.webContents.executeJavaScript(code).catch(() => undefined)), script);
  }
}

async function referenceOf(session: Page): Promise<string> {
  return (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';
}

/** The one final entry of a connection, once it stands. */
async function finalEntry(system: WholeSystem, reference: string) {
  const finals = async () => (await system.admin.call(auditRoutes.auditList, { query: { reference } })).items.filter(({ kind }) => ['connection.ended', 'connection.failed', 'connection.not-used'].includes(kind));
  await expect.poll(finals, { timeout: 60_000 }).toHaveLength(1);
  return (await finals())[0];
}

/** The processes of sessions that the app has started: the one of each session, and the one kept ready. */
function sessionProcesses(app: OpenApp): number[] {
  const parent = app.electronApp.process().pid;
  const children = new Map<number, number>();
  const found: number[] = [];
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      children.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('session-process.js')) found.push(Number(name));
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOurs = (pid: number | undefined): boolean => pid !== undefined && (pid === parent || isOurs(children.get(pid)));
  return found.filter(isOurs);
}

test('a page that crashes leaves its session: the same shell goes on, its last output is shown again, and the recording is whole', async ({ app, system }) => {
  const session = await connect(app, system.live.name);
  await untilRecorded(session);
  const reference = await referenceOf(session);
  await type(session, 'answer=41; echo before-$((40+2))');
  await expect.poll(() => terminalText(session)).toContain('before-42');
  await type(session, '(sleep 3; echo meanwhile-$((1+1))) &');
  // The shell has begun it: keys that a page has not sent yet go with the page.
  await expect.poll(() => terminalText(session)).toMatch(/^\[1\] \d+/m);

  const window = await WindowOfCrashes.of(app, session);
  await window.crash();
  for (const text of ['before-42', 'meanwhile-2']) await expect.poll(() => window.terminalText(), { timeout: 60_000 }).toContain(text);
  await window.type('echo after-$((answer+2))');
  await expect.poll(() => window.terminalText()).toContain('after-43');
  expect(await window.text()).toContain(reference);

  await window.type('exit');
  await expect.poll(() => window.text()).toMatch(/The session ended\.[^]*Exit status 0/);
  expect(await finalEntry(system, reference)).toMatchObject({ kind: 'connection.ended', facts: { code: 'session.ended' } });
  const recording = async () => (await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items;
  await expect.poll(async () => (await recording()).map(({ state }) => state), { timeout: 60_000 }).toEqual(['sealed']);
  const id = (await recording())[0]?.id ?? '';
  // Sealed by the gateway's word; it can be verified once the service has pulled it.
  await expect(async () => expect(await system.admin.call(recordingsRoutes.recordingVerify, { params: { recordingId: id } })).toMatchObject({ ok: true })).toPass({ timeout: 60_000 });
  const { main } = app;
  await main.getByRole('navigation').getByRole('button', { name: 'Session recordings' }).click();
  await playRecording(main, reference, system.live.name);
  await main.getByRole('slider', { name: 'Position' }).press('End');
  for (const text of ['before-42', 'meanwhile-2', 'after-43']) await expect.poll(() => terminalText(main), { timeout: 60_000 }).toContain(text);
});

test('a page that keeps crashing is loaded again when its user says so, and its session is still there', async ({ app, system }) => {
  const session = await connect(app, system.live.name);
  await untilRecorded(session);
  await type(session, 'answer=41; echo set-$((1+1))');
  await expect.poll(() => terminalText(session)).toContain('set-2');
  await app.electronApp.evaluate(({ dialog }) => {
    const asked: unknown[] = [];
    Object.assign(globalThis, { askedQuestions: asked });
    Object.assign(dialog, {
      showMessageBox: (...given: unknown[]) => {
        asked.push(given.at(-1));
        return Promise.resolve({ response: 0, checkboxChecked: false });
      },
    });
  });
  const asked = (): Promise<unknown> => app.electronApp.evaluate(() => Reflect.get(globalThis, 'askedQuestions') as unknown);
  // Often is within a minute of main's clock, however long each crash takes this machine.
  await app.electronApp.evaluate(() => {
    const now = Date.now();
    Date.now = () => now;
  });
  const window = await WindowOfCrashes.of(app, session);
  for (let crash = 1; crash <= 3; crash++) await window.crash();
  expect(await asked()).toEqual([]);
  await window.crash();
  expect(await asked()).toEqual([expect.objectContaining({ message: 'This window’s page keeps stopping', buttons: ['Load again', 'Leave it'] })]);
  // The page is there before the terminal that takes the keys.
  await expect.poll(() => window.terminalText(), { timeout: 60_000 }).toContain('set-2');
  await window.type('echo after-$((answer+2))');
  await expect.poll(() => window.terminalText(), { timeout: 60_000 }).toContain('after-43');
});

test('a crash of the main window’s page ends no session and signs nobody out', async ({ app, system }) => {
  const session = await connect(app, system.live.name);
  await untilRecorded(session);
  await type(session, 'answer=41');
  const main = await WindowOfCrashes.of(app, app.main);
  await main.crash();
  await expect.poll(() => main.text(), { timeout: 60_000 }).toMatch(/\d+ resources/);
  expect(await main.text()).not.toContain('Sign in');
  await type(session, 'echo after-$((answer+2))');
  await expect.poll(() => terminalText(session)).toContain('after-43');
});

test('a session whose own process crashes ends as that, in its window and in the audit log; its recording is sealed, and the session beside it goes on', async ({ app, system }) => {
  test.skip(process.platform !== 'linux', 'processes are looked up in /proc');
  await expect.poll(() => sessionProcesses(app)).toHaveLength(1);
  const [own] = sessionProcesses(app);
  const session = await connect(app, system.live.name);
  await untilRecorded(session);
  const reference = await referenceOf(session);
  const beside = await connect(app, system.live.name);
  await untilRecorded(beside);
  await type(beside, 'answer=41');
  await type(session, 'echo before-$((40+2))');
  await expect.poll(() => terminalText(session)).toContain('before-42');

  process.kill(own ?? 0, 'SIGKILL');
  const ended = session.getByRole('alert', { name: 'Session ended' });
  await expect(ended).toContainText('The program part that carried this session stopped unexpectedly.');
  await expect.poll(() => terminalText(session)).toContain('before-42');
  expect(await finalEntry(system, reference)).toMatchObject({ kind: 'connection.ended', facts: { code: 'session.crashed', claimedCode: 'session.crashed' } });
  await expect.poll(async () => (await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items.map(({ state }) => state), { timeout: 60_000 }).toEqual(['sealed']);

  await type(beside, 'echo beside-$((answer+2))');
  await expect.poll(() => terminalText(beside)).toContain('beside-43');
  await ended.getByRole('button', { name: 'Reconnect' }).click();
  await untilRecorded(session);
  await type(session, 'echo again-$((2+3))');
  await expect.poll(() => terminalText(session)).toContain('again-5');
});

test('crash reports stay on this computer: what a page did not catch, and that the last run was killed, stand in the app’s log by kind and place, without the words of errors', async ({ openApp }) => {
  const { main, electronApp, userData } = await openApp();
  const written = (...names: readonly string[]): string => {
    const file = join(userData, ...names);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  const log = (): string => written('logs', 'client.log');
  await main.evaluate(() => void setTimeout(() => {
    throw new RangeError('CANARY of a page');
  }));
  await expect.poll(log).toMatch(/"level":50,.*"msg":"fault in a page","role":"main",.*"name":"RangeError"/);
  expect(log()).not.toContain('last run');
  // The start does not wait until the disk has the mark of the run.
  await expect.poll(() => written('run.json')).toContain('startedAt');
  const gone = electronApp.waitForEvent('close', { timeout: 60_000 });
  electronApp.process().kill('SIGKILL');
  await gone;
  await openApp({ userData });
  await expect.poll(log).toMatch(/"level":50,.*"msg":"last run did not end in order".*"version":/);
  expect(log()).not.toContain('CANARY');
});
