import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chooseElectron } from './electron-choice.ts';
import { runToEnd } from '../processes/finished-process.ts';
import { say, tookSince } from './plain-line.ts';
import { withLock } from '../processes/process-lock.ts';
import { forgetFailure, recallFailure, rememberFailure } from './remembered-failure.ts';
import { inRepository, toolsFolder } from './repository.ts';
import { SetUpError } from './set-up-error.ts';

/** How long a download may stand still: a machine without a way out is found out fast, a slow line is left to go on. */
const standstillMs = 15_000;

/** Longest time for the whole download: about 120 MB, so 100 kB/s is still enough. */
const downloadLimitMs = 20 * 60 * 1000;

/** Which Electron is used. */
export type UsedElectron = {
  readonly kind: 'real' | 'stand-in';
  readonly executable: string;
  /** What children need in their environment to use the same one. */
  readonly environment: Readonly<Record<string, string>>;
  readonly version: string;
  /** One line for people: which one and why. */
  readonly description: string;
};

const packageFolder = inRepository('node_modules', 'electron');
const standInFolder = inRepository('test', 'electron-stand-in');

/**
 * Gives the Electron to use and says so in one line: the real binary where it is there or can be downloaded, else the
 * stand-in. MAVIS_ELECTRON=download tries a failed download again, MAVIS_ELECTRON=stand-in asks for the stand-in.
 */
export async function setUpElectron(): Promise<UsedElectron> {
  const used = await withLock(join(toolsFolder, 'electron.lock'), find);
  say('Electron', used.description);
  Object.assign(process.env, used.environment);
  return used;
}

async function find(): Promise<UsedElectron> {
  const version = packageVersion();
  const overrideFolder = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const choice = chooseElectron({
    version,
    installedVersion: installedVersion(),
    overrideFolder,
    wish: process.env['MAVIS_ELECTRON'],
    lastFailure: recallFailure('electron-download'),
    nowMs: Date.now(),
  });
  if (choice === 'as-set' && overrideFolder !== undefined) return asSet(overrideFolder, version);
  if (choice === 'installed') return realElectron(version, '');
  if (choice === 'stand-in') return standIn(version);
  return (await download(version)) ?? standIn(version);
}

async function download(version: string): Promise<UsedElectron | undefined> {
  const startedAt = Date.now();
  const folder = join(toolsFolder, 'electron-download');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const ended = await runToEnd(process.execPath, [join(packageFolder, 'install.js')], {
    env: { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder },
    limitMs: downloadLimitMs,
    stalled: watchGrowth(folder),
  });
  rmSync(folder, { recursive: true, force: true });
  if (ended.code === 0 && installedVersion() === version) {
    forgetFailure('electron-download');
    return realElectron(version, ` (downloaded, ${tookSince(startedAt)})`);
  }
  rememberFailure('electron-download', version);
  return undefined;
}

/** A function that is true once a folder has not grown for `standstillMs`. */
function watchGrowth(folder: string): () => boolean {
  let size = -1;
  let grownAt = Date.now();
  return () => {
    const now = sizeOf(folder);
    if (now !== size) {
      size = now;
      grownAt = Date.now();
    }
    return Date.now() - grownAt > standstillMs;
  };
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, file) => sum + (statSync(join(file.parentPath, file.name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

function realElectron(version: string, how: string): UsedElectron {
  const executable = join(packageFolder, 'dist', readFileSync(join(packageFolder, 'path.txt'), 'utf8'));
  return { kind: 'real', executable, environment: {}, version, description: `the real one, version ${version}${how}.` };
}

function standIn(version: string): UsedElectron {
  const executable = join(standInFolder, 'electron');
  if (process.platform === 'win32' || !existsSync(executable)) {
    throw new SetUpError(
      `the binary of Electron ${version} could not be downloaded`,
      'give this machine a way to it (a proxy by HTTPS_PROXY, or ELECTRON_MIRROR), then run again with MAVIS_ELECTRON=download',
    );
  }
  return {
    kind: 'stand-in',
    executable,
    environment: { ELECTRON_OVERRIDE_DIST_PATH: standInFolder },
    version,
    description: `the stand-in (Node and Chromium), because the binary of ${version} is not here and could not be downloaded; MAVIS_ELECTRON=download tries again.`,
  };
}

function asSet(folder: string, version: string): UsedElectron {
  const kind = resolve(folder) === standInFolder ? 'stand-in' : 'real';
  const executable = join(folder, process.platform === 'win32' ? 'electron.exe' : 'electron');
  if (!existsSync(executable)) {
    throw new SetUpError(`there is no ${executable}`, 'set ELECTRON_OVERRIDE_DIST_PATH to a folder with Electron in it, or unset it');
  }
  return { kind, executable, environment: { ELECTRON_OVERRIDE_DIST_PATH: folder }, version, description: `the ${kind} in ${folder}, as ELECTRON_OVERRIDE_DIST_PATH says.` };
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function installedVersion(): string | undefined {
  try {
    readFileSync(join(packageFolder, 'path.txt'), 'utf8');
    return readFileSync(join(packageFolder, 'dist', 'version'), 'utf8').trim().replace(/^v/, '');
  } catch {
    return undefined;
  }
}
