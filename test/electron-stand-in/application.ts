import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What the application's package.json tells the stand-in. */
export interface ApplicationPackage {
  readonly name?: string;
  readonly productName?: string;
  readonly version?: string;
  readonly main?: string;
  readonly type?: string;
}

/** The application that runs: set once by the boot code, before any of the application's code. */
export const application = {
  /** Folder with package.json. */
  directory: process.cwd(),
  package: {} as ApplicationPackage,
  /** The command line after the executable, as it was given. */
  rawArguments: [] as readonly string[],
  name: 'Electron',
  /** Chromium switches: of the command line, then `app.commandLine`. Empty string: no value. */
  switches: new Map<string, string>(),
  /** Paths set by `app.setPath`. */
  pathOverrides: new Map<string, string>(),
};

/** Reads `--name` and `--name=value` into switches; other arguments are left. */
export function parseSwitches(commandLine: readonly string[]): Map<string, string> {
  const switches = new Map<string, string>();
  for (const argument of commandLine) {
    if (argument === '--') break;
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(argument);
    if (match?.[1]) switches.set(match[1], match[2] ?? '');
  }
  return switches;
}

const PATHS: Readonly<Record<string, () => string>> = {
  home: () => os.homedir(),
  appData: () => process.env['XDG_CONFIG_HOME'] ?? path.join(os.homedir(), '.config'),
  assets: () => application.directory,
  userData: () => {
    const given = application.switches.get('user-data-dir');
    return given ? path.resolve(given) : path.join(applicationPath('appData'), application.name);
  },
  sessionData: () => applicationPath('userData'),
  temp: () => os.tmpdir(),
  exe: () => process.argv[0] ?? process.execPath,
  module: () => process.argv[0] ?? process.execPath,
  desktop: () => path.join(os.homedir(), 'Desktop'),
  documents: () => path.join(os.homedir(), 'Documents'),
  downloads: () => path.join(os.homedir(), 'Downloads'),
  music: () => path.join(os.homedir(), 'Music'),
  pictures: () => path.join(os.homedir(), 'Pictures'),
  videos: () => path.join(os.homedir(), 'Videos'),
  logs: () => path.join(applicationPath('userData'), 'logs'),
  crashDumps: () => path.join(applicationPath('userData'), 'Crashpad'),
};

/** A path by Electron's name for it; throws Electron's wording for an unknown name. */
export function applicationPath(name: string): string {
  const override = application.pathOverrides.get(name);
  if (override !== undefined) return override;
  const find = PATHS[name];
  if (!find) throw new Error(`Failed to get '${name}' path`);
  return find();
}

/** Sets a path; throws Electron's wording for an unknown name or a relative path. */
export function setApplicationPath(name: string, value: string): void {
  if (!(name in PATHS)) throw new Error(`Failed to set path '${name}'`);
  if (!path.isAbsolute(value)) throw new Error('Path must be absolute');
  application.pathOverrides.set(name, value);
}

/** An empty folder of this run, in the system's temporary folder. */
export function makeTemporaryFolder(): string {
  return mkdtempSync(path.join(os.tmpdir(), 'electron-stand-in-'));
}
