import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeUpdatePublisher } from '../fixtures/update-publisher.ts';
import { ADMIN, expect, test } from './fixtures.ts';
import { connect, openMenu, signedIn, untilRecorded } from './page-actions.ts';

test('A22: what the service’s feed offers is found, verified and shown; it is installed at the user’s word alone, who is asked where a session is open, and then started', async ({ openApp, system }, info) => {
  const folder = mkdtempSync(join(tmpdir(), 'mavis-installed-'));
  const published = join(system.folder, 'service', 'updates');
  try {
    // In an AppImage's place a program that says with which words it was started.
    const appImage = join(folder, 'mavis.AppImage');
    writeFileSync(appImage, 'the old one');
    chmodSync(appImage, 0o755);
    const publisher = makeUpdatePublisher(published);
    const notes = join(folder, 'notes.txt');
    writeFileSync(notes, 'Faster lists');
    const { name, bytes } = await publisher.publish('0.2.0', { words: ['--notes', notes], content: Buffer.from(`#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/started.new' && mv '${folder}/started.new' '${folder}/started'\n`) });
    const app = await openApp({ env: { APPIMAGE: appImage, APPDIR: '/', MAVIS_UPDATE_PUBLIC_KEYS: publisher.key } });
    const { main, electronApp, userData } = app;
    await signedIn(app, system, ADMIN.name, ADMIN.password);
    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    await openMenu(main, 'Settings');
    await main.getByRole('button', { name: 'Check now' }).click();
    await expect(main.getByText('Version 0.2.0 is downloaded and verified.')).toBeVisible();
    await expect(main.getByText('Faster lists')).toBeVisible();
    await info.attach('update-ready', { body: await main.screenshot(), contentType: 'image/png' });
    await expect.poll(() => readdirSync(join(userData, 'updates'))).toEqual([name]);
    // The app's own log says so too.
    await openMenu(main, 'Diagnostics');
    await main.getByRole('button', { name: 'Log of this app' }).click();
    await main.getByRole('searchbox', { name: 'Search the log' }).fill('update ready 0.2.0');
    await expect(main.getByRole('row', { name: 'update ready' })).toBeVisible();
    await openMenu(main, 'Settings');
    const answerQuestions = (response: number): Promise<void> =>
      electronApp.evaluate(({ dialog }, chosen) => {
        Object.assign(globalThis, { asked: [] });
        dialog.showMessageBox = (...given: unknown[]) => {
          const [question] = given.slice(-1);
          const asked: unknown = Reflect.get(globalThis, 'asked');
          if (Array.isArray(asked)) asked.push(String(Reflect.get(Object(question), 'message')));
          return Promise.resolve({ response: chosen, checkboxChecked: false });
        };
      }, response);
    await answerQuestions(1);
    await main.getByRole('button', { name: 'Restart to install' }).click();
    await expect.poll(() => electronApp.evaluate(() => {
      const asked: unknown = Reflect.get(globalThis, 'asked');
      return asked;
    })).toEqual(['Restart though 1 session is open?']);
    expect(readFileSync(appImage, 'utf8')).toBe('the old one');
    await answerQuestions(0);
    const gone = electronApp.waitForEvent('close', { timeout: 60_000 });
    await main.getByRole('button', { name: 'Restart to install' }).click();
    await gone;
    expect(readFileSync(appImage).equals(bytes)).toBe(true);
    await expect.poll(() => existsSync(join(folder, 'started')), { timeout: 60_000 }).toBe(true);
    expect(readFileSync(join(folder, 'started'), 'utf8')).toBe(`--user-data-dir=${userData}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    rmSync(published, { recursive: true, force: true, maxRetries: 10 });
  }
});

test('an update that is ready is installed when the app is quit, and nothing is started then; not where the user does not want it', async ({ openApp, system }) => {
  const folder = mkdtempSync(join(tmpdir(), 'mavis-installed-'));
  const published = join(system.folder, 'service', 'updates');
  try {
    const appImage = join(folder, 'mavis.AppImage');
    writeFileSync(appImage, 'the old one');
    const publisher = makeUpdatePublisher(published);
    const { bytes } = await publisher.publish('0.2.0', { content: Buffer.from(`#!/bin/sh\ntouch '${folder}/started'\n`) });
    for (const wanted of [false, true]) {
      const { main, electronApp } = await signedIn(await openApp({ env: { APPIMAGE: appImage, APPDIR: '/', MAVIS_UPDATE_PUBLIC_KEYS: publisher.key } }), system, ADMIN.name, ADMIN.password);
      await openMenu(main, 'Settings');
      const atQuit = main.getByLabel('Install what is ready when the app is quit');
      await expect(atQuit).toBeChecked();
      if (!wanted) await atQuit.click();
      await expect(atQuit).toBeChecked({ checked: wanted });
      await main.getByRole('button', { name: 'Check now' }).click();
      await expect(main.getByText('Version 0.2.0 is downloaded and verified.')).toBeVisible();
      const gone = electronApp.waitForEvent('close', { timeout: 60_000 });
      await electronApp.evaluate(({ app }) => setImmediate(() => app.quit()));
      await gone;
      expect(readFileSync(appImage).equals(bytes)).toBe(wanted);
      expect(existsSync(join(folder, 'started'))).toBe(false);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    rmSync(published, { recursive: true, force: true, maxRetries: 10 });
  }
});
