import { expect, test } from 'vitest';
import { parseStartOptions } from '../../../scripts/start/options.ts';
import { usualUserDataFolder } from '../../../scripts/start/user-data-folder.ts';

test('without options the embedded system is started in the usual folder', () => {
  expect(parseStartOptions([])).toEqual({ service: undefined, profileFolder: undefined, ports: undefined });
});

test('a real service is named by its https address', () => {
  expect(parseStartOptions(['--service', 'https://mavis.example:8443']).service).toBe('https://mavis.example:8443');
  expect(() => parseStartOptions(['--service', 'http://mavis.example'])).toThrow(/https/);
  expect(() => parseStartOptions(['--service', 'mavis'])).toThrow(/https/);
});

test('an option that is not known is refused', () => {
  expect(() => parseStartOptions(['--portz', '1'])).toThrow(/--portz/);
});

test.each([
  ['linux', {}, '/home/a/.config/MAVIS Desktop'],
  ['linux', { XDG_CONFIG_HOME: '/cfg' }, '/cfg/MAVIS Desktop'],
  ['darwin', {}, '/home/a/Library/Application Support/MAVIS Desktop'],
  ['win32', { APPDATA: String.raw`C:\Users\a\AppData\Roaming` }, String.raw`C:\Users\a\AppData\Roaming\MAVIS Desktop`],
])('on %s the app keeps its data where Electron does', (platform, environment, expected) => {
  expect(usualUserDataFolder(platform, '/home/a', environment)).toBe(expected);
});
