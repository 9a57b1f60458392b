import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { cpuSecondsOf } from './process-cost.ts';

const repository = resolve(import.meta.dirname, '../../..');
const WATCHER = join(import.meta.dirname, 'until-usable.cjs');
/** The `electron` package's own answer to where its executable is; it honours the stand-in's variable. */
const executable = z.string().parse(createRequire(import.meta.url)('electron'));
/** A start that takes longer hangs. */
const LIMIT_MS = 120_000;
/** The descriptor of the app's sign-in pipe. */
const SIGN_IN_DESCRIPTOR = 3;

/** The steps of a start, in their order, as the watcher in the shell tells them. */
export const START_STEPS = ['main script', 'page and its scripts', 'shown', 'key answered'] as const;
export type StartStep = (typeof START_STEPS)[number];

/** What is started, and how one sees that it can be used. */
export interface StartedShell {
  /** The folder of the application, or of the app's package. */
  readonly application: string;
  readonly userData: string;
  /** CSS: what stands in the page when its user can work. */
  readonly shown: string;
  /** CSS: the field that then takes a key. */
  readonly field: string;
  /** One line for the app's sign-in pipe. */
  readonly signIn?: string;
}

export interface MeasuredStart {
  /** Milliseconds from the start of the process to each step; the last is the whole. */
  readonly at: Readonly<Record<StartStep, number>>;
  /** Milliseconds of processor of all its processes until then. */
  readonly cpuMs: number;
}

/** The command line of a start, its folders below the repository's. */
export function startCommand({ application, userData }: Pick<StartedShell, 'application' | 'userData'>): string[] {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return [executable, '-r', WATCHER, ...asRoot, application, `--user-data-dir=${userData}`];
}

/** Starts a shell, waits until its window has answered a key, and ends it as its system would. Throws where it ends before. */
export async function measureStart(shell: StartedShell): Promise<MeasuredStart> {
  const [program = '', ...words] = startCommand(shell);
  const beganAt = performance.now();
  const child = spawn(program, words, {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'ignore', shell.signIn === undefined ? 'ignore' : 'pipe'],
    env: { ...process.env, ELECTRON_STANDIN_NODE: process.execPath, LANG: 'en_US.UTF-8', MAVIS_BENCH_SHOWN: shell.shown, MAVIS_BENCH_FIELD: shell.field, ...(shell.signIn === undefined ? {} : { MAVIS_SIGN_IN_FD: String(SIGN_IN_DESCRIPTOR) }) },
  });
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error(`not started: ${program}`);
  const ended = once(child, 'exit');
  const pipe = child.stdio[SIGN_IN_DESCRIPTOR];
  if (shell.signIn !== undefined && pipe && 'end' in pipe) pipe.end(`${shell.signIn}\n`);
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  try {
    const at = new Map<string, number>();
    let cpuMs = 0;
    for await (const line of createInterface({ input: stdout })) {
      const step = /^usable: (.+)$/.exec(line)?.[1];
      if (step === undefined) continue;
      at.set(step, performance.now() - beganAt);
      if (step !== 'key answered') continue;
      cpuMs = cpuSecondsOf([pid]) * 1000;
      break;
    }
    const told = (step: StartStep): number => {
      const value = at.get(step);
      if (value === undefined) throw new Error(`${shell.application} ended before “${step}”`);
      return value;
    };
    return { at: { 'main script': told('main script'), 'page and its scripts': told('page and its scripts'), shown: told('shown'), 'key answered': told('key answered') }, cpuMs };
  } finally {
    clearTimeout(limit);
    stdout.resume();
    child.kill('SIGTERM');
    await ended;
  }
}
