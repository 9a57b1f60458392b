import { SSH_USER, sshPath } from '../foreign-clients/ssh-commands.ts';

/** Names that mean themselves to `ssh` and to the shell through which it starts its proxy: no pattern, no option, no word of a shell (A23). */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** Names on one line. */
const NAMES_A_LINE = 20;

/** A configuration of `ssh` by which resources are reached by their names. Names that are not plain are left out: our own command reaches them. */
export function sshConfiguration({ names, alias, knownHostsFile, command }: { readonly names: readonly string[]; readonly alias: string; readonly knownHostsFile: string; /** What starts `mavis`, as words of a shell. */ readonly command: string }): { readonly text: string; readonly hosts: number; readonly leftOut: number } {
  const plain = [...new Set(names)].filter((name) => PLAIN_NAME.test(name));
  const blocks: string[] = [];
  for (let at = 0; at < plain.length; at += NAMES_A_LINE) {
    blocks.push([`Host ${plain.slice(at, at + NAMES_A_LINE).join(' ')}`, `  User ${SSH_USER}`, `  HostKeyAlias ${alias}`, `  UserKnownHostsFile ${sshPath(knownHostsFile)}`, '  StrictHostKeyChecking yes', `  ProxyCommand ${command} proxy %h`, ''].join('\n'));
  }
  return { text: ['# Written by `mavis ssh-config`; written anew by it.', '', ...blocks].join('\n'), hosts: plain.length, leftOut: names.length - plain.length };
}
