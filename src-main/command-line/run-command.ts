import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { hostKeyOptions, quoteForCmd, quoteForShell, SSH_USER } from '../foreign-clients/ssh-commands.ts';
import { carry } from '../foreign-clients/carry.ts';
import type { CommandAnswer, CommandRequest } from './messages.ts';
import { MAVIS_USAGE, type MavisCommand } from './mavis-command.ts';

/** How a command ends where no program of the user's own decides it: done, failed, or not understood. */
export const commandExitCodes = { good: 0, failed: 1, misused: 2 } as const;

export interface RunCommandParts {
  readonly ask: <Kind extends CommandRequest['kind']>(request: Extract<CommandRequest, { kind: Kind }>) => Promise<{ readonly answer: CommandAnswer<Kind>; readonly socket: Socket }>;
  /** Runs a program on this terminal, without a shell; gives its exit code. Rejects with `client.program-missing`. */
  readonly start: (program: 'ssh' | 'sftp', args: readonly string[]) => Promise<number>;
  /** The words that start this program again. */
  readonly self: readonly string[];
  readonly platform: NodeJS.Platform;
  readonly input: Readable;
  readonly output: Writable;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly explain: (error: MavisError) => string;
}

/** Runs a command to its end; gives the exit code. Rejects for what nobody foresaw. */
export async function runMavisCommand(command: MavisCommand, parts: RunCommandParts): Promise<number> {
  const { complain, explain } = parts;
  if (command.kind === 'misused') {
    complain(`${command.why}\n${MAVIS_USAGE}\n`);
    return commandExitCodes.misused;
  }
  try {
    return await run(command, parts);
  } catch (error) {
    if (!(error instanceof MavisError)) throw error;
    complain(`${explain(error)}\n`);
    return commandExitCodes.failed;
  }
}

async function run(command: Exclude<MavisCommand, { kind: 'misused' }>, parts: RunCommandParts): Promise<number> {
  switch (command.kind) {
    case 'ls':
      return list(command, parts);
    case 'proxy':
      return proxy(command.resource, parts);
    case 'ssh-config':
      return configure(parts);
    default:
      return connect(command, parts);
  }
}

async function list({ filter, json }: Extract<MavisCommand, { kind: 'ls' }>, { ask, print }: RunCommandParts): Promise<number> {
  const { answer, socket } = await ask({ kind: 'ls', filter });
  socket.destroy();
  if (json) print(`${JSON.stringify(answer.resources, undefined, 2)}\n`);
  else for (const { name, address, protocols } of answer.resources) print(`${[printable(name), protocols.join(','), printable(address)].join('\t')}\n`);
  return commandExitCodes.good;
}

async function configure({ ask, print, complain, self, platform }: RunCommandParts): Promise<number> {
  const { answer, socket } = await ask({ kind: 'ssh-config', command: proxyWords(self, platform) });
  socket.destroy();
  print(`Include ${answer.configFile.includes(' ') ? `"${answer.configFile}"` : answer.configFile}\n`);
  if (answer.leftOut > 0) complain(`${answer.hosts} Host, ${answer.leftOut} -\n`);
  return commandExitCodes.good;
}

/** Stands between `ssh` and the app: standard input and output are SSH's bytes. */
async function proxy(resource: string, { ask, input, output }: RunCommandParts): Promise<number> {
  const { socket } = await ask({ kind: 'proxy', resource });
  input.on('error', () => undefined);
  output.on('error', () => socket.destroy());
  void carry(input, socket).then(() => socket.end());
  await carry(socket, output);
  socket.destroy();
  return commandExitCodes.good;
}

/** Starts the user's own program on the resource's id: what a name holds comes to no shell (A23). */
async function connect({ kind, resource, more }: Extract<MavisCommand, { kind: 'ssh' | 'sftp' }>, { ask, start, self, platform }: RunCommandParts): Promise<number> {
  const { answer, socket } = await ask({ kind: 'find', resource });
  socket.destroy();
  const options = ['-o', `ProxyCommand=${proxyWords(self, platform)} proxy ${answer.resourceId}`, ...hostKeyOptions({ alias: answer.hostKeyAlias }, answer.knownHostsFile)];
  const destination = `${SSH_USER}@${answer.resourceId}`;
  return start(kind, kind === 'ssh' ? [...options, destination, ...more] : [...options, ...more, destination]);
}

/** This program as words of the shell through which `ssh` starts its proxy; `%` would begin one of ssh's own tokens. */
function proxyWords(self: readonly string[], platform: NodeJS.Platform): string {
  return self.map((word) => (platform === 'win32' ? quoteForCmd(word) : quoteForShell(word)).replaceAll('%', '%%')).join(' ');
}

/** Nothing of a name can steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\u{FFFD}');
}
