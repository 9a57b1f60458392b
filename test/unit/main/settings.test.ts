import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clientSettings, settingsJsonSchema, SETTINGS_SCHEMA_ID } from '../../../shared/ipc/settings.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { readSettingsValues, settingsFileText } from '../../../src-main/settings/settings-file.ts';
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

  test('what stands there and can neither be read nor moved keeps nobody from starting, and is not written over', async () => {
    writeFileSync(join(folder, 'file'), 'kept');
    const stored = new JsonFile(join(folder, 'file', 'settings.json'), () => 0);
    expect(stored.readAtStart()).toEqual({ status: 'broken', keptAs: null });
    await expect(stored.write({ theme: 'light' })).rejects.toThrow('left as it is');
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
    // What the system refuses to read, but lets be moved.
    const folderThere = new JsonFile(folder, () => 0);
    expect(folderThere.readAtStart()).toMatchObject({ status: 'broken', keptAs: expect.stringContaining('unreadable') });
    folder = `${folder}.unreadable-1970-01-01T00-00-00-000Z`;
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

describe('settings as a file', () => {
  const made = (stored: unknown, locked: ConstructorParameters<typeof Settings>[3] = {}) => {
    const read = readSettings(stored);
    return new Settings(createStores(read.settings).settings, file(), read.unknown, locked);
  };

  test('what one computer exports another one takes as it was, with the name of its schema in it', async () => {
    const path = join(folder, 'exported.json');
    const chosen = { theme: 'high-contrast', density: 'compact', terminalFontSizePx: 18, language: 'ja' } as const;
    writeFileSync(path, settingsFileText(made(chosen).own));
    const values = await readSettingsValues(path);
    expect(values['$schema']).toBe(SETTINGS_SCHEMA_ID);
    const other = made({ terminalBell: 'sound' });
    expect(await other.take(values)).toMatchObject({ refused: [], managed: [], unknown: 0 });
    expect(other.current).toEqual(clientSettings.parse(chosen));
  });

  test('a bad value costs no other, what the file does not name stays, and keys that are not known are counted', async () => {
    const settings = made({ density: 'compact' });
    expect(await settings.take({ theme: 'dark', terminalFontSizePx: 9000, copyOnSelect: 'yes', later: 1, password: 'x' })).toEqual({ taken: ['theme'], refused: ['terminalFontSizePx', 'copyOnSelect'], managed: [], unknown: 2 });
    expect(settings.current).toMatchObject({ theme: 'dark', density: 'compact', terminalFontSizePx: 14, copyOnSelect: false });
    expect(readFileSync(file().path, 'utf8')).not.toContain('password');
  });

  test('what the organisation has set is neither taken from a file, nor reset, nor exported in the user\'s name', async () => {
    const settings = made({ language: 'ja', theme: 'dark' }, { language: 'en' });
    expect(settings.managed).toEqual(['language']);
    expect(await settings.take({ language: 'zh-Hant', theme: 'light' })).toEqual({ taken: ['theme'], refused: [], managed: ['language'], unknown: 0 });
    expect(settings.current).toMatchObject({ language: 'en', theme: 'light' });
    expect(JSON.parse(settingsFileText(settings.own))).toMatchObject({ language: 'ja', theme: 'light' });
    expect(await settings.reset()).toMatchObject({ language: 'en', theme: 'system' });
  });

  test.each([['text', 'not JSON'], ['a list', '[]'], ['null', 'null'], ['more than 256 kB', JSON.stringify({ theme: 'x'.repeat(300_000) })]])('a file that holds %s is refused as a whole', async (_what, text) => {
    writeFileSync(join(folder, 'chosen.json'), text);
    await expect(readSettingsValues(join(folder, 'chosen.json'))).rejects.toMatchObject({ code: 'client.settings-not-imported' });
  });

  test('a file that is not there is refused', async () => {
    await expect(readSettingsValues(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'client.settings-not-imported' });
  });

  test('docs/settings.schema.json is the schema that files are read by', async () => {
    await expect(`${JSON.stringify(settingsJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(join(import.meta.dirname, '../../../docs/settings.schema.json'));
  });
});
