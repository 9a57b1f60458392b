import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { targetAlgorithms } from './algorithms.ts';
import { shownText } from './foreign-text.ts';
import { hostKeyFingerprintOf, hostKeyKindOf } from './host-key.ts';

/** What a connection test reads of an SSH server. */
export interface SshProbe {
  /** The first line that it sends, such as `SSH-2.0-OpenSSH_9.2`. */
  readonly banner: string;
  readonly fingerprint: string;
  /** The key's kind, such as `ssh-ed25519`. */
  readonly kind: string;
}

const BANNER_LETTERS = 255;

/**
 * Reads banner and host key over a socket that stands, and leaves before anything of a credential is sent (rule 14): the key
 * is declined, so that not even the name of a user goes out. The caller's signal bounds the time; the socket is closed.
 */
export function probeSsh(socket: Socket, signal: AbortSignal): Promise<SshProbe> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let received = Buffer.alloc(0);
    let probe: SshProbe | undefined;
    const finish = (error?: MavisError): void => {
      signal.removeEventListener('abort', abort);
      client.on('error', () => undefined);
      socket.destroy();
      if (probe !== undefined) resolve(probe);
      else reject(error ?? new MavisError('target.protocol-error'));
    };
    const abort = (): void => finish(signal.reason instanceof MavisError ? signal.reason : new MavisError('target.time-out'));
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    client.on('error', (error) => finish(new MavisError(/no matching/.test(error.message) ? 'target.no-common-algorithm' : 'target.protocol-error', {}, { cause: error })));
    client.on('close', () => finish());
    const hostVerifier = (key: Buffer): boolean => {
      probe = { banner: bannerOf(received), fingerprint: hostKeyFingerprintOf(key), kind: hostKeyKindOf(key) };
      return false;
    };
    try {
      client.connect({ sock: socket, username: '', algorithms: targetAlgorithms(), ident: 'MAVIS-Gateway', readyTimeout: 0, hostVerifier, authHandler: [] });
    } catch (cause) {
      finish(new MavisError('target.protocol-error', {}, { cause }));
      return;
    }
    // ssh2 has paused the socket, so this takes nothing away from it.
    socket.on('data', (data: Buffer) => {
      if (received.length < 4096) received = Buffer.concat([received, data.subarray(0, 4096)]);
    });
  });
}

function bannerOf(received: Buffer): string {
  const line = received.toString('latin1').split(/\r?\n/).find((one) => one.startsWith('SSH-')) ?? '';
  return shownText(line, BANNER_LETTERS);
}
