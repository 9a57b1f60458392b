import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** A word of the command line that reaches the running app. */
export type MavisCommand =
  | { readonly kind: 'ls'; readonly filter: string; readonly json: boolean }
  /** `more`: words for the program itself. */
  | { readonly kind: 'ssh' | 'sftp'; readonly resource: string; readonly more: readonly string[] }
  | { readonly kind: 'proxy'; readonly resource: string }
  | { readonly kind: 'ssh-config' }
  | { readonly kind: 'misused'; readonly why: string };

export const MAVIS_USAGE = [
  'mavis ls [FILTER] [--json]',
  'mavis ssh RESOURCE [OPTIONS OR COMMAND OF ssh]',
  'mavis sftp RESOURCE [OPTIONS OF sftp]',
  'mavis proxy HOST        for ssh -o ProxyCommand="mavis proxy %h"',
  'mavis ssh-config',
].join('\n');

const WORDS = ['ls', 'ssh', 'sftp', 'proxy', 'ssh-config'] as const;

/** The command of a command line, or undefined where it is none of these. Before the word only switches and the app's own path may stand. */
export function readMavisCommand(argv: readonly string[], appPath: string): MavisCommand | undefined {
  const at = argv.findIndex((word, index) => index > 0 && !word.startsWith('-') && resolve(word) !== resolve(appPath));
  const word = WORDS.find((one) => one === argv[at]);
  if (word === undefined) return undefined;
  const rest = argv.slice(at + 1);
  if (word === 'ls') return readList(rest);
  if (word === 'ssh-config') return rest.length === 0 ? { kind: word } : { kind: 'misused', why: rest.join(' ') };
  const [resource, ...more] = rest;
  if (resource === undefined || resource === '' || resource.startsWith('-')) return { kind: 'misused', why: 'RESOURCE' };
  if (word !== 'proxy') return { kind: word, resource, more };
  return more.length === 0 ? { kind: word, resource } : { kind: 'misused', why: more.join(' ') };
}

function readList(args: readonly string[]): MavisCommand {
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: 'boolean' } } });
    return { kind: 'ls', filter: positionals.join(' '), json: values.json ?? false };
  } catch (error) {
    return { kind: 'misused', why: error instanceof Error ? error.message : '' };
  }
}
