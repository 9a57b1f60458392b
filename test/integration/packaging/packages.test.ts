import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, posix, win32 } from 'node:path';
import { extractFile, getRawHeader, listPackage, statFile } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { Arch } from 'electron-builder';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { buildPackages } from '../../../scripts/package/build-packages.ts';
import { type PackageSystem, packagingPlan } from '../../../scripts/package/packaging-plan.ts';
import { setUpBuild } from '../../../scripts/set-up/build.ts';
import { inRepository } from '../../../scripts/set-up/repository.ts';
import { windowsResources, writePlaceholderElectron } from '../../fixtures/placeholder-electron.ts';

/**
 * The packages as far as they can be built without Electron's binary and the tools that electron-builder downloads: its own work
 * on a placeholder of Electron's distribution, the .deb by dpkg-deb. Not run here: NSIS, MSI, DMG, AppImage, signing, notarisation,
 * the universal binary, and any start of what was installed. electron-builder's own check of their settings is in
 * test/unit/packaging.
 */
const folder = mkdtempSync(join(tmpdir(), 'mavis-packages-'));
const unpacked: Readonly<Record<PackageSystem, { program: string; resources: string }>> = {
  linux: { program: join(folder, 'linux/linux-unpacked/mavis-desktop'), resources: join(folder, 'linux/linux-unpacked/resources') },
  win: { program: join(folder, 'win/win-unpacked/MAVIS Desktop.exe'), resources: join(folder, 'win/win-unpacked/resources') },
  mac: { program: join(folder, 'mac/mac/MAVIS Desktop.app'), resources: join(folder, 'mac/mac/MAVIS Desktop.app/Contents/Resources') },
};
const long = process.env['MAVIS_LONG'] === '1';
/** The long run builds for all three; Linux, the sample of the others, is the one whose packages are made whole here. */
const SYSTEMS: readonly PackageSystem[] = long ? ['linux', 'win', 'mac'] : ['linux'];
const UPDATE_KEY = Buffer.alloc(32, 7).toString('base64');

