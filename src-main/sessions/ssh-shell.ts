import { createHash, getCiphers, timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type CipherAlgorithm, Client, type ClientChannel, type ConnectConfig } from 'ssh2';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ClientForwarding } from './forwarding/client-forwarding.ts';

/** The gateway has signed on to the target already: what is left is a handshake with the gateway itself. */
const READY_LIMIT_MS = 10_000;
/** In order of speed in this runtime; chacha20 is left out, its MAC in JavaScript is slow and BoringSSL has no plain form of it. */
const CIPHERS: readonly { readonly ssh: CipherAlgorithm; readonly runtime: string }[] = [
  { ssh: 'aes128-gcm@openssh.com', runtime: 'aes-128-gcm' },
  { ssh: 'aes256-gcm@openssh.com', runtime: 'aes-256-gcm' },
  { ssh: 'aes128-ctr', runtime: 'aes-128-ctr' },
  { ssh: 'aes256-ctr', runtime: 'aes-256-ctr' },
];

/** The ciphers that this runtime has (Electron's BoringSSL lacks some of Node's). */
export function availableCiphers(runtime: readonly string[] = getCiphers()): CipherAlgorithm[] {
  const has = new Set(runtime.map((name) => name.toLowerCase()));
  return CIPHERS.filter((cipher) => has.has(cipher.runtime)).map(({ ssh }) => ssh);
}

/** How the gateway's SSH server is met in a session's stream: nothing is asked for, and its host key is the one of `accepted`. */
export function gatewaySshOptions({ stream, hostKey }: Pick<ShellOptions, 'stream' | 'hostKey'>): { readonly options: ConnectConfig; readonly wrongKey: () => boolean } {
  let wrongKey = false;
  const options: ConnectConfig & { sock: Duplex } = {
    sock: stream,
    username: 'mavis',
    authHandler: ['none'],
    hostVerifier: (key: Buffer) => {
      wrongKey = !isHostKey(key, hostKey);
      return !wrongKey;
    },
    readyTimeout: READY_LIMIT_MS,
    // No keep-alive of SSH's own: the stream has one, and the gateway another toward the target; this one would end a session that is interrupted and comes back (rule 10).
    keepaliveInterval: 0,
    algorithms: { cipher: availableCiphers(), compress: ['none'] },
  };
  return { options, wrongKey: () => wrongKey };
}

export interface ShellOptions {
  readonly stream: Duplex;
  readonly gateway: string;
  /** Fingerprint of the key that the gateway's SSH server must show in this stream; null refuses. */
  readonly hostKey: string | null;
  readonly terminal: { readonly columns: number; readonly rows: number };
  readonly environment: Readonly<Record<string, string>>;
  /** What of the user's machine the target may be let to. */
  readonly forwarding?: Pick<ClientForwarding, 'agent' | 'x11' | 'takeX11'> | undefined;
  readonly signal: AbortSignal;
  /** Called as soon as the shell stands: its exit and its end may be in the same piece of the stream. */
  readonly onOpen: (shell: Shell) => void;
}

/** An open shell on the target, seen through the gateway. */
export interface Shell {
  readonly channel: ClientChannel;
  /** Ends the SSH connection in good order. */
  end(): void;
}

/**
 * SSH over a session's stream: sign-on "none" (the gateway has signed on to the target with what the user never sees), host key
 * pinned to the one of `accepted`, a pty and a shell. Throws `gateway.pin-mismatch` for another host key,
 * `target.channel-refused` where the shell is refused, else `gateway.protocol-error`.
 */
export function openShell(options: ShellOptions): Promise<void> {
  const { stream, gateway, hostKey, terminal, environment, forwarding, signal, onOpen } = options;
  return new Promise((resolve, reject) => {
    const client = new Client();
    const { options: connection, wrongKey } = gatewaySshOptions({ stream, hostKey });
    const fail = (error: MavisError): void => {
      signal.removeEventListener('abort', onAbort);
      client.end();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason instanceof MavisError ? signal.reason : new MavisError('connect.cancelled'));
    signal.addEventListener('abort', onAbort, { once: true });
    // After the shell stands, the stream's own end says what happened; an error here only ends the connection.
    client.on('error', (error) => fail(new MavisError(wrongKey() ? 'gateway.pin-mismatch' : 'gateway.protocol-error', { gateway }, { cause: error })));
    client.on('close', () => fail(new MavisError('gateway.protocol-error', { gateway })));
    client.on('x11', (_details, accept, refuse) => (forwarding === undefined ? refuse() : forwarding.takeX11(accept, refuse)));
    const { agent, x11 } = forwarding ?? {};
    // `agentForward` is an option of each of ssh2's channels; its typings know it for the connection alone.
    const shellOptions = { env: environment, ...(agent === undefined ? {} : { agentForward: true }), ...(x11 === undefined ? {} : { x11 }) };
    client.on('ready', () => {
      client.setNoDelay(true);
      client.shell({ term: 'xterm-256color', cols: terminal.columns, rows: terminal.rows, width: 0, height: 0 }, shellOptions, (error, channel) => {
        if (error) {
          fail(new MavisError('target.channel-refused', {}, { cause: error }));
          return;
        }
        signal.removeEventListener('abort', onAbort);
        onOpen({ channel, end: () => client.end() });
        resolve();
      });
    });
    client.connect({ ...connection, ...(agent === undefined ? {} : { agent }) });
  });
}

function isHostKey(key: Uint8Array, expected: string | null): boolean {
  if (expected === null) return false;
  const seen = Buffer.from(`SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`);
  const wanted = Buffer.from(expected);
  return seen.length === wanted.length && timingSafeEqual(seen, wanted);
}
