import { type ChildProcess, spawn } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endingWithParent } from '../processes/ending-with-parent.ts';

/** What a VNC server of one's own is made of. */
export type XvncSettings = {
  /** Of RFB, on loopback. */
  readonly port: number;
  /** As Xtigervnc's -SecurityTypes takes them: `VncAuth`, `X509Vnc,TLSVnc`. */
  readonly securityTypes: string;
  /** At most eight letters count. */
  readonly password?: string;
  /** Files in PEM, for the X509 types. */
  readonly certificate?: { readonly certificateFile: string; readonly keyFile: string };
  readonly width?: number;
  readonly height?: number;
  readonly extraParameters?: readonly string[];
};

/** A running Xtigervnc: an X server whose screen is served over VNC. */
export type XvncServer = {
  readonly process: ChildProcess;
  /** As in DISPLAY: `:5`. */
  readonly display: string;
  readonly log: () => string;
};

/** How long it may take until it listens: a moment, or much longer on a machine that is busy with other things. */
const listeningLimitMs = 60_000;
const mostLogLines = 2000;
/** The key with which every VNC server hides its password file: it keeps nobody out, the file's mode does. */
const fileKey = Buffer.from([0xe8, 0x4a, 0xd6, 0x60, 0xc4, 0x72, 0x1a, 0xe0]);

/** The password file that Xtigervnc reads (as `vncpasswd -f` writes it). */
export function vncPasswordFile(password: string): Buffer {
  const letters = Buffer.alloc(8);
  Buffer.from(password, 'latin1').copy(letters, 0, 0, 8);
  const cipher = createCipheriv('des-ede3', Buffer.concat([fileKey, fileKey, fileKey]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(letters), cipher.final()]);
}

/** Starts Xtigervnc on a display that is free, with its files in `folder`, and waits until it listens. Whoever starts it ends its process. */
export async function startXvnc(xvnc: string, folder: string, settings: XvncSettings): Promise<XvncServer> {
  const { port, securityTypes, password, certificate, width = 1024, height = 768, extraParameters = [] } = settings;
  const passwordFile = join(folder, 'vnc-password');
  if (password !== undefined) writeFileSync(passwordFile, vncPasswordFile(password), { mode: 0o600 });
  const [command, ...parameters] = endingWithParent([
    xvnc, '-displayfd', '3', '-rfbport', String(port), '-interface', '127.0.0.1', '-nolisten', 'tcp', '-noreset',
    '-geometry', `${width}x${height}`, '-depth', '24', '-AlwaysShared', '-desktop', 'MAVIS demo desktop', '-SecurityTypes', securityTypes,
    ...(password === undefined ? [] : ['-PasswordFile', passwordFile]),
    ...(certificate === undefined ? [] : ['-X509Cert', certificate.certificateFile, '-X509Key', certificate.keyFile]),
    ...extraParameters,
  ]);
  const child = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const [, , errors, told] = child.stdio;
  if (errors === null || told === null || told === undefined || !('on' in told)) throw new Error('no pipes');
  createInterface({ input: errors }).on('line', (line) => {
    lines.push(line);
    if (lines.length > mostLogLines) lines.shift();
  });
  const log = (): string => lines.join('\n');
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), listeningLimitMs);
  try {
    const first = await Promise.race([once(told, 'data', { signal: limit.signal }), once(child, 'exit', { signal: limit.signal })]);
    const [number] = first;
    if (!Buffer.isBuffer(number)) throw new Error('it ended');
    return { process: child, display: `:${number.toString('latin1').trim()}`, log };
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`Xtigervnc did not start:\n${log()}`, { cause: error });
  } finally {
    clearTimeout(timer);
    limit.abort();
  }
}
