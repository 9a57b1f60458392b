import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { vncPasswordFile, type XvncServer, type XvncSettings } from '../../scripts/embedded-system/xvnc.ts';
import { endingWithParent } from '../../scripts/processes/ending-with-parent.ts';
import { findCommand } from '../../scripts/set-up/found-command.ts';

/** An x11vnc with the X server whose screen it serves: two processes. */
export interface X11vncServer extends XvncServer {
  readonly screen: ChildProcess;
}

/** How long each of both may take until it is there: a moment, or much longer on a machine that is busy with other things. */
const STARTING_LIMIT_MS = 60_000;
const MOST_LOG_LINES = 2000;

/** Starts x11vnc, which signs on by VncAuth, over an Xvfb on a free display, with its files in `folder`; resolves when it listens. Whoever starts it ends both processes. */
export async function startX11vnc(folder: string, { port, password = '', width = 1024, height = 768 }: Pick<XvncSettings, 'port' | 'password' | 'width' | 'height'>): Promise<X11vncServer> {
  for (const [command, name] of [['Xvfb', 'xvfb'], ['x11vnc', 'x11vnc']] as const) if (findCommand(command) === undefined) throw new Error(`there is no ${command}: install the package ${name}`);
  const passwordFile = join(folder, 'vnc-password');
  writeFileSync(passwordFile, vncPasswordFile(password), { mode: 0o600 });
  const lines: string[] = [];
  const screen = spawnNoting(['Xvfb', '-displayfd', '3', '-screen', '0', `${width}x${height}x24`, '-nolisten', 'tcp', '-noreset'], lines);
  const started = [screen];
  try {
    const display = `:${await lineOf(screen, 3, (line) => /^\d+$/.exec(line)?.[0])}`;
    const served = spawnNoting(['x11vnc', '-display', display, '-rfbport', String(port), '-rfbauth', passwordFile, '-localhost', '-noipv6', '-norc', '-forever', '-shared', '-desktop', 'MAVIS demo desktop'], lines);
    started.push(served);
    await lineOf(served, 1, (line) => /^PORT=(\d+)$/.exec(line)?.[1]);
    return { process: served, screen, display, log: () => lines.join('\n') };
  } catch (error) {
    for (const child of started) child.kill('SIGKILL');
    throw new Error(`x11vnc did not start:\n${lines.join('\n')}`, { cause: error });
  }
}

function spawnNoting(words: readonly [string, ...string[]], lines: string[]): ChildProcess {
  const [command, ...parameters] = endingWithParent(words);
  // Without a window manager it takes a user for one who is about to sign in, and leaves the clipboard alone for 45 s.
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, X11VNC_AVOID_WINDOWS: 'never' } });
  if (child.stderr === null) throw new Error('no pipe');
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (lines.length > MOST_LOG_LINES) lines.shift();
  });
  return child;
}

/** The first line of a process's output that says what is asked for; rejects where it ends before, or takes too long. */
async function lineOf(child: ChildProcess, place: 1 | 3, read: (line: string) => string | undefined): Promise<string> {
  const output = child.stdio[place];
  if (output === null || output === undefined || !('read' in output)) throw new Error('no pipe');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error('it took too long')), STARTING_LIMIT_MS);
  child.once('exit', () => reject(new Error('it ended'))).once('error', reject);
  createInterface({ input: output }).on('line', (line) => {
    const found = read(line.trim());
    if (found !== undefined) resolve(found);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
