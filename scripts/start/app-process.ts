import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { UsedElectron } from '../set-up/electron-binary.ts';
import { repositoryFolder } from '../set-up/repository.ts';

/** What the app is told on its inherited pipe: how to sign in to the embedded system, once (rule 27). */
export type SignInHandOver = {
  readonly serviceUrl: string;
  readonly pin: string;
  readonly oneTimeSignIn: string;
  readonly embedded: true;
  readonly ports: readonly number[];
};

/** How the app is opened. */
export type AppSettings = {
  readonly electron: UsedElectron;
  readonly userDataFolder: string;
  readonly logFile: string;
  /** A real service whose address is filled in on the sign-in page. */
  readonly serviceUrl: string | undefined;
  readonly handOver: SignInHandOver | undefined;
};

/** Descriptor of the pipe on which the hand-over stands in the app's process. */
const signInDescriptor = 3;

/** Opens the app. The one-time sign-in goes over a pipe only: never on a command line, in the environment or on disk. */
export function openApp(settings: AppSettings): ChildProcess {
  mkdirSync(dirname(settings.logFile), { recursive: true, mode: 0o700 });
  const log = process.env['MAVIS_SHOW_LOG'] === undefined ? openSync(settings.logFile, 'w', 0o600) : undefined;
  const output = log ?? 'inherit';
  const asRoot = process.getuid?.() === 0 && settings.electron.kind === 'real' && process.platform === 'linux';
  const child = spawn(
    settings.electron.executable,
    [...(asRoot ? ['--no-sandbox'] : []), repositoryFolder, `--user-data-dir=${settings.userDataFolder}`],
    {
      cwd: repositoryFolder,
      stdio: ['ignore', output, output, settings.handOver === undefined ? 'ignore' : 'pipe'],
      detached: process.platform !== 'win32',
      env: {
        ...process.env,
        ELECTRON_STANDIN_NODE: process.execPath,
        ...(settings.serviceUrl === undefined ? {} : { MAVIS_SERVICE_URL: settings.serviceUrl }),
        ...(settings.handOver === undefined ? {} : { MAVIS_SIGN_IN_FD: String(signInDescriptor) }),
      },
    },
  );
  if (log !== undefined) closeSync(log);
  const pipe = child.stdio[signInDescriptor];
  pipe?.on('error', () => undefined);
  if (settings.handOver !== undefined && pipe && 'end' in pipe) pipe.end(`${JSON.stringify(settings.handOver)}\n`);
  return child;
}
