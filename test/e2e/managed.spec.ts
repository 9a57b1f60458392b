import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElectronApplication } from '@playwright/test';
import { z } from 'zod';
import { ADMIN, expect, test } from './fixtures.ts';
import { distribution } from './launch-app.ts';
import { openFrom, openMenu, resourceCount, saveFilesTo, signIn } from './page-actions.ts';

/** What the stand-in was asked and could only note; nothing on Electron itself. */
function callsWithoutEffect(electronApp: ElectronApplication): Promise<string[]> {
  return electronApp.evaluate((electron) => {
    const noted: unknown = Reflect.get(Object(Reflect.get(electron, '__standIn')), 'calls');
    return Array.isArray(noted) ? noted.map((call: unknown) => String(Reflect.get(Object(call), 'name'))) : [];
  });
}

test('what IT sets is there at the first start: its service, pinned and not to be changed, and its language, which no settings file changes; a bad value beside it costs nothing else', async ({ openApp, system }) => {
  const folder = mkdtempSync(join(tmpdir(), 'mavis-policy-'));
  try {
    const { url, pin } = system.embedded.service;
    writeFileSync(join(folder, 'policy.json'), JSON.stringify({ serviceUrl: url, serviceName: 'Ours', servicePins: [pin], language: 'en', proxy: 'none', disabledFeatures: ['add-services'], nonsense: true }), { mode: 0o644 });
    const { main, electronApp } = await openApp({ env: { MAVIS_POLICY_FOLDER: folder, LANG: 'ja_JP.UTF-8' } });
    const ours = main.getByRole('listitem').filter({ hasText: 'Ours' });
    await expect(ours.getByText('Set by your organisation')).toBeVisible();
    await expect(main.getByRole('button', { name: /^(?:Edit|Remove) profile/ })).toHaveCount(0);
    const refused = await main.evaluate(() => Promise.all([window.mavis.settings.update({ changes: { language: 'ja' } }), window.mavis.profiles.add({ name: 'x', colour: 'red', serviceUrl: 'https://attacker.example/', pin: null, proxy: { kind: 'none' } })]));
    expect(refused.map((answer) => (answer.ok ? 'done' : answer.code))).toEqual(['client.managed', 'client.managed']);
    await signIn(main, ADMIN.name, ADMIN.password);
    await expect(main.getByText(`${await resourceCount(system)} resources`)).toBeVisible();
    await openMenu(main, 'Settings');
    await expect(main.getByLabel('Language')).toBeDisabled();
    await expect(main.getByText('Adding services')).toBeVisible();
    // What is exported is the user's own, and what is imported leaves the organisation's alone.
    const file = join(folder, 'settings.json');
    await saveFilesTo(electronApp, file);
    await main.getByRole('button', { name: 'Export…' }).click();
    await expect(main.getByText('The settings were saved.')).toBeVisible();
    const exported: unknown = JSON.parse(readFileSync(file, 'utf8'));
    expect(exported).toMatchObject({ $schema: 'urn:mavis-desktop:settings:1', language: 'system', theme: 'system' });
    writeFileSync(file, JSON.stringify({ ...z.record(z.string(), z.unknown()).parse(exported), language: 'ja', theme: 'dark', density: 'compact' }));
    await openFrom(electronApp, file);
    await main.getByRole('button', { name: 'Import…' }).click();
    await expect(main.getByText('Set by your organisation, and left as they were: Language')).toBeVisible();
    await expect(main.locator('html[lang="en"][data-theme="dark"][data-density="compact"]')).toBeAttached();
    // The palette, by the keys of the menu.
    await main.keyboard.press('Control+K');
    // The menu's key goes by way of main: a person sees the palette before he types.
    await expect(main.getByRole('dialog', { name: 'Command palette' }).getByRole('combobox')).toBeFocused();
    await main.keyboard.type('sessions');
    await main.keyboard.press('Enter');
    await expect(main.getByRole('heading', { name: 'Sessions', level: 1 })).toBeVisible();
    // With an icon in the tray (in the stand-in: call only) the app outlives its last window.
    await openMenu(main, 'Settings');
    await main.getByLabel('Icon in the system’s tray').click();
    await expect(main.getByLabel('Icon in the system’s tray')).toBeChecked();
    await expect.poll(() => callsWithoutEffect(electronApp)).toEqual(expect.arrayContaining(distribution.kind === 'electron' ? [] : ['tray.create', 'tray.setContextMenu']));
    await main.close();
    await expect.poll(() => electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(0);
    expect(await electronApp.evaluate(({ app }) => app.getName())).toBe('MAVIS Desktop');
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
});
