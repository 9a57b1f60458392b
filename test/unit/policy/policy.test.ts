import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { isDisabled, lockedSettings, managedProxy, readPolicyValues, requireFeature } from '../../../src-main/policy/policy.ts';
import { readPolicyFile } from '../../../src-main/policy/policy-file.ts';
import { readFromPropertyList, readFromRegistry } from '../../../src-main/policy/policy-of-system.ts';
import { readRegistryAnswer } from '../../../src-main/policy/registry-answer.ts';
import { Profiles } from '../../../src-main/profiles/profiles.ts';
import { Settings } from '../../../src-main/settings/settings.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';

const codes = ({ problems }: { problems: readonly { code: string }[] }): string[] => problems.map(({ code }) => code);
const PIN = `SHA256:${'A'.repeat(43)}`;

describe('what IT sets', () => {
  test('one bad value costs no other, and is told by its name', () => {
    const policy = readPolicyValues({ serviceUrl: 'http://mavis.example', language: 'ja', unknownKey: 1, ['__proto__x']: 1 }, 'here');
    expect(policy.settings).toEqual({ language: 'ja' });
    expect(policy.problems.map(({ code, args }) => ({ code, args }))).toEqual([{ code: 'client.policy-refused', args: { place: 'here', keys: 'serviceUrl, unknownKey, __proto__x' } }]);
  });

  test.each([null, [], 'text', 7, undefined])('%j is no policy', (values) => {
    expect(codes(readPolicyValues(values, 'here'))).toEqual(['client.policy-unreadable']);
  });

  test.each([['system', { kind: 'system' }], ['none', { kind: 'none' }], ['proxy.example:3128', { kind: 'manual', host: 'proxy.example', port: 3128 }]] as const)('proxy %s', (text, setting) => {
    expect(managedProxy(readPolicyValues({ proxy: text }, 'here').settings.proxy)).toEqual(setting);
  });

  test.each(['proxy.example', 'proxy.example:0', 'proxy.example:65536', 'user@proxy.example:80', 'http://proxy.example:80', 'a b:80', ''])('a proxy %j is refused', (text) => {
    expect(codes(readPolicyValues({ proxy: text }, 'here'))).toEqual(['client.policy-refused']);
  });

  test('a feature that is switched off is refused; the others are not', () => {
    const policy = readPolicyValues({ disabledFeatures: ['add-services', 'agent-forwarding', 'x11-forwarding'] }, 'here');
    expect(() => requireFeature(policy, 'add-services')).toThrow('client.managed');
    expect(() => requireFeature(policy, 'own-programs')).not.toThrow();
    expect(isDisabled(policy, 'deep-links')).toBe(false);
    expect(lockedSettings(policy)).toEqual({ forwardAgent: false, forwardX11: 'off' });
  });
});

describe.skipIf(process.platform === 'win32')('/etc/mavis', () => {
  let folder: string;
  const owner = process.getuid?.() ?? 0;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'mavis-policy-')), 'mavis');
    mkdirSync(folder, { mode: 0o755 });
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));
  const write = (text: string, mode = 0o644): void => {
    writeFileSync(join(folder, 'policy.json'), text);
    chmodSync(join(folder, 'policy.json'), mode);
  };

  test('no folder or no file: no policy, and nothing wrong', () => {
    expect(readPolicyFile(folder, owner)).toEqual({ settings: {}, problems: [] });
    expect(readPolicyFile(join(folder, 'none'), owner)).toEqual({ settings: {}, problems: [] });
  });

  test('a good file holds', () => {
    write('{ "language": "ja" }');
    expect(readPolicyFile(folder, owner)).toEqual({ settings: { language: 'ja' }, problems: [] });
  });

  test.each(['{', '', '[]', 'null', '"x"'])('%j is told, and the app starts without it', (text) => {
    write(text);
    expect(readPolicyFile(folder, owner)).toMatchObject({ settings: {}, problems: [{ code: 'client.policy-unreadable', args: { place: join(folder, 'policy.json') } }] });
  });

  test('a file larger than any policy is not read', () => {
    write(`{ "language": "ja", "x": "${'x'.repeat(300_000)}" }`);
    expect(codes(readPolicyFile(folder, owner))).toEqual(['client.policy-unreadable']);
  });

  test.each([['file', 0o664], ['file', 0o646], ['folder', 0o775], ['folder', 0o757]] as const)('a %s with mode %o is not trusted', (what, mode) => {
    write('{ "language": "ja" }', what === 'file' ? mode : 0o644);
    if (what === 'folder') chmodSync(folder, mode);
    expect(readPolicyFile(folder, owner)).toMatchObject({ settings: {}, problems: [{ code: 'client.policy-untrusted' }] });
  });

  test('what belongs to another account is not trusted', () => {
    write('{ "language": "ja" }');
    expect(codes(readPolicyFile(folder, owner + 1))).toEqual(['client.policy-untrusted']);
  });

  test('a link is not followed: neither for the file nor for the folder', () => {
    write('{ "language": "ja" }');
    renameSync(join(folder, 'policy.json'), join(folder, '..', 'elsewhere.json'));
    symlinkSync(join(folder, '..', 'elsewhere.json'), join(folder, 'policy.json'));
    expect(codes(readPolicyFile(folder, owner))).toEqual(['client.policy-untrusted']);
    symlinkSync(folder, join(folder, '..', 'link'));
    expect(codes(readPolicyFile(join(folder, '..', 'link'), owner))).toEqual(['client.policy-untrusted']);
  });
});

