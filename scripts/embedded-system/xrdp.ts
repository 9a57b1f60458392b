import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endingWithParent } from '../processes/ending-with-parent.ts';
import { runToEnd } from '../processes/finished-process.ts';

/** How an xrdp of one's own shows a VNC server that runs already. */
export type XrdpSettings = {
  /** Of RDP, on loopback. */
  readonly port: number;
  /** Of the VNC server on loopback; whoever signs on over RDP does so with its password. */
  readonly vncPort: number;
};

/** A running xrdp. */
export type XrdpServer = {
  readonly process: ChildProcess;
  /** Of its certificate, as an administrator confirms it. */
  readonly fingerprint: string;
};

const listeningLimitMs = 60_000;
const lookAgainMs = 50;
const certificateLimitMs = 60_000;

/**
 * xrdp.ini(5): TLS only, and one desktop, which is a VNC server's. No session manager is needed for it, so that no account of
 * the machine is signed on to and none has to be made.
 */
export function xrdpConfiguration({ port, vncPort }: XrdpSettings, certificateFile: string, keyFile: string): string {
  return [
    '[Globals]', 'ini_version=1', 'fork=true', `port=tcp://127.0.0.1:${port}`, 'tcp_nodelay=true',
    'security_layer=tls', 'crypt_level=high', `certificate=${certificateFile}`, `key_file=${keyFile}`, 'ssl_protocols=TLSv1.2, TLSv1.3',
    'autorun=Desktop', 'allow_channels=true', 'bitmap_cache=true', 'bitmap_compression=true', 'bulk_compression=true', 'max_bpp=32', 'new_cursors=true', 'use_fastpath=both',
    '[Logging]', 'LogLevel=WARNING', 'EnableSyslog=false', 'EnableConsole=false', 'LogFile=/dev/null',
    '[Channels]', 'rdpdr=false', 'rdpsnd=false', 'drdynvc=true', 'cliprdr=true',
    '[Desktop]', 'name=Desktop', 'lib=libvnc.so', 'username=ask', 'password=ask', 'ip=127.0.0.1', `port=${vncPort}`, '',
  ].join('\n');
}

/** Starts xrdp in the foreground with its files in `folder` and waits until it listens. It leads a process group: each connection is a process of its own. Whoever starts it ends its group. */
export async function startXrdp(xrdp: string, folder: string, settings: XrdpSettings): Promise<XrdpServer> {
  const { certificateFile, keyFile, fingerprint } = await makeCertificate(folder);
  const configuration = join(folder, 'xrdp.ini');
  writeFileSync(configuration, xrdpConfiguration(settings, certificateFile, keyFile), { mode: 0o600 });
  const [command, ...parameters] = endingWithParent([xrdp, '--nodaemon', '--config', configuration]);
  const child = spawn(command, parameters, { stdio: 'ignore', detached: true });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`xrdp did not start: it ended with code ${String(code)}`);
  });
  try {
    await Promise.race([ended, untilListening(settings.port)]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    ended.catch(() => undefined);
  }
  return { process: child, fingerprint };
}

/** xrdp keeps what it says for itself until there is much of it: whether it listens is seen by connecting. */
async function untilListening(port: number): Promise<void> {
  const limit = Date.now() + listeningLimitMs;
  while (!(await takesConnections(port))) {
    if (Date.now() > limit) throw new Error('xrdp did not start: it did not listen in time');
    await delay(lookAgainMs);
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    const told = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => told(true)).once('error', () => told(false));
  });
}

async function makeCertificate(folder: string): Promise<{ certificateFile: string; keyFile: string; fingerprint: string }> {
  const [certificateFile, keyFile] = [join(folder, 'certificate.pem'), join(folder, 'certificate-key.pem')];
  // Exists before openssl opens it, so that nobody else can read it at any time.
  writeFileSync(keyFile, '', { mode: 0o600 });
  const made = await runToEnd('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=demo-desktop', '-keyout', keyFile, '-out', certificateFile], { limitMs: certificateLimitMs });
  if (made.code !== 0) throw new Error(`openssl made no certificate: ${made.errors}`);
  const der = new X509Certificate(readFileSync(certificateFile)).raw;
  return { certificateFile, keyFile, fingerprint: `SHA256:${createHash('sha256').update(der).digest('base64').replace(/=+$/, '')}` };
}
