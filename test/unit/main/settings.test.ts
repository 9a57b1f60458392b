import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { readSettings, readSettingsFile, Settings } from '../../../src-main/settings/settings.ts';
import { JsonFile } from '../../../src-main/stored-files/json-file.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const file = (): JsonFile => new JsonFile(join(folder, 'settings.json'), () => Date.UTC(2026, 0, 2));

describe('settings', () => {
  test('an empty file is a whole one', () => {
    expect(readSettings({}).settings).toEqual(clientSettings.parse({}));
    expect(readSettings(undefined).settings.terminalFontSizePx).toBe(14);
  });

  test('one bad key falls back to its default, is reported, and costs no other', () => {
    const read = readSettings({ theme: 'dark', terminalFontSizePx: 400, language: 'xx', later: { kept: true } });
    expect(read.settings.theme).toBe('dark');
    expect(read.settings.terminalFontSizePx).toBe(14);
    expect(read.refusedKeys).toEqual(['terminalFontSizePx', 'language']);
    expect(read.unknown).toEqual({ later: { kept: true } });
  });

  test('a file that cannot be read is kept aside and never overwritten', async () => {
    writeFileSync(join(folder, 'settings.json'), '{ "theme": "dark", broken');
    const lines: string[] = [];
    const stored = file();
    const read = readSettingsFile(stored, createLog([(line) => lines.push(line)], () => 0, 1));
    const { settings: store } = createStores(read.settings);
    await new Settings(store, stored, read.unknown).update({ theme: 'light' });
    const names = readdirSync(folder).toSorted();
    expect(names).toEqual(['settings.json', 'settings.json.unreadable-2026-01-02T00-00-00-000Z']);
    expect(readFileSync(join(folder, names[1] ?? ''), 'utf8')).toContain('broken');
    expect(lines.join('')).toContain('client.settings-unreadable');
  });

  test('a change is written whole with the keys of a newer version, readable by its owner alone', async () => {
    const stored = file();
    const read = readSettings({ later: 1 });
    const { settings: store } = createStores(read.settings);
    const settings = new Settings(store, stored, read.unknown);
    await Promise.all([settings.update({ theme: 'dark' }), settings.update({ copyOnSelect: true })]);
    expect(JSON.parse(readFileSync(stored.path, 'utf8'))).toMatchObject({ later: 1, theme: 'dark', copyOnSelect: true });
    expect(statSync(stored.path).mode & 0o777).toBe(0o600);
  });
});