describe('the registry and the profile (not run on Windows, not run on macOS)', () => {
  test('texts and lists, and nothing of other kinds', () => {
    expect(readRegistryAnswer('\r\nHKEY_LOCAL_MACHINE\\X\r\n    ServiceUrl    REG_SZ    https://a.example/\r\n    ServicePins    REG_MULTI_SZ    a\\0b\r\n    ServiceName    REG_SZ\r\n    Count    REG_DWORD    0x1\r\n')).toEqual({ serviceUrl: 'https://a.example/', servicePins: ['a', 'b'], serviceName: '', count: null });
  });

  test('a key that is not there is no policy; a program that cannot run is told', async () => {
    expect(await readFromRegistry('reg.exe', () => Promise.reject(Object.assign(new Error('1'), { code: 1 })))).toEqual({ settings: {}, problems: [] });
    expect(codes(await readFromRegistry('reg.exe', () => Promise.reject(Object.assign(new Error('gone'), { code: 'ENOENT' }))))).toEqual(['client.policy-unreadable']);
    expect(codes(await readFromPropertyList(async () => 'not json'))).toEqual(['client.policy-unreadable']);
  });

  test('the particulars of a profile are no settings of it', async () => {
    expect(await readFromPropertyList(async () => '{ "PayloadUUID": "x", "language": "ja" }')).toEqual({ settings: { language: 'ja' }, problems: [] });
  });

  test('A22: the system’s program is started by its full path, with words and no shell', async () => {
    const started: unknown[] = [];
    await readFromRegistry(String.raw`C:\Windows\System32\reg.exe`, async (file, words) => {
      started.push([file, words]);
      return '';
    });
    expect(started).toEqual([[String.raw`C:\Windows\System32\reg.exe`, ['query', String.raw`HKLM\SOFTWARE\Policies\MAVIS\Desktop`]]]);
  });
});

describe('what is managed cannot be changed', () => {
  test('a setting: refused with its code, whatever else is changed with it; the user’s own comes back with the policy gone', async () => {
    const written: unknown[] = [];
    const { settings: store } = createStores(clientSettings.parse({ language: 'en' }));
    const settings = new Settings(store, { write: async (value) => void written.push(value) }, {}, { language: 'ja' });
    expect(settings.current.language).toBe('ja');
    await expect(settings.update({ language: 'en', theme: 'dark' })).rejects.toMatchObject({ code: 'client.managed' });
    expect(settings.current.theme).toBe('system');
    await settings.update({ theme: 'dark', language: 'ja' });
    expect(written).toEqual([expect.objectContaining({ theme: 'dark', language: 'en' })]);
  });

  test('the service: added once, selected first, with its pins and way out; neither changed nor removed; the user’s own again with the policy gone', async () => {
    const { profiles: store } = createStores(clientSettings.parse({}));
    let made = 0;
    let written = 0;
    const profiles = new Profiles(store, { write: async () => void (written += 1) }, () => `00000000-0000-4000-8000-00000000000${made++}`);
    const own = await profiles.add({ name: 'own', colour: 'red', serviceUrl: 'https://own.example/', pin: null, proxy: { kind: 'none' } });
    const service = { name: 'Ours', serviceUrl: 'https://mavis.example/', pins: [PIN], proxy: { kind: 'manual', host: 'proxy.example', port: 3128 } } as const;
    await profiles.useManaged(service);
    written = 0;
    await profiles.useManaged(service);
    expect(written).toBe(0);
    expect(store.state.items).toHaveLength(2);
    const managed = profiles.selected;
    expect(managed).toMatchObject({ name: 'Ours', serviceUrl: 'https://mavis.example/', pin: PIN, managed: true, proxy: service.proxy });
    if (!managed) throw new Error('no profile is selected');
    const { name, serviceUrl, proxy } = managed;
    await expect(profiles.update(managed.id, { name, serviceUrl, proxy, pin: null, colour: 'red' })).rejects.toMatchObject({ code: 'client.managed' });
    await expect(profiles.remove(managed.id)).rejects.toMatchObject({ code: 'client.managed' });
    await profiles.select(own);
    await profiles.useManaged(service);
    expect(profiles.selected?.id).toBe(own);
    await profiles.useManaged(undefined);
    await profiles.remove(managed.id);
    expect(store.state.items.map(({ id }) => id)).toEqual([own]);
  });
});
