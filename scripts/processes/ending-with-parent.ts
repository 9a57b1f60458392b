import { findCommand } from '../set-up/found-command.ts';

/** How a command is started so that it is asked to end when the process that started it dies. */
export type CommandLine = readonly [command: string, ...parameters: string[]];

/**
 * A command line that ends with its parent where the system can do that (Linux, setpriv of util-linux); else the command
 * itself. With an account it runs as that account.
 */
export function endingWithParent(
  [command, ...parameters]: CommandLine,
  account?: { readonly uid: number; readonly gid: number },
  signal = 'TERM',
  setpriv = process.platform === 'linux' ? findCommand('setpriv') : undefined,
): CommandLine {
  if (setpriv === undefined && account === undefined) return [command, ...parameters];
  const asAccount = account === undefined ? [] : [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  return [setpriv ?? 'setpriv', ...asAccount, `--pdeathsig=${signal}`, '--', command, ...parameters];
}