beforeAll(async () => {
  await setUpBuild();
  process.env['CUSTOM_FPM_PATH'] = inRepository('test', 'fixtures', 'fpm-with-dpkg.mjs');
  for (const system of SYSTEMS) {
    const electron = join(folder, 'electron', system);
    writePlaceholderElectron(electron, system);
    const plan = packagingPlan({ systems: [system], folderOnly: system !== 'linux', release: false }, { MAVIS_UPDATE_PUBLIC_KEYS: UPDATE_KEY, MAVIS_HOMEPAGE: 'https://publisher.example/mavis' });
    await buildPackages(plan, { directories: { output: join(folder, system) }, electronDist: electron, only: { targets: ['deb', 'rpm'], arch: Arch.x64 } });
  }
});
afterAll(() => {
  delete process.env['CUSTOM_FPM_PATH'];
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

const archiveOf = (system: PackageSystem): string => join(unpacked[system].resources, 'app.asar');

/** Paths of the files of an archive, with `/`, without a leading one. */
function filesOf(archive: string): string[] {
  return listPackage(archive, { isPack: false })
    .map((path) => path.replaceAll(win32.sep, posix.sep).replace(/^\//, ''))
    .filter((path) => !('files' in statFile(archive, path)));
}

/** The packages that a script of the build loads by name, in any of the three ways. */
function loadedPackages(code: string): string[] {
  return [...code.matchAll(/\bfrom ?"([^"./][^"]*)"|\bimport ?\(?"([^"./][^"]*)"|\brequire\("([^"./][^"]*)"\)/g)]
    .map(([, from, imported, required]) => from ?? imported ?? required ?? '')
    .filter((name) => !name.startsWith('node:') && name !== 'electron' && /^(?:@[\w.-]+\/)?[\w.-]+(?:\/[\w./-]+)?$/.test(name))
    .map((name) => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/'));
}

describe('the archive that is shipped', () => {
  test('holds the build, the tray’s icons and what main loads: no source map, no test, no source, nothing of service or gateway, nothing native', () => {
    const files = filesOf(archiveOf('linux'));
    const bytes = statSync(archiveOf('linux')).size;
    console.log(`app.asar: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`);
    expect([...new Set(files.map((path) => path.split('/').slice(0, path.startsWith('node_modules/@') ? 3 : path.startsWith('out/') || path.startsWith('node_modules/') ? 2 : 1).join('/')))].toSorted()).toEqual([
      'assets',
      'node_modules/asn1', 'node_modules/bcrypt-pbkdf', 'node_modules/safer-buffer', 'node_modules/ssh2', 'node_modules/tweetnacl',
      'out/main', 'out/preload', 'out/renderer', 'package.json',
    ]);
    expect(files.filter((path) => path.startsWith('assets/') && !path.startsWith('assets/tray/'))).toEqual([]);
    expect(files.filter((path) => /\.map$|\.tsx?$|\.[mc]ts$|\.node$|\.exe$|\.c{1,2}$|(?:^|\/)(?:tests?|__tests__|examples?|docs|\.built-from|\.[^/]+)(?:\/|$)|\.(?:test|spec)\./.test(path))).toEqual([]);
    // What a stray folder or a renderer's library among the dependencies would add at the least.
    expect(bytes).toBeLessThan(16e6);
    expect(existsSync(`${archiveOf('linux')}.unpacked`)).toBe(false);
  });

  test('lacks no package that its scripts load, by what each of them says', () => {
    const files = filesOf(archiveOf('linux'));
    const scripts = files.filter((path) => path.startsWith('out/main/') && path.endsWith('.js'));
    const loaded = new Set(scripts.flatMap((path) => loadedPackages(extractFile(archiveOf('linux'), path).toString())));
    expect([...loaded]).toEqual(expect.arrayContaining(['ssh2']));
    // Optional in ssh2, which asks for it within a try.
    const optional = new Set(['cpu-features']);
    const wanted = [...loaded];
    for (const name of wanted) {
      const { dependencies } = z.object({ dependencies: z.record(z.string(), z.string()).default({}) }).parse(JSON.parse(readFileSync(inRepository('node_modules', name, 'package.json'), 'utf8')));
      for (const further of Object.keys(dependencies)) if (!wanted.includes(further)) wanted.push(further);
    }
    expect(wanted.filter((name) => !optional.has(name) && !files.includes(`node_modules/${name}/package.json`))).toEqual([]);
  });

  test('no file in it names a folder of the machine that built it', () => {
    const archive = archiveOf('linux');
    const own = filesOf(archive).filter((path) => path.startsWith('out/') && /\.(?:js|cjs|html|css)$/.test(path));
    expect(own.filter((path) => extractFile(archive, path).includes(inRepository()))).toEqual([]);
  });

  test('tells the app which keys sign its updates, and nothing of the scripts of development', () => {
    const description: unknown = JSON.parse(extractFile(archiveOf('linux'), 'package.json').toString());
    expect(description).toMatchObject({ name: 'mavis-desktop', main: 'out/main/main.js', updateKeys: [UPDATE_KEY], homepage: 'https://publisher.example/mavis' });
    expect(description).not.toHaveProperty('scripts');
    expect(description).not.toHaveProperty('devDependencies');
  });
});

describe('E19: what the program will do', () => {
  test.each(SYSTEMS)('the seven fuses stand as the checklist wants in the program for %s', async (system) => {
    const { program } = unpacked[system];
    const wire = await getCurrentFuseWire(program);
    const states: readonly (readonly [FuseV1Options, FuseState])[] = [
      [FuseV1Options.RunAsNode, FuseState.DISABLE],
      [FuseV1Options.EnableCookieEncryption, FuseState.ENABLE],
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable, FuseState.DISABLE],
      [FuseV1Options.EnableNodeCliInspectArguments, FuseState.DISABLE],
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation, FuseState.ENABLE],
      [FuseV1Options.OnlyLoadAppFromAsar, FuseState.ENABLE],
      [FuseV1Options.GrantFileProtocolExtraPrivileges, FuseState.DISABLE],
    ];
    expect(states.map(([fuse]) => [fuse, wire[fuse]])).toEqual(states);
  });
});

describe.each(long ? ['Windows and macOS'] : [])('the packages of %s, in the long run, where they are built', () => {
  test('hold the same archive as that of Linux', () => {
    const linux = filesOf(archiveOf('linux')).toSorted();
    expect(filesOf(archiveOf('win')).toSorted()).toEqual(linux);
    expect(filesOf(archiveOf('mac')).toSorted()).toEqual(linux);
  });

  test('E19: the program of Windows is bound to the archive’s header by its hash', () => {
    const integrity = windowsResources(readFileSync(unpacked.win.program)).find(({ type, id }) => type === 'INTEGRITY' && id === 'ELECTRONASAR');
    expect(JSON.parse(Buffer.from(new Uint8Array(integrity?.bin ?? new ArrayBuffer(0))).toString())).toEqual([{ file: 'resources\\app.asar', alg: 'SHA256', value: headerHash(archiveOf('win')) }]);
  });

  test('E19: so is that of macOS, by its property list', () => {
    expect(macProperties()['ElectronAsarIntegrity']).toEqual({ 'Resources/app.asar': { algorithm: 'SHA256', hash: headerHash(archiveOf('mac')) } });
  });

  test('macOS opens mavis:// links with it, and wants macOS 12', () => {
    expect(macProperties()).toMatchObject({ CFBundleURLTypes: [{ CFBundleURLName: 'MAVIS', CFBundleURLSchemes: ['mavis'] }], LSMinimumSystemVersion: '12.0', CFBundleIdentifier: 'com.mavis.desktop', LSApplicationCategoryType: 'public.app-category.utilities' });
  });
});

function headerHash(archive: string): string {
  return createHash('sha256').update(getRawHeader(archive).headerString).digest('hex');
}

/** The property list of the app for macOS, read with the parser that electron-builder writes it with. */
function macProperties(): Record<string, unknown> {
  const require = createRequire(createRequire(import.meta.url).resolve('app-builder-lib/package.json'));
  const { parse } = z.object({ parse: z.function({ input: [z.string()], output: z.unknown() }) }).parse(require('plist'));
  return z.record(z.string(), z.unknown()).parse(parse(readFileSync(join(unpacked.mac.program, 'Contents/Info.plist'), 'utf8')));
}

describe('each system’s way', () => {
  test('only the languages that the app speaks are shipped of Chromium’s', () => {
    for (const language of ['en-US', 'ja', 'zh-TW']) expect(existsSync(join(folder, `linux/linux-unpacked/locales/${language}.pak`))).toBe(true);
    for (const language of ['de', 'zh-CN']) expect(existsSync(join(folder, `linux/linux-unpacked/locales/${language}.pak`))).toBe(false);
  });

  const deb = (): string => join(folder, 'linux/mavis-desktop-0.1.0-linux-amd64.deb');

  test('the .deb, made by dpkg-deb, installs the app, its icons and an entry that opens mavis:// links', () => {
    const fields = execFileSync('dpkg-deb', ['--field', deb()], { encoding: 'utf8' });
    expect(fields).toMatch(/^Package: mavis-desktop$/m);
    expect(fields).toMatch(/^Architecture: amd64$/m);
    expect(fields).toMatch(/^Homepage: https:\/\/publisher\.example\/mavis$/m);
    expect(fields).toMatch(/^Depends: .*libgtk-3-0, .*libsecret-1-0/m);
    const out = join(folder, 'installed');
    execFileSync('dpkg-deb', ['--raw-extract', deb(), out]);
    const paths = execFileSync('find', ['.', '-type', 'f'], { cwd: out, encoding: 'utf8' }).split('\n');
    for (const side of [16, 32, 48, 128, 256, 512]) expect(paths).toContain(`./usr/share/icons/hicolor/${side}x${side}/apps/mavis-desktop.png`);
    expect(readFileSync(join(out, 'opt/MAVIS Desktop/resources/app.asar'))).toEqual(readFileSync(archiveOf('linux')));
    const entry = readFileSync(join(out, 'usr/share/applications/mavis-desktop.desktop'), 'utf8');
    expect(entry).toMatch(/^Exec="\/opt\/MAVIS Desktop\/mavis-desktop" %U$/m);
    expect(entry).toMatch(/^MimeType=x-scheme-handler\/mavis;$/m);
    expect(entry).toMatch(/^Icon=mavis-desktop$/m);
    // Chromium's sandbox where user namespaces are not to be had: its helper is root's and set-uid.
    expect(readFileSync(join(out, 'DEBIAN/postinst'), 'utf8')).toMatch(/chmod 4755 '\/opt\/MAVIS Desktop\/chrome-sandbox'/);
    expect(paths.filter((path) => path.startsWith('./etc/'))).toEqual([]);
  });

  test('the .rpm is asked for with the same files and scripts (not built here: rpmbuild)', () => {
    const request = z.object({ options: z.record(z.string(), z.array(z.string())), files: z.array(z.tuple([z.string(), z.string()])), scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(readFileSync(join(folder, 'linux/mavis-desktop-0.1.0-linux-x86_64.rpm'), 'utf8')));
    expect(request.options).toMatchObject({ '-t': ['rpm'], '--name': ['mavis-desktop'], '--version': ['0.1.0'], '--architecture': ['amd64'] }); // fpm's own name of it, which it turns into rpm's
    expect(request.files.map(([, to]) => to)).toEqual(expect.arrayContaining(['/opt/MAVIS Desktop', '/usr/share/applications/mavis-desktop.desktop', '/usr/share/icons/hicolor/256x256/apps/mavis-desktop.png']));
  });
});
