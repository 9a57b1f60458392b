import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { lastLines } from '../embedded-system/child-program.ts';
import { portList } from '../embedded-system/embedded-ports.ts';
import type { EmbeddedSystem } from '../embedded-system/embedded-system.ts';
import type { OfferedDesktops } from '../embedded-system/offered-desktops.ts';
import { cleanUpAfterEarlierStart, StartedProcesses } from '../processes/started-processes.ts';
import { setUpDisplay, type Display } from '../set-up/display.ts';
import { say } from '../set-up/plain-line.ts';
import { tryLock, unlock } from '../processes/process-lock.ts';
import { runCommand, SetUpError } from '../set-up/set-up-error.ts';
import { prepareMachine } from '../set-up/set-up.ts';
import { openApp } from './app-process.ts';
import { parseStartOptions, type StartOptions } from './options.ts';
import { usualUserDataFolder } from './user-data-folder.ts';

/** How long it is waited for something to stand still on a display that nobody sees. */
const screenshotLimitMs = 60_000;

/** Everything that was started, and the one way in which it stops. */
class Run {
  readonly #owner: StartedProcesses;
  readonly #lock: string;
  #app: ChildProcess | undefined;
  #system: EmbeddedSystem | undefined;
  #desktops: OfferedDesktops | undefined;
  #display: Display | undefined;
  #stopped: Promise<void> | undefined;
  readonly #screenshot = new AbortController();

  constructor(owner: StartedProcesses, lock: string) {
    this.#owner = owner;
    this.#lock = lock;
  }

  /** Starts everything; resolves with the app's process once it is started. */
  async start(options: StartOptions, userDataFolder: string, electron: Awaited<ReturnType<typeof prepareMachine>>): Promise<ChildProcess> {
    this.#display = await setUpDisplay();
    for (const pid of this.#display.processes) this.#owner.add('the display', pid);
    if (options.service === undefined) {
      const { startEmbeddedSystem } = await import('../embedded-system/embedded-system.ts');
      this.#system = await startEmbeddedSystem({ folder: join(userDataFolder, 'embedded'), ports: options.ports, owner: this.#owner });
    }
    const logFile = join(userDataFolder, 'logs', 'app-output.log');
    const handOver = this.#system && { serviceUrl: this.#system.service.url, pin: this.#system.service.pin, oneTimeSignIn: await this.#system.askOneTimeSignIn(), embedded: true as const, ports: portList(this.#system.ports) };
    this.#app = openApp({ electron, userDataFolder, logFile, serviceUrl: options.service, handOver });
    this.#owner.add('the app', this.#app.pid);
    this.#watchPrograms();
    if (this.#system !== undefined) {
      const { offerDesktops } = await import('../embedded-system/offered-desktops.ts');
      this.#desktops = offerDesktops(this.#system, join(userDataFolder, 'embedded'), this.#owner);
    }
    void this.#saveScreenshot(join(userDataFolder, 'screenshot.png'));
    return this.#app;
  }

  /** Stops everything, the last started first. Can be called again: it stops once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopOnce();
    return this.#stopped;
  }

  async #stopOnce(): Promise<void> {
    this.#screenshot.abort();
    if (this.#app !== undefined && this.#app.exitCode === null) this.#app.kill('SIGTERM');
    await this.#desktops?.stop();
    await this.#system?.stop();
    await this.#owner.endAll();
    this.#display?.stop();
    unlock(this.#lock);
  }

  #watchPrograms(): void {
    const programs = [['service', this.#system?.serviceProgram], ['gateway', this.#system?.gatewayProgram]] as const;
    for (const [name, program] of programs) {
      program?.process.once('exit', (code, signal) => {
        if (this.#stopped === undefined) say('Embedded system', `the ${name} ended by itself (${signal ?? `code ${code}`}); close the app and run npm start again to have it back.`);
      });
    }
  }

  async #saveScreenshot(file: string): Promise<void> {
    if (this.#display?.own !== true) return;
    const saved = await this.#display.saveScreenshot(file, AbortSignal.any([this.#screenshot.signal, AbortSignal.timeout(screenshotLimitMs)])).catch(() => false);
    if (saved) say('Display', `what the screen shows is saved in ${file}`);
  }
}

async function main(): Promise<number> {
  const options = parseStartOptions(process.argv.slice(2));
  const userDataFolder = options.profileFolder === undefined ? usualUserDataFolder(process.platform, homedir(), process.env) : resolve(options.profileFolder);
  const electron = await prepareMachine('start');
  mkdirSync(userDataFolder, { recursive: true, mode: 0o700 });
  const lock = join(userDataFolder, 'launcher.lock');
  const taken = tryLock(lock);
  if (!taken.taken) throw new SetUpError(`the app is open on ${userDataFolder} already (process ${taken.holder.pid})`, 'close its window, or start with another --profile-dir');
  const processesFile = join(userDataFolder, 'launcher-processes.json');
  const ended = await cleanUpAfterEarlierStart(processesFile);
  if (ended.length > 0) say('Clean-up', `an earlier start was cut off; ended what it left: ${ended.join(', ')}.`);
  return runUntilClosed(new Run(new StartedProcesses(processesFile), lock), options, userDataFolder, electron);
}

async function runUntilClosed(run: Run, options: StartOptions, userDataFolder: string, electron: Awaited<ReturnType<typeof prepareMachine>>): Promise<number> {
  stopOnSignals(run);
  try {
    const app = await run.start(options, userDataFolder, electron);
    say('App', `open; close its window or press Ctrl-C to stop everything. Its output is in ${join(userDataFolder, 'logs', 'app-output.log')}`);
    const code = await codeOf(app);
    if (code !== 0) throw new SetUpError(`the app ended with code ${code}:\n${lastLines(join(userDataFolder, 'logs', 'app-output.log'))}`, 'read the lines above; MAVIS_SHOW_LOG=1 npm start shows them as they come');
    return 0;
  } finally {
    await run.stop();
  }
}

/** Signals, and the end of the Node that started this one, stop everything and end this process. */
function stopOnSignals(run: Run): void {
  const stop = (code: number): void => {
    void run.stop().finally(() => process.exit(code));
  };
  process.on('SIGINT', () => stop(130)).on('SIGTERM', () => stop(143)).on('SIGHUP', () => stop(129));
  if (process.env['MAVIS_ENDS_WITH_CHANNEL'] === undefined) return;
  delete process.env['MAVIS_ENDS_WITH_CHANNEL'];
  process.on('disconnect', () => stop(1));
  process.channel?.unref();
}

function codeOf(app: ChildProcess): Promise<number | null> {
  return new Promise((done, reject) => {
    app.once('error', reject);
    app.once('exit', (code) => done(code));
  });
}

await runCommand(main);
process.exit();
