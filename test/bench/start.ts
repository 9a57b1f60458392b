import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { _electron, type ElectronApplication } from '@playwright/test';
import { distribution, launchApp } from '../e2e/launch-app.ts';
import { connect, signedIn, terminalText, untilRecorded } from '../e2e/page-actions.ts';
import { startWholeSystem } from '../fixtures/whole-system.ts';
import { distributionLine } from './measuring/distribution.ts';
import { memoryOf } from './measuring/process-cost.ts';
import { endsWithPrompt } from './measuring/prompt.ts';
import { measureStart, type MeasuredStart, START_STEPS, startCommand, type StartedShell } from './measuring/started-shell.ts';

/**
 * From the start of the process to a list of resources that has answered a key, signed in by the one-time sign-in of the embedded
 * system, beside an empty window of the same shell whose field has taken one. Then what the app has in memory with sessions open.
 */
const RUNS = Number(process.env['BENCH_RUNS'] ?? 5);
const SESSIONS = [0, 1, 10];
const USER = { name: 'bench', password: 'a password only for this run' } as const;
/** Memory is read when it has come to rest: two looks that differ by less. */
const RESTING_SHARE = 0.01;
const LOOK_MS = 2000;
const MOST_LOOKS = 15;
/** A minute: ten looks a second. */
const MOST_PROMPT_LOOKS = 600;

const repository = resolve(import.meta.dirname, '../..');
const emptyWindow = join(import.meta.dirname, 'measuring', 'empty-window');
const folder = mkdtempSync(join(tmpdir(), 'mavis-start-'));
const system = await startWholeSystem();
try {
  const { embedded } = system;
  const appStart = async (): Promise<MeasuredStart> => {
    const handOver = { serviceUrl: embedded.service.url, pin: embedded.service.pin, oneTimeSignIn: await embedded.askOneTimeSignIn(), embedded: true, ports: embedded.ports.proxy };
    return measureStart({ application: repository, userData: join(folder, 'app'), shown: '[role=grid] [role=row] button', field: 'input[type=search]', signIn: JSON.stringify(handOver) });
  };
  const empty: StartedShell = { application: emptyWindow, userData: join(folder, 'empty'), shown: 'input', field: 'input' };
  const ours: MeasuredStart[] = [];
  const bare: MeasuredStart[] = [];
  // The first of each side fills caches and makes its folder; it is not counted.
  for (let run = 0; run <= RUNS; run += 1) {
    const a = await appStart();
    const b = await measureStart(empty);
    if (run === 0) continue;
    ours.push(a);
    bare.push(b);
  }
  const { electron, node } = process.versions;
  console.log(`${cpus()[0]?.model ?? 'processor'} x ${cpus().length}, Node ${electron ?? node}, ${distribution.kind === 'electron' ? 'Electron' : 'Electron stand-in on Chromium'}`);
  console.log(`A: ${shownCommand({ application: repository, userData: join(folder, 'app') })}   (sign-in on descriptor 3; 22 resources)`);
  console.log(`B: ${shownCommand(empty)}`);
  reportStarts(ours, bare);
  await reportMemory();
} finally {
  await system.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit();

function shownCommand(shell: Pick<StartedShell, 'application' | 'userData'>): string {
  return startCommand(shell).map((word) => word.replace(folder, '…')).map((word) => (word.startsWith(repository) ? relative(repository, word) || '.' : word)).join(' ');
}

function reportStarts(ours: readonly MeasuredStart[], bare: readonly MeasuredStart[]): void {
  const whole = ({ at }: MeasuredStart): number => at['key answered'];
  console.log(distributionLine('A start to usable list', ours.map(whole), 'ms'));
  console.log(distributionLine('B start to empty window', bare.map(whole), 'ms'));
  console.log(distributionLine('ratio A/B, pair by pair', ours.map((a, run) => whole(a) / (bare[run] ? whole(bare[run]) : Number.NaN)), ''));
  console.log(distributionLine('A processor, all its processes', ours.map(({ cpuMs }) => cpuMs), 'ms'));
  console.log(distributionLine('B processor, all its processes', bare.map(({ cpuMs }) => cpuMs), 'ms'));
  for (const [name, runs] of [['A', ours], ['B', bare]] as const) {
    for (const step of START_STEPS) console.log(distributionLine(`  ${name} until: ${step}`, runs.map(({ at }) => at[step]), 'ms'));
  }
}

/** Main process, pages and the processes of sessions, with the driver of the tests attached to both sides. */
async function reportMemory(): Promise<void> {
  const asRoot = process.getuid?.() === 0 && distribution.kind === 'electron' ? ['--no-sandbox'] : [];
  const bareApp = await _electron.launch({ args: [...asRoot, emptyWindow, `--user-data-dir=${join(folder, 'empty')}`], cwd: repository, env: { ...definedEnvironment(), ELECTRON_STANDIN_NODE: process.execPath } });
  await (await bareApp.firstWindow()).locator('main').waitFor();
  await reportResting('B memory, empty window', bareApp);
  await end(bareApp);

  await system.addUser(USER.name, 'admin', USER.password);
  const app = await signedIn(await launchApp(join(folder, 'memory')), system, USER.name, USER.password);
  let open = 0;
  for (const wanted of SESSIONS) {
    for (; open < wanted; open += 1) {
      const session = await connect(app, system.live.name);
      await untilRecorded(session);
      for (let look = 0; !endsWithPrompt((await terminalText(session)).trimEnd().concat(' ')); look += 1) {
        if (look === MOST_PROMPT_LOOKS) throw new Error('the shell gave no prompt within a minute');
        await wait(100);
      }
    }
    await reportResting(`A memory, ${String(wanted)} SSH sessions`, app.electronApp);
  }
  await end(app.electronApp);
}

async function reportResting(name: string, electronApp: ElectronApplication): Promise<void> {
  const root = electronApp.process().pid ?? process.pid;
  let before = memoryOf([root]);
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    await wait(LOOK_MS);
    const now = memoryOf([root]);
    const rests = Math.abs(now.proportionalBytes - before.proportionalBytes) < RESTING_SHARE * before.proportionalBytes;
    before = now;
    if (rests) break;
  }
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0).padStart(6);
  console.log(`${name.padEnd(34)} PSS ${mebibytes(before.proportionalBytes)} MiB  RSS ${mebibytes(before.residentBytes)} MiB  ${String(before.processes)} processes`);
}

async function end(electronApp: ElectronApplication): Promise<void> {
  const gone = electronApp.waitForEvent('close');
  await electronApp.evaluate(({ app }) => app.exit(0)).catch(() => undefined);
  await gone;
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
