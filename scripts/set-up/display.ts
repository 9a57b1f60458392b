import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeLeftFolder } from '../processes/left-folder.ts';
import { identify } from '../processes/process-identity.ts';
import { findCommand } from './found-command.ts';
import { say } from './plain-line.ts';
import { SetUpError } from './set-up-error.ts';
import { encodePng, readXwd, shareNotBlack, type Picture } from './xwd-picture.ts';

/** Wide enough for two session windows side by side. */
const screenSize = '1600x1000x24';

/** How long Xvfb may take to name its display. */
const displayLimitMs = 10_000;

/** A display that this program started, or the one that was there. */
export type Display = {
  /** Process numbers to end with the display, if this program started them. */
  readonly processes: readonly number[];
  /** True where the display is this program's own and nobody sees it. */
  readonly own: boolean;
  /** Saves what the screen shows as PNG, once something stands still on it; false where nothing came in time. */
  saveScreenshot(file: string, signal: AbortSignal): Promise<boolean>;
  stop(): void;
};

/** A screen with less on it has a pointer and no window yet. */
const windowShare = 0.05;

/** Xvfb keeps its screen in a folder whose name says which process made it. */
const folderPrefix = 'mavis-display-';

/** True where a program on this machine can open a window. */
export function hasDisplay(platform: string, environment: Readonly<Record<string, string | undefined>>): boolean {
  return platform !== 'linux' || Boolean(environment['DISPLAY']) || Boolean(environment['WAYLAND_DISPLAY']);
}

/** Uses the machine's display, or starts one in memory and says so. Sets DISPLAY for all children. */
export async function setUpDisplay(): Promise<Display> {
  if (hasDisplay(process.platform, process.env)) {
    return { processes: [], own: false, saveScreenshot: () => Promise.resolve(false), stop: () => undefined };
  }
  removeLeftFolders();
  const folder = mkdtempSync(join(tmpdir(), `${folderPrefix}${process.pid}-`));
  const server = await startServer(folder);
  process.env['DISPLAY'] = server.name;
  process.env['XDG_SESSION_TYPE'] = 'x11';
  const manager = startWindowManager();
  say('Display', `this machine has none; Xvfb gives one in memory, ${server.name} (${screenSize}).`);
  const started = [server.process, manager].filter((child) => child !== undefined);
  return {
    processes: started.flatMap((child) => child.pid ?? []),
    own: true,
    saveScreenshot: (file, signal) => saveWhenStill(join(folder, 'Xvfb_screen0'), file, signal),
    stop: () => {
      for (const child of started.toReversed()) child.kill('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Removes folders of processes that were killed. */
function removeLeftFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${folderPrefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && identify(Number(pid)) === undefined) removeLeftFolder(join(tmpdir(), name));
  }
}

async function startServer(folder: string): Promise<{ process: ChildProcess; name: string }> {
  const xvfb = findCommand('Xvfb');
  if (xvfb === undefined) throw new SetUpError('there is no display and no Xvfb', 'install the package xvfb, or set DISPLAY');
  const options = ['-displayfd', '3', '-screen', '0', screenSize, '-nolisten', 'tcp', '-fbdir', folder, '-noreset'];
  const child = spawn(xvfb, options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], detached: true });
  child.unref();
  const answer = child.stdio[3];
  const name = await new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), displayLimitMs);
    let told = '';
    answer?.on('data', (text: Buffer) => {
      told += text.toString('latin1');
      if (!told.includes('\n')) return;
      clearTimeout(timer);
      resolve(`:${told.trim()}`);
    });
    child.once('error', () => resolve(undefined));
    child.once('exit', () => resolve(undefined));
  });
  answer?.destroy();
  if (name !== undefined) return { process: child, name };
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  throw new SetUpError('Xvfb did not start', 'run Xvfb :99 by hand to see why, or set DISPLAY to a display that runs');
}

function startWindowManager(): ChildProcess | undefined {
  const openbox = findCommand('openbox');
  if (openbox === undefined) return undefined;
  const child = spawn(openbox, ['--sm-disable'], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
  return child;
}

/**
 * Waits until a window is on the screen and nothing changes for two seconds, then saves it; where the time is up and
 * something still moves, saves it as it is.
 */
async function saveWhenStill(screen: string, file: string, signal: AbortSignal): Promise<boolean> {
  let shown: Picture | undefined;
  let last = '';
  while (!signal.aborted) {
    const picture = readXwd(readFileSync(screen));
    shown = picture && shareNotBlack(picture) > windowShare ? picture : undefined;
    const digest = shown === undefined ? '' : createHash('sha256').update(shown.pixels).digest('hex');
    if (digest !== '' && digest === last) break;
    last = digest;
    await delay(2000, undefined, { signal }).catch(() => undefined);
  }
  if (shown === undefined) return false;
  await writeFile(file, encodePng(shown), { mode: 0o600 });
  return true;
}
