import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseIdentity } from '../../../scripts/processes/process-identity.ts';
import { repositoryFolder } from '../../../scripts/set-up/repository.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import { ProcessTree } from '../../fixtures/process-tree.ts';

const run = promisify(execFile);

/** Set-up, display, two programs, a target and a window, on a machine that does other things too. */
const OPEN_LIMIT_MS = 120_000;
/** Programs are asked to end, waited for, and killed when they do not. */
const GONE_LIMIT_MS = 40_000;

let folder: string;
let ports: readonly number[];
let started: Started[];
/** Number of the launcher that is or was looked at. */
let lastLauncher = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-start-'));
  ports = await freePorts(5);
  started = [];
});

afterEach(() => {
  for (const { tree } of started.splice(0)) tree.killAll();
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

interface Started {
  readonly process: ChildProcess;
  readonly tree: ProcessTree;
  readonly output: () => string;
  /** Its code, when it has ended. */
  readonly ended: Promise<number | string | null>;
}

/** Parts of the embedded system; with a real service none of them is there. */
const EMBEDDED_PARTS = ['src-service/main.ts', 'src-gateway/main.ts', 'sshd'] as const;

/** `npm start` as a person types it, on the embedded system, until the window is there and the person is signed in. */
async function startApp(): Promise<Started> {
  const one = await startWindow('--profile-dir', folder, '--ports', ports.join(','));
  const running = [...one.tree.running().values()].join('\n');
  for (const part of EMBEDDED_PARTS) expect(running).toContain(part);
  // Rule 27: the one-time sign-in that came over the inherited pipe.
  await expect.poll(() => signIns(folder).map(({ profileId }) => profileId === selectedProfile(folder).id), { timeout: OPEN_LIMIT_MS, interval: 200 }).toEqual([true]);
  return one;
}

/** Waits for the window of `npm start` in a process group of its own as a shell gives it, on a machine without a display. */
async function startWindow(...parameters: readonly string[]): Promise<Started> {
  const mark = randomUUID();
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...environment } = process.env;
  const child = spawn('npm', ['start', '--', ...parameters], {
    cwd: repositoryFolder,
    env: { ...environment, MAVIS_START_TEST: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | string | null>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const one = { process: child, tree: new ProcessTree(`MAVIS_START_TEST=${mark}`), output: () => output, ended };
  started.push(one);
  await expect.poll(() => output, { timeout: OPEN_LIMIT_MS, interval: 200 }).toContain('App: open');
  // The window is there, and all that belongs to it.
  await expect.poll(() => windowsOn(displayOf(output)), { timeout: OPEN_LIMIT_MS, interval: 500 }).toContain('MAVIS');
  const running = [...one.tree.running().values()].join('\n');
  for (const part of ['Xvfb', 'chromium', 'reaper.ts']) expect(running).toContain(part);
  return one;
}

const logLine = z.object({ msg: z.string(), profileId: z.string().optional() });
const profilesFile = z.object({ selected: z.string().nullable(), items: z.array(z.object({ id: z.string(), serviceUrl: z.string() })) });

/** The sign-ins that the app told of in its log. */
function signIns(profileFolder: string): { readonly profileId: string | undefined }[] {
  return readFileSync(join(profileFolder, 'logs', 'app-output.log'), 'utf8')
    .split('\n')
    // Behind the last one there is nothing, or a line that is being written.
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => logLine.parse(JSON.parse(line)))
    .flatMap(({ msg, profileId }) => (msg === 'signed in' ? [{ profileId }] : []));
}

function selectedProfile(profileFolder: string): { readonly id: string; readonly serviceUrl: string } {
  const { items, selected: selectedId } = profilesFile.parse(JSON.parse(readFileSync(join(profileFolder, 'profiles.json'), 'utf8')));
  const selected = items.find(({ id }) => id === selectedId);
  if (selected === undefined) throw new Error('no profile is selected');
  return selected;
}

function displayOf(output: string): string {
  return /Xvfb gives one in memory, (:\d+)/.exec(output)?.[1] ?? '';
}

async function windowsOn(display: string): Promise<string> {
  return (await run('wmctrl', ['-l'], { env: { ...process.env, DISPLAY: display } }).catch(() => ({ stdout: '' }))).stdout;
}

/** As its user does; tried again while the window manager says that it has no such window, as it once did of one that it had listed. */
async function closeWindow(display: string): Promise<void> {
  await expect.poll(() => run('wmctrl', ['-c', 'MAVIS'], { env: { ...process.env, DISPLAY: display } }).then(() => 'closed', (error: { stderr: string }) => error.stderr), { timeout: 30_000, interval: 500 }).toBe('closed');
}

/** The launcher's own process: the one that holds the profile's lock. */
function launcher(): number {
  const holder = parseIdentity(JSON.parse(readFileSync(join(folder, 'launcher.lock'), 'utf8')));
  if (!holder) throw new Error('no launcher holds the lock');
  return holder.pid;
}

/** Ports of the system that still answer. */
async function answering(): Promise<number[]> {
  const answers = await Promise.all(
    ports.map((port) => new Promise<number | undefined>((resolve) => {
      const socket = createConnection(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(port);
      });
      socket.once('error', () => resolve(undefined));
    })),
  );
  return answers.flatMap((port) => port ?? []);
}

async function expectNothingLeft({ tree: ofStart }: Started): Promise<void> {
  await expect.poll(() => [...ofStart.running().values()], { timeout: GONE_LIMIT_MS, interval: 200 }).toEqual([]);
  expect(await answering()).toEqual([]);
}

/** What a start writes while it runs and takes back when it ends. */
function leftFiles(): string[] {
  return [...['launcher.lock', 'launcher-processes.json'].filter((name) => existsSync(join(folder, name))), ...readdirSync(tmpdir()).filter((name) => name.startsWith(`mavis-display-${String(lastLauncher)}-`))];
}

/** App and gateway had time to say goodbye: the app wrote its last line, the gateway the last event of its journal. */
function expectGoodOrder(): void {
  expect(readFileSync(join(folder, 'logs', 'app-output.log'), 'utf8')).toContain('"msg":"stopped"');
  const journal = join(folder, 'embedded', 'gateway', 'journal');
  const segment = readdirSync(journal).filter((name) => name.startsWith('segment-')).toSorted().at(-1) ?? '';
  expect(readFileSync(join(journal, segment), 'utf8').trimEnd().split('\n').at(-1)).toContain('gateway-stopped');
}

describe.runIf(process.platform === 'linux')('npm start', () => {
  test('closing the window stops service, gateway, target, display and the app; a second start meanwhile is told that the app is open', async () => {
    const one = await startApp();
    lastLauncher = launcher();
    expect(one.output()).toContain('provisioned gateway office1');
    // A display that nobody sees: what it shows is saved, and the line says where.
    const picture = join(folder, 'screenshot.png');
    await expect.poll(() => one.output(), { timeout: OPEN_LIMIT_MS, interval: 500 }).toContain(`what the screen shows is saved in ${picture}`);
    expect(readFileSync(picture).subarray(1, 4).toString('latin1')).toBe('PNG');
    const second = await run('npm', ['start', '--', '--profile-dir', folder], { cwd: repositoryFolder }).then(() => 'it started', (error: { stdout: string; stderr: string }) => error.stdout + error.stderr);
    expect(second).toContain(`the app is open on ${folder} already (process ${String(lastLauncher)})`);
    expect(await answering()).toEqual([...ports]);

    await closeWindow(displayOf(one.output()));
    expect([await one.ended, one.output()]).toEqual([0, expect.not.stringContaining('ended by itself')]);
    await expectNothingLeft(one);
    expect(leftFiles()).toEqual([]);
    expectGoodOrder();
  }, 300_000);

  test('a start after the first does no step of set-up again; Ctrl-C stops everything in good order too', async () => {
    const one = await startApp();
    expect(one.output()).not.toMatch(/^(?:Node|Packages|System packages|Build): |provisioned/m);
    lastLauncher = launcher();
    // The terminal sends it to the whole foreground group.
    process.kill(-(one.process.pid ?? 0), 'SIGINT');
    await one.ended;
    await expectNothingLeft(one);
    expect(leftFiles()).toEqual([]);
    expectGoodOrder();
  }, 300_000);

  test('where the launcher is killed what it started ends by itself; where its reaper is killed with it the next start says so, ends it, and works on the same ports', async () => {
    const first = await startApp();
    lastLauncher = launcher();
    process.kill(lastLauncher, 'SIGKILL');
    await expectNothingLeft(first);

    const second = await startApp();
    // The killed one could not take its display's folder away.
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`mavis-display-${String(lastLauncher)}-`))).toEqual([]);
    process.kill(second.tree.find('reaper.ts'), 'SIGKILL');
    process.kill(launcher(), 'SIGKILL');
    await second.ended;
    expect([...second.tree.running().values()].join('\n')).toContain('chromium');

    const third = await startApp();
    expect(third.output()).toMatch(/Clean-up: an earlier start was cut off; ended what it left: .*the app/);
    for (const port of ports) expect(third.output()).toContain(String(port));
    expect([...second.tree.running().values()]).toEqual([]);
    await closeWindow(displayOf(third.output()));
    expect(await third.ended).toBe(0);
    await expectNothingLeft(third);
  }, 400_000);

  test('--service opens the app on that service, signed in to nothing, and starts no system of its own; an address that is none starts nothing', async () => {
    const own = join(folder, 'on-a-service');
    const refused = await run('npm', ['start', '--', '--profile-dir', own, '--service', 'http://mavis.example'], { cwd: repositoryFolder }).then(() => 'it started', (error: { stdout: string; stderr: string }) => error.stdout + error.stderr);
    expect(refused).toContain('--service takes an address that begins with https://');
    expect(existsSync(own)).toBe(false);

    const serviceUrl = `https://127.0.0.1:${String(ports[0])}`;
    const one = await startWindow('--profile-dir', own, '--service', serviceUrl);
    expect(selectedProfile(own)).toMatchObject({ serviceUrl });
    expect(signIns(own)).toEqual([]);
    const running = [...one.tree.running().values()].join('\n');
    for (const part of EMBEDDED_PARTS) expect(running).not.toContain(part);
    expect(existsSync(join(own, 'embedded'))).toBe(false);
    await closeWindow(displayOf(one.output()));
    expect(await one.ended).toBe(0);
    await expectNothingLeft(one);
  }, 300_000);
});
