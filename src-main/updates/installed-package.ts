import { existsSync, readFileSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import type { UpdateTarget } from '../../shared/updates/update-manifest.ts';

/** How this app came to the computer, as far as it matters to updates. */
export interface InstalledPackage {
  /** The package that it is of. */
  readonly target: UpdateTarget;
  /** The AppImage itself, which is replaced; for no other kind. */
  readonly appImage: string | undefined;
}

/** What a start tells of where it runs. */
export interface RunningApp {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** The program that runs. */
  readonly executable: string;
  /** Electron's `process.resourcesPath`. */
  readonly resourcesFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Looks at files of the installation. */
export interface InstallationFiles {
  readonly exists: (path: string) => boolean;
  /** A small file's text, undefined where there is none. */
  readonly read: (path: string) => string | undefined;
}

const FILES: InstallationFiles = {
  exists: existsSync,
  read: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
};

const ARCHITECTURES: ReadonlySet<string> = new Set(['x64', 'arm64']);

/**
 * The package that runs; undefined for what none of ours is: a folder that was only unpacked, or the repository. Blocking, for the start
 * alone. Windows and macOS: not run there.
 */
export function installedPackage({ platform, arch, executable, resourcesFolder, environment }: RunningApp, { exists, read }: InstallationFiles = FILES): InstalledPackage | undefined {
  const of = (target: UpdateTarget, appImage?: string): InstalledPackage => ({ target, appImage });
  if (platform === 'darwin') return of('dmg-universal');
  if (!ARCHITECTURES.has(arch)) return undefined;
  const processor = arch === 'x64' ? 'x64' : 'arm64';
  if (platform === 'win32') {
    // NSIS leaves its uninstaller beside the program, the system's own installer leaves none.
    const name = win32.basename(executable, '.exe');
    if (exists(win32.join(win32.dirname(executable), `Uninstall ${name}.exe`))) return of(`nsis-${processor}`);
    return processor === 'x64' ? of('msi-x64') : undefined;
  }
  // An AppImage hands its name to every program that is started from it: it is ours only where we run from what it has mounted.
  const { APPIMAGE: appImage = '', APPDIR: mounted = '' } = environment;
  if (posix.isAbsolute(appImage) && posix.isAbsolute(mounted) && isBelow(mounted, executable)) return of(`appimage-${processor}`, appImage);
  const kind = read(posix.join(resourcesFolder, 'package-type'))?.trim();
  return kind === 'deb' || kind === 'rpm' ? of(`${kind}-${processor}`) : undefined;
}

function isBelow(folder: string, path: string): boolean {
  const way = posix.relative(folder, path);
  return way !== '' && !way.startsWith('..') && !posix.isAbsolute(way);
}
