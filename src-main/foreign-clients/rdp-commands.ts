import { X509Certificate } from 'node:crypto';
import type { ForeignCommand } from '../../shared/ipc/stores.ts';
import { quoteForCmd, quoteForShell } from './ssh-commands.ts';

/**
 * The file that clients of RDP open (mstsc, FreeRDP, Windows App): the address of a local port, and as routing token the one-time
 * password, which so stands in no command line. TLS without NLA, as there is no account here to sign on with: the gateway does that at
 * the target. Not run with mstsc or Windows App.
 */
export function remoteDesktopFile(port: number, password: string): string {
  const lines = [
    `full address:s:127.0.0.1:${port}`,
    `loadbalanceinfo:s:${password}`,
    'username:s:mavis',
    'enablecredsspsupport:i:0',
    'prompt for credentials:i:0',
    // The port's certificate is its own, and the password lets this program in alone.
    'authentication level:i:0',
    'autoreconnection enabled:i:0',
    'redirectclipboard:i:1',
    'dynamic resolution:i:1',
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** Command lines by which clients of RDP come to a local port, for people to copy. The certificate that FreeRDP is to see is named there; it is no secret. */
export function rdpCommands(file: string, certificatePem: string, platform: NodeJS.Platform): ForeignCommand[] {
  const fingerprint = new X509Certificate(certificatePem).fingerprint256.toLowerCase();
  if (platform === 'win32') return [{ program: 'mstsc', text: `mstsc ${quoteForCmd(file)}` }];
  const freeRdp: ForeignCommand = { program: 'xfreerdp', text: `xfreerdp ${quoteForShell(file)} /cert:fingerprint:sha256:${fingerprint}` };
  return platform === 'darwin' ? [{ program: 'windows-app', text: `open ${quoteForShell(file)}` }, freeRdp] : [freeRdp];
}
