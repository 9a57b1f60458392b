import { describe, expect, test } from 'vitest';
import { installedPackage, type RunningApp } from '../../../src-main/updates/installed-package.ts';
import { installPlan, installsItself } from '../../../src-main/updates/update-installer.ts';

const linux: RunningApp = { platform: 'linux', arch: 'x64', executable: '/opt/MAVIS Desktop/mavis-desktop', resourcesFolder: '/opt/MAVIS Desktop/resources', environment: {} };
const windows: RunningApp = { platform: 'win32', arch: 'x64', executable: String.raw`C:\Users\a\AppData\Local\Programs\MAVIS Desktop\MAVIS Desktop.exe`, resourcesFolder: '', environment: {} };
const files = (there: Readonly<Record<string, string>>) => ({ exists: (path: string) => path in there, read: (path: string) => there[path] });

describe('the package that runs', () => {
  test('an AppImage is known by what it has mounted; one that only started us is not ours to replace', () => {
    const environment = { APPIMAGE: '/home/a/MAVIS.AppImage', APPDIR: '/tmp/.mount_MAVIS1' };
    expect(installedPackage({ ...linux, executable: '/tmp/.mount_MAVIS1/mavis-desktop', environment }, files({}))).toEqual({ target: 'appimage-x64', appImage: '/home/a/MAVIS.AppImage' });
    expect(installedPackage({ ...linux, environment }, files({}))).toBeUndefined();
    expect(installedPackage({ ...linux, executable: '/tmp/.mount_MAVIS12/mavis-desktop', environment }, files({}))).toBeUndefined();
    expect(installedPackage({ ...linux, executable: '/tmp/.mount_MAVIS1/mavis-desktop', environment: { ...environment, APPIMAGE: 'MAVIS.AppImage' } }, files({}))).toBeUndefined();
  });

  test('Debian’s and RPM’s by what electron-builder wrote into them; a folder that was unpacked is none', () => {
    const of = (kind: string, arch = 'x64') => installedPackage({ ...linux, arch }, files({ '/opt/MAVIS Desktop/resources/package-type': kind }));
    expect([of('deb')?.target, of('rpm\n', 'arm64')?.target, of('pacman'), of('deb', 'riscv64')]).toEqual(['deb-x64', 'rpm-arm64', undefined, undefined]);
    expect(installedPackage(linux, files({}))).toBeUndefined();
  });

  test('on Windows by the uninstaller of NSIS beside the program; on macOS there is one (not run on Windows, not run on macOS)', () => {
    const uninstaller = String.raw`C:\Users\a\AppData\Local\Programs\MAVIS Desktop\Uninstall MAVIS Desktop.exe`;
    expect(installedPackage({ ...windows, arch: 'arm64' }, files({ [uninstaller]: '' }))).toEqual({ target: 'nsis-arm64', appImage: undefined });
    expect(installedPackage(windows, files({}))?.target).toBe('msi-x64');
    expect(installedPackage({ ...linux, platform: 'darwin', arch: 'arm64' }, files({}))?.target).toBe('dmg-universal');
  });
});

describe('A22: how a package takes an update: programs with words, never a line for a shell', () => {
  test('NSIS: its own installer, silent, as an update; started anew where that was asked for (not run on Windows)', () => {
    const file = String.raw`C:\Users\a & b\updates\mavis-desktop-1.2.0-setup-x64.exe`;
    expect(installPlan({ target: 'nsis-x64', appImage: undefined }, file, ['--user-data-dir=x'])).toEqual({ kind: 'run', quietly: { program: file, words: ['/S', '--updated'] }, andRestart: { program: file, words: ['/S', '--updated', '--force-run'] } });
  });

  test('an AppImage is replaced and started; the others are somebody’s to install', () => {
    expect(installPlan({ target: 'appimage-x64', appImage: '/a/b.AppImage' }, '/c', ['--user-data-dir=x'])).toEqual({ kind: 'replace', appImage: '/a/b.AppImage', restart: { program: '/a/b.AppImage', words: ['--user-data-dir=x'] } });
    for (const target of ['msi-x64', 'dmg-universal', 'deb-x64', 'deb-arm64', 'rpm-x64', 'rpm-arm64'] as const) expect(installsItself({ target, appImage: undefined })).toBe(false);
  });
});
