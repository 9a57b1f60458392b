import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { policyTemplates } from '../../../scripts/policy-templates/policy-templates.ts';
import { managedSettingsShape } from '../../../shared/managed-settings.ts';
import { readFromPropertyList, readFromRegistry } from '../../../src-main/policy/policy-of-system.ts';

const folder = resolve(import.meta.dirname, '../../../packaging/policy');
const templates = policyTemplates();
const keys = Object.keys(managedSettingsShape);

describe('IT’s templates, made from the schema (not run on Windows, not run on macOS)', () => {
  test.each([...templates])('packaging/policy/%s is what the schema gives', async (path, text) => {
    await expect(text).toMatchFileSnapshot(join(folder, path));
  });

  test('nothing else lies there', () => {
    const there = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    expect(there.toSorted()).toEqual([...templates.keys()].toSorted());
  });

  test('every text that the template of Windows refers to is there in each language, and no other', () => {
    const admx = templates.get('windows/mavis-desktop.admx') ?? '';
    const wanted = [...admx.matchAll(/\$\(string\.(\w+)\)/g)].map(([, id]) => id).toSorted();
    for (const language of ['en-US', 'ja-JP', 'zh-TW']) {
      const adml = templates.get(`windows/${language}/mavis-desktop.adml`) ?? '';
      expect([...adml.matchAll(/<string id="(\w+)">/g)].map(([, id]) => id).toSorted()).toEqual(wanted);
      expect([...adml.matchAll(/<presentation id="(\w+)">/g)]).toHaveLength(keys.length);
    }
  });

  test('what the template of Windows writes to the registry is what the app reads there', async () => {
    const admx = templates.get('windows/mavis-desktop.admx') ?? '';
    const values = [...admx.matchAll(/<(text|multiText) id="\w+" valueName="(\w+)"/g)].map(([, kind, name]) => ({ kind, name }));
    const samples: Readonly<Record<string, string>> = { ServiceUrl: 'https://mavis.example/', ServiceName: 'MAVIS', ServicePins: `SHA256:${'A'.repeat(43)}\\0SHA256:${'B'.repeat(43)}`, Proxy: 'proxy.example:3128', Language: 'ja', Updates: 'ask', UpdateChannel: 'beta', UpdateUrl: 'https://updates.example/mavis/', DisabledFeatures: 'deep-links\\0own-programs' };
    const answer = `\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\MAVIS\\Desktop\r\n${values.map(({ kind, name = '' }) => `    ${name}    ${kind === 'text' ? 'REG_SZ' : 'REG_MULTI_SZ'}    ${samples[name] ?? ''}\r\n`).join('')}\r\n`;
    const { settings, problems } = await readFromRegistry('reg.exe', async () => answer);
    expect(problems).toEqual([]);
    expect(Object.keys(settings).toSorted()).toEqual(keys.toSorted());
    expect(settings).toMatchObject({ servicePins: [`SHA256:${'A'.repeat(43)}`, `SHA256:${'B'.repeat(43)}`], disabledFeatures: ['deep-links', 'own-programs'], proxy: 'proxy.example:3128' });
  });

  test('the example is a policy that the app takes as a whole', async () => {
    const { settings, problems } = await readFromPropertyList(async () => templates.get('linux/policy.json') ?? '');
    expect(problems).toEqual([]);
    expect(Object.keys(settings).toSorted()).toEqual(keys.toSorted());
  });
});
