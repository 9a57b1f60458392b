import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { repositoryFolder } from '../set-up/repository.ts';
import { SetUpError } from '../set-up/set-up-error.ts';

/** How long a program may take to its first line: the service makes its database at the first start, which takes a minute and more on a machine that is busy with other things. One that ends is noticed at once. */
const firstLineLimitMs = 180_000;

/** A program of this repository that runs until its standard input ends. */
export type ChildProgram = {
  readonly process: ChildProcess;
  /** The duplex pipe that it has as descriptor 3. */
  readonly control: Duplex;
  /** What its first line on standard output said. */
  readonly listening: unknown;
};

/** Starts a program and waits for the line of JSON by which it says that it listens. Its log goes to a file. */
export async function startChildProgram(name: string, parameters: readonly string[], logFile: string, started: (pid: number | undefined) => void): Promise<ChildProgram> {
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn(process.execPath, parameters, {
    cwd: repositoryFolder,
    stdio: ['pipe', 'pipe', log, 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  closeSync(log);
  started(child.pid);
  child.stdin?.on('error', () => undefined);
  const control = child.stdio[3] as Duplex;
  control.on('error', () => undefined);
  return { process: child, control, listening: await firstLine(name, child, logFile) };
}

function firstLine(name: string, child: ChildProcess, logFile: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail('it did not say in time that it listens'), firstLineLimitMs);
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new SetUpError(`${name} did not start: ${why}\n${lastLines(logFile)}`, `read ${logFile}; if its data is of no value, start with another --profile-dir`));
    };
    const onExit = (code: number | null): void => fail(`it ended with code ${code}`);
    child.once('error', (error) => fail(error.message));
    child.once('exit', onExit);
    if (child.stdout === null) return fail('it has no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = parseListening(line);
      if (said === undefined) return;
      clearTimeout(timer);
      child.off('exit', onExit);
      resolve(said);
    });
  });
}

/** The line `{"event":"listening",…}`, or undefined for any other. */
export function parseListening(line: string): unknown {
  try {
    const said: unknown = JSON.parse(line);
    return typeof said === 'object' && said !== null && (said as { event?: unknown }).event === 'listening' ? said : undefined;
  } catch {
    return undefined;
  }
}

/** The end of a log, for a failure's message. */
export function lastLines(file: string, count = 15): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}
