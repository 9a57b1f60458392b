import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startXvnc, type XvncServer } from '../../scripts/embedded-system/xvnc.ts';
import { endProcesses } from '../../scripts/processes/end-process.ts';
import { identify } from '../../scripts/processes/process-identity.ts';
import { findCommand } from '../../scripts/set-up/found-command.ts';
import { type Picture, readXwd } from '../../scripts/set-up/xwd-picture.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { colourScene, coloursOf } from './colour-scene.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { startX11vnc, type X11vncServer } from './x11vnc-server.ts';

const run = promisify(execFile);

export type VncTargetOptions = {
  /** TigerVNC's, an X server that serves its own screen, where nothing is said; or x11vnc, which serves another's: it knows no security but VncAuth, and one size. */
  readonly server?: 'tigervnc' | 'x11vnc';
  /** As Xtigervnc takes them; `VncAuth` where nothing is said. */
  readonly securityTypes?: string;
  /** Of eight letters at most, as VncAuth has it. */
  readonly password?: string;
  readonly width?: number;
  readonly height?: number;
  /** For its X509 types, in PEM. */
  readonly certificate?: { readonly keyPem: string; readonly certificatePem: string };
  /** Further parameters of Xtigervnc. */
  readonly extraParameters?: readonly string[];
};

/** A running VNC server with its X server in memory. */
export type VncTarget = {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** As in DISPLAY. */
  readonly display: string;
  /** A folder of its own, which goes with it. */
  readonly folder: string;
  log(): string;
  /** What its X server shows now, pixel by pixel. */
  picture(): Promise<Picture>;
  /** Runs a program on its display to its end; gives what it printed. */
  run(command: string, ...parameters: string[]): Promise<string>;
  /** Starts a program on its display that ends with the target. */
  start(command: string, ...parameters: string[]): void;
  /** Opens a terminal at a geometry of X11 that runs a shell's script; resolves with its title, which no other has, when its window stands on the screen, where no other program draws meanwhile. */
  showTerminal(geometry: string, script: string): Promise<string>;
  /** Shows a picture of thousands of colours with text over it; resolves when it stands still. */
  drawScene(seed: number): Promise<void>;
  /** Kills the server as a power cut would. */
  kill(): void;
  stop(): Promise<void>;
};

const STILL_LIMIT_MS = 30_000;
const LOOK_AGAIN_MS = 150;
const PASSWORD = 'vnc-pass';
/** A picture of a whole screen. */
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Starts a VNC server on a free loopback port and a free display. Whoever starts it stops it. */
export async function startVncTarget({ server: kind = 'tigervnc', securityTypes = 'VncAuth', password = PASSWORD, width = 1024, height = 768, certificate, extraParameters = [] }: VncTargetOptions = {}): Promise<VncTarget> {
  const folder = makeTemporaryFolder('xvnc', 0o711);
  const files = { certificateFile: join(folder.path, 'certificate.pem'), keyFile: join(folder.path, 'key.pem') };
  if (certificate !== undefined) {
    writeFileSync(files.certificateFile, certificate.certificatePem);
    writeFileSync(files.keyFile, certificate.keyPem, { mode: 0o600 });
  }
  const port = await freePort();
  let server: XvncServer & { readonly screen?: X11vncServer['screen'] };
  try {
    if (kind === 'x11vnc') server = await startX11vnc(folder.path, { port, password, width, height });
    else server = await startXvnc(tigerVnc(), folder.path, { port, securityTypes, password, ...(certificate === undefined ? {} : { certificate: files }), width, height, extraParameters: ['-BlacklistThreshold', '1000', ...extraParameters] });
  } catch (error) {
    folder.remove();
    throw error;
  }
  // Programs on it write and read all languages, whatever this run's own is.
  const environment = { ...process.env, DISPLAY: server.display, LC_ALL: 'C.UTF-8' };
  const raw = async (command: string, parameters: readonly string[]): Promise<Buffer> => (await run(command, [...parameters], { env: environment, encoding: 'buffer', maxBuffer: MOST_OUTPUT_BYTES })).stdout;
  const programs = new Set<ReturnType<typeof spawn>>();
  const picture = async (): Promise<Picture> => {
    const read = readXwd(await raw('xwd', ['-root', '-silent']));
    if (read === undefined) throw new Error('no picture');
    return read;
  };
  const start = (command: string, ...parameters: string[]): void => {
    const child = spawn(command, parameters, { env: environment, stdio: 'ignore' });
    child.on('error', () => undefined);
    programs.add(child);
  };
  let terminals = 0;
  const showTerminal = async (geometry: string, script: string): Promise<string> => {
    const before = await picture();
    const title = `terminal ${(terminals += 1)}`;
    start('xterm', '-T', title, '-geometry', geometry, '-e', 'sh', '-c', script);
    await standsStill(picture, (shown) => !shown.pixels.equals(before.pixels));
    return title;
  };
  const drawScene = async (seed: number): Promise<void> => {
    const file = join(folder.path, `scene-${seed}.xwd`);
    writeFileSync(file, colourScene(width, height, seed));
    start('xwud', '-in', file, '-geometry', '+0+0');
    await standsStill(picture, (shown) => coloursOf(shown) > 1000);
    await showTerminal('20x4+60+60', `echo "MAVIS ${seed} 日本 text"; sleep 3600`);
  };
  return {
    host: '127.0.0.1',
    port,
    password,
    display: server.display,
    folder: folder.path,
    log: server.log,
    picture,
    showTerminal,
    drawScene,
    run: async (command, ...parameters) => (await raw(command, parameters)).toString('utf8'),
    start,
    kill: () => void server.process.kill('SIGKILL'),
    stop: async () => {
      for (const child of programs) child.kill('SIGKILL');
      await endProcesses([server.process, server.screen].flatMap((child) => (child?.pid === undefined ? [] : (identify(child.pid) ?? []))));
      folder.remove();
    },
  };
}

function tigerVnc(): string {
  const xvnc = findCommand('Xtigervnc');
  if (xvnc === undefined) throw new Error('there is no Xtigervnc: install the package tigervnc-standalone-server');
  return xvnc;
}

/** Looks at a screen until the condition holds and it has not changed between two looks. */
async function standsStill(picture: () => Promise<Picture>, condition: (shown: Picture) => boolean): Promise<void> {
  const until = Date.now() + STILL_LIMIT_MS;
  for (let last = await picture(); ; ) {
    await delay(LOOK_AGAIN_MS);
    const next = await picture();
    if (condition(next) && next.pixels.equals(last.pixels)) return;
    if (Date.now() > until) throw new Error('the screen never stood still');
    last = next;
  }
}
