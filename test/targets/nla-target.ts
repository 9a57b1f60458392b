import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endingWithParent } from '../../scripts/processes/ending-with-parent.ts';
import { endProcesses } from '../../scripts/processes/end-process.ts';
import { runToEnd } from '../../scripts/processes/finished-process.ts';
import { identify } from '../../scripts/processes/process-identity.ts';
import { readRdpIdentity } from '../../src-gateway/rdp/sign-on/target-sign-on.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { until } from './until.ts';

/** A running FreeRDP shadow server, which demands NLA and shows a display of its own. */
export interface NlaTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly fingerprint: string;
  /** The X display that it shows. */
  readonly display: string;
  stop(): Promise<void>;
}

const STARTING_LIMIT_MS = 60_000;

/** Starts the server with one account and an empty display. It has one size, no clipboard and no Unicode keys. Whoever starts it stops it. */
export async function startNlaTarget(): Promise<NlaTarget> {
  const folder = makeTemporaryFolder('nla');
  const home = join(folder.path, 'home');
  mkdirSync(home);
  const [user, password] = ['lab', `Lab-${randomBytes(12).toString('base64url')}`];
  const hash = await runToEnd('winpr-hash', ['-u', user, '-p', password, '-f', 'sam']);
  if (hash.code !== 0) throw new Error(`winpr-hash failed: ${hash.errors}`);
  writeFileSync(join(folder.path, 'sam'), hash.output, { mode: 0o600 });
  const port = await freePort();
  const display = `:${100 + (port % 20_000)}`;
  const children: ChildProcess[] = [];
  const run = (command: readonly [string, ...string[]]): ChildProcess => {
    const [name, ...parameters] = endingWithParent(command, undefined, 'KILL');
    const child = spawn(name, parameters, { stdio: 'ignore', detached: true, env: { PATH: process.env['PATH'], HOME: home, XDG_CONFIG_HOME: home, DISPLAY: display } });
    children.push(child);
    return child;
  };
  const stop = async (): Promise<void> => {
    await endProcesses(children.toReversed().flatMap(({ pid }) => (pid === undefined ? [] : (identify(pid) ?? []))));
    folder.remove();
  };
  try {
    run(['Xvfb', display, '-screen', '0', '1024x768x24', '-nolisten', 'tcp', '-noreset']);
    await until(async () => (await runToEnd('xdpyinfo', ['-display', display])).code === 0, STARTING_LIMIT_MS);
    run(['freerdp-shadow-cli', `/port:${port}`, '/bind-address:127.0.0.1', '/sec:nla', `/sam-file:${join(folder.path, 'sam')}`, '+auth']);
    let fingerprint = '';
    await until(async () => ((fingerprint = await fingerprintOf(port)), fingerprint !== ''), STARTING_LIMIT_MS);
    return { host: '127.0.0.1', port, user, password, fingerprint, display, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The server makes its certificate when it starts; empty until it listens. */
async function fingerprintOf(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  try {
    return (await readRdpIdentity(socket, AbortSignal.timeout(10_000))).fingerprint;
  } catch {
    return '';
  } finally {
    socket.destroy();
  }
}
