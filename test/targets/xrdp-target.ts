import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { endingWithParent } from '../../scripts/processes/ending-with-parent.ts';
import { runToEnd } from '../../scripts/processes/finished-process.ts';
import { identify } from '../../scripts/processes/process-identity.ts';
import { endProcesses } from '../../scripts/processes/end-process.ts';
import { certificateFingerprint } from '../../src-gateway/rdp/sign-on/target-certificate.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { RunningByRoot } from './by-root.ts';
import { selfSignedFiles } from './desktop-certificate.ts';
import { provideLabAccount } from './lab-account.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { until } from './until.ts';

/** A running xrdp: RDP over TLS, without NLA. */
export interface XrdpTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly fingerprint: string;
  /** A folder in which the desktop's programs, which run as the user, can write. */
  readonly shared: string;
  /** What the newest session's display is called, such as `:114`; undefined before the first. */
  display(): string | undefined;
  log(): string;
  /** Cuts off everybody and ends all sessions. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** How long xrdp and its session manager may take until both listen. */
const LISTENING_LIMIT_MS = 60_000;

/**
 * Starts xrdp with a session manager of its own. Both read fixed paths, so that they run in a mount namespace with their
 * configuration bound over it; and in a process namespace, so that no session outlives them. `desktop` is a shell script that a
 * session runs; `$SHARED` names the folder. Needs root: an account with sudo has it in a process of root's. Whoever starts it stops it.
 */
export async function startXrdpTarget(desktop: string): Promise<XrdpTarget> {
  if (process.getuid?.() !== 0) return startBySudo(desktop);
  const account = await provideLabAccount();
  const { password, uid, gid } = account;
  if (password === undefined || uid === undefined || gid === undefined) throw new Error('xrdp needs root');
  const folder = makeTemporaryFolder('xrdp', 0o755);
  const configuration = join(folder.path, 'xrdp');
  const shared = join(folder.path, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  mkdirSync(join(folder.path, 'run', 'sockdir'), { recursive: true });
  chmodSync(join(folder.path, 'run', 'sockdir'), 0o3777);
  cpSync('/etc/xrdp', configuration, { recursive: true, filter: (source) => !source.endsWith('.pem') });
  const { certificate } = await selfSignedFiles(configuration);
  const [port, managerPort] = [await freePort(), await freePort()];
  // Displays of other servers on this machine are elsewhere: ports differ, and so do these.
  const firstDisplay = 100 + (port % 20_000);
  writeFileSync(join(configuration, 'xrdp.ini'), serverSettings(port));
  writeFileSync(join(configuration, 'sesman.ini'), managerSettings(managerPort, firstDisplay));
  writeFileSync(join(configuration, 'startwm.sh'), `#!/bin/sh\nexport SHARED='${shared}'\necho "$DISPLAY" > "$SHARED/display"\n${desktop}\n`, { mode: 0o755 });
  const inner = join(folder.path, 'inner.sh');
  writeFileSync(inner, `mount --bind '${configuration}' /etc/xrdp && mount --bind '${join(folder.path, 'run')}' /run/xrdp || exit 1\nxrdp-sesman --nodaemon &\nexec xrdp --nodaemon\n`);
  mkdirSync('/run/xrdp', { recursive: true });
  const lines: string[] = [];
  const child = start(['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private', 'sh', inner], lines);
  const end = async (): Promise<void> => {
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity !== undefined) await endProcesses([identity]);
  };
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`xrdp ended: ${lines.join('\n')}`);
      const { output } = await runToEnd('ss', ['-Hltn', `( sport = :${port} or sport = :${managerPort} )`]);
      return output.trim().split('\n').length === 2;
    }, LISTENING_LIMIT_MS);
  } catch (error) {
    await end();
    folder.remove();
    throw error;
  }
  return {
    ...{ host: '127.0.0.1', port, user: account.name, password, shared },
    fingerprint: certificateFingerprint(new X509Certificate(certificate).raw),
    display: () => displayIn(shared),
    log: () => lines.join('\n'),
    kill: end,
    stop: async () => {
      await end();
      folder.remove();
    },
  };
}

const facts = z.object({ host: z.string(), port: z.number(), user: z.string(), password: z.string(), fingerprint: z.string(), shared: z.string() });

async function startBySudo(desktop: string): Promise<XrdpTarget> {
  const running = await RunningByRoot.start({ target: 'xrdp', desktop });
  const known = facts.parse(running.facts);
  return { ...known, display: () => displayIn(known.shared), log: () => running.log(), kill: () => running.ask('kill'), stop: () => running.stop() };
}

function displayIn(shared: string): string | undefined {
  const file = join(shared, 'display');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

function start(command: readonly [string, ...string[]], lines: string[]): ChildProcess {
  const [name, ...parameters] = endingWithParent(command, undefined, 'KILL');
  const child = spawn(name, parameters, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => lines.length < 2000 && lines.push(text.toString()));
  return child;
}

function serverSettings(port: number): string {
  return `[Globals]
ini_version=1
fork=true
port=tcp://127.0.0.1:${port}
tcp_nodelay=true
security_layer=tls
crypt_level=high
certificate=/etc/xrdp/cert.pem
key_file=/etc/xrdp/key.pem
ssl_protocols=TLSv1.2, TLSv1.3
autorun=Xorg
allow_channels=true
bitmap_cache=true
bitmap_compression=true
bulk_compression=true
max_bpp=32
new_cursors=true
use_fastpath=both
[Logging]
LogLevel=WARNING
EnableSyslog=false
EnableConsole=true
LogFile=/dev/null
[Channels]
rdpdr=true
rdpsnd=true
drdynvc=true
cliprdr=true
[Xorg]
name=Xorg
lib=libxup.so
username=ask
password=ask
ip=127.0.0.1
port=-1
code=20
`;
}

function managerSettings(port: number, firstDisplay: number): string {
  return `[Globals]
ListenAddress=127.0.0.1
ListenPort=${port}
EnableUserWindowManager=false
UserWindowManager=startwm.sh
DefaultWindowManager=/etc/xrdp/startwm.sh
[Security]
AllowRootLogin=false
MaxLoginRetry=4
AlwaysGroupCheck=false
RestrictOutboundClipboard=none
RestrictInboundClipboard=none
[Sessions]
X11DisplayOffset=${firstDisplay}
MaxSessions=10
KillDisconnected=false
IdleTimeLimit=0
DisconnectedTimeLimit=0
Policy=Default
[Logging]
LogLevel=WARNING
EnableSyslog=false
EnableConsole=true
LogFile=/dev/null
[Xorg]
param=/usr/lib/xorg/Xorg
param=-config
param=xrdp/xorg.conf
param=-noreset
param=-nolisten
param=tcp
param=-logfile
param=/dev/null
[Chansrv]
FuseMountName=thinclient_drives
FileUmask=077
[ChansrvLogging]
LogLevel=WARNING
EnableSyslog=false
[SessionVariables]
LANG=C.UTF-8
`;
}
