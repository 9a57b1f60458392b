import type { ForeignCommand } from '../../shared/ipc/stores.ts';
import type { HostKey } from './host-keys.ts';

/** Whom foreign SSH clients name: the account at the target is the one of the resource's credential, whatever they say. */
export const SSH_USER = 'mavis';

/** What `ssh` must know to check our host key, as words of a command line. */
export function hostKeyOptions({ alias }: Pick<HostKey, 'alias'>, knownHostsFile: string): string[] {
  return ['-o', `HostKeyAlias=${alias}`, '-o', `UserKnownHostsFile=${sshPath(knownHostsFile)}`, '-o', 'StrictHostKeyChecking=yes'];
}

/** Command lines by which programs come to a local port, for people to copy. The password is asked for by the program. */
export function sshCommands(port: number, hostKey: Pick<HostKey, 'alias'>, knownHostsFile: string, platform: NodeJS.Platform, protocols: { readonly ssh: boolean; readonly sftp: boolean }): ForeignCommand[] {
  const quote = platform === 'win32' ? quoteForCmd : quoteForShell;
  const line = (words: readonly string[]): string => words.map(quote).join(' ');
  const options = hostKeyOptions(hostKey, knownHostsFile);
  const at = `${SSH_USER}@127.0.0.1`;
  const files: ForeignCommand[] = [
    { program: 'sftp', text: line(['sftp', '-P', `${port}`, ...options, at]) },
    { program: 'scp', text: line(['scp', '-P', `${port}`, ...options, 'FILE', `${at}:`]) },
  ];
  const commands: ForeignCommand[] = [
    { program: 'ssh', text: line(['ssh', '-p', `${port}`, ...options, at]) },
    { program: 'rsync', text: line(['rsync', '-e', line(['ssh', '-p', `${port}`, ...options]), 'FILE', `${at}:`]) },
  ];
  return [...(protocols.ssh ? commands.slice(0, 1) : []), ...(protocols.sftp ? files : []), ...(protocols.ssh ? commands.slice(1) : [])];
}

/** A path as a value of ssh's configuration: `%` begins a token there, and blanks part two files. */
export function sshPath(path: string): string {
  const escaped = path.replaceAll('%', '%%');
  return /[\s"]/.test(escaped) ? `"${escaped.replaceAll('"', '\\"')}"` : escaped;
}

/** A word for a POSIX shell. */
export function quoteForShell(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A word for Windows' own way of parting a command line, as PowerShell and cmd hand it on. Not run on Windows. */
export function quoteForCmd(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./\\-]+$/.test(word) ? word : `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}
