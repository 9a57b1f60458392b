import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { endingWithParent } from '../processes/ending-with-parent.ts';
import { endProcesses } from '../processes/end-process.ts';
import { identify, type ProcessIdentity } from '../processes/process-identity.ts';
import { findCommand } from '../set-up/found-command.ts';
import { findFreePort } from './free-port.ts';
import { writeXAuthority } from './x-authority-file.ts';
import { startXrdp } from './xrdp.ts';
import { startXvnc } from './xvnc.ts';

/** A desktop on this machine that the demo can be tried with. */
export type DemoDesktop = {
  readonly protocol: 'vnc' | 'rdp';
  readonly host: string;
  readonly port: number;
  readonly userName: string;
  readonly password: string;
  /** Of its certificate, where it shows one. */
  readonly identities: readonly string[];
};

/** The desktops that this machine has, and why others are missing, in words. */
export type DemoDesktops = {
  readonly offered: readonly DemoDesktop[];
  readonly missing: readonly string[];
  stop(): Promise<void>;
};

const host = '127.0.0.1';
/** What the demo's desktop looks like; what the machine does not have is left out. */
const session: readonly (readonly [string, ...string[]])[] = [
  ['xsetroot', '-solid', '#24455f'],
  ['openbox'],
  ['xterm', '-geometry', '92x26+60+60', '-fa', 'Monospace', '-fs', '11', '-title', 'Demo desktop'],
];

/**
 * Starts a VNC server with a small desktop, and an xrdp that shows the same desktop over RDP; what the machine lacks is left
 * out and told of. Passwords are of this start only, in files that only this account reads. Never rejects for a server that does not start.
 */
export async function startDemoDesktops(folder: string, started: (name: string, pid: number | undefined) => void, find: (name: string) => string | undefined = findCommand): Promise<DemoDesktops> {
  const [xvnc, xrdp] = [find('Xtigervnc'), find('xrdp')];
  if (process.platform !== 'linux' || xvnc === undefined) return { offered: [], missing: ['this machine has no Xtigervnc (TigerVNC), so that there is no desktop over VNC and RDP to try'], stop: () => Promise.resolve() };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const running: ProcessIdentity[] = [];
  const own = (name: string, pid: number | undefined): void => {
    started(name, pid);
    const identity = pid === undefined ? undefined : identify(pid);
    if (identity !== undefined) running.push(identity);
  };
  const stop = (): Promise<void> => endProcesses(running.splice(0).toReversed());
  const missing: string[] = [];
  const offered: DemoDesktop[] = [];
  // VncAuth counts eight letters: 48 random bits.
  const password = randomBytes(6).toString('base64url');
  try {
    const vncPort = await findFreePort();
    const authorityFile = join(folder, 'x-authority');
    writeXAuthority(authorityFile);
    const server = await startXvnc(xvnc, folder, { port: vncPort, securityTypes: 'VncAuth', password, width: 1280, height: 800, extraParameters: ['-auth', authorityFile] });
    own('the VNC desktop', server.process.pid);
    server.process.unref();
    for (const program of session) own('the VNC desktop', startOnDisplay(program, { DISPLAY: server.display, XAUTHORITY: authorityFile }, find));
    offered.push({ protocol: 'vnc', host, port: vncPort, userName: 'demo', password, identities: [] });
    if (xrdp === undefined) missing.push('this machine has no xrdp, so that there is no desktop over RDP to try');
    else offered.push(await startRdp(xrdp, folder, vncPort, password, own));
  } catch (error) {
    missing.push(`a desktop could not be started: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
  }
  return { offered, missing, stop };
}

async function startRdp(xrdp: string, folder: string, vncPort: number, password: string, own: (name: string, pid: number | undefined) => void): Promise<DemoDesktop> {
  const port = await findFreePort();
  const server = await startXrdp(xrdp, folder, { port, vncPort });
  own('the RDP desktop', server.process.pid);
  server.process.unref();
  return { protocol: 'rdp', host, port, userName: 'demo', password, identities: [server.fingerprint] };
}

/** Starts a program of the desktop; one that the machine does not have is left out. */
function startOnDisplay([name, ...parameters]: readonly [string, ...string[]], display: { readonly DISPLAY: string; readonly XAUTHORITY: string }, find: (name: string) => string | undefined): number | undefined {
  const command = find(name);
  if (command === undefined) return undefined;
  const [file, ...rest] = endingWithParent([command, ...parameters]);
  const child = spawn(file, rest, { cwd: homedir(), env: { ...process.env, ...display }, stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
  return child.pid;
}
