import type { AddressInfo } from 'node:net';
import ssh2, { type AuthContext, type ServerChannel } from 'ssh2';
import { fingerprintOf, type SshKeyPair } from './ssh-keys.ts';

/** A small SSH server of this program's own, for machines without sshd. Its shell runs no program of the machine. */
export type BuiltInTarget = { readonly port: number; stop(): Promise<void> };

const greeting = 'MAVIS demo shell (built in; this machine has no sshd). Commands: help, echo, date, whoami, exit.\r\n';
const prompt = 'demo$ ';

/** Starts the built-in target on a loopback port; only the given key signs on, as the given account. */
export async function startBuiltInTarget(port: number, hostKey: SshKeyPair, authorized: SshKeyPair, account: string): Promise<BuiltInTarget> {
  const server = new ssh2.Server({ hostKeys: [hostKey.privateKey], ident: 'MAVIS-demo' }, (connection) => {
    connection.on('error', () => connection.end());
    connection.on('authentication', (context) => answerSignOn(context, authorized, account));
    connection.on('session', (accept) => {
      const session = accept();
      session.on('pty', (acceptPty) => acceptPty());
      session.on('window-change', (acceptChange) => acceptChange?.());
      session.on('shell', (acceptShell) => serveShell(acceptShell(), account));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function answerSignOn(context: AuthContext, authorized: SshKeyPair, account: string): void {
  if (context.method !== 'publickey') return context.reject(['publickey']);
  const offered = fingerprintOf(`${context.key.algo} ${context.key.data.toString('base64')}`);
  if (context.username !== account || offered !== authorized.fingerprint) return context.reject(['publickey']);
  if (context.signature === undefined || context.blob === undefined) return context.accept();
  const key = ssh2.utils.parseKey(authorized.publicKey);
  if (key instanceof Error || key.verify(context.blob, context.signature, context.hashAlgo) !== true) return context.reject(['publickey']);
  context.accept();
}

const commands: Readonly<Record<string, (words: readonly string[], account: string) => string>> = {
  help: () => 'help, echo, date, whoami, exit',
  echo: (words) => words.join(' '),
  date: () => new Date().toString(),
  whoami: (_, account) => account,
};

function serveShell(channel: ServerChannel, account: string): void {
  let line = '';
  channel.setEncoding('utf8');
  channel.write(greeting + prompt);
  channel.on('error', () => channel.destroy());
  channel.on('data', (text: string) => {
    for (const letter of text) {
      if (letter === '\r' || letter === '\n') {
        channel.write('\r\n');
        if (!runLine(channel, line.trim(), account)) return;
        line = '';
      } else if (letter === '\u007f' || letter === '\b') {
        if (line !== '') channel.write('\b \b');
        line = [...line].slice(0, -1).join('');
      } else if (letter === '\u0003') {
        line = '';
        channel.write(`^C\r\n${prompt}`);
      } else if (letter >= ' ' && line.length < 1000) {
        line += letter;
        channel.write(letter);
      }
    }
  });
}

/** Runs one line; false where the shell has ended. */
function runLine(channel: ServerChannel, line: string, account: string): boolean {
  const [name = '', ...words] = line.split(/\s+/);
  if (name === 'exit') {
    channel.exit(0);
    channel.end();
    return false;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const answer = command?.(words, account) ?? `${name}: there is no such command in this demo shell`;
  channel.write(name === '' ? prompt : `${answer}\r\n${prompt}`);
  return true;
}
