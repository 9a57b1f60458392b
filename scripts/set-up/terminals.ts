import { accessSync, constants, readFileSync } from 'node:fs';

/** What decides whether an sshd of an ordinary account can give terminals. */
export type TerminalFacts = {
  /** `/proc/mounts`, or what stands for it where it cannot be read: nothing. */
  readonly mounts: string;
  /** The number of the group `tty`, to which sshd gives each terminal; undefined where there is none. */
  readonly ttyGroup: number | undefined;
  /** Whether this account may open `/dev/ptmx`, from which terminals come. */
  readonly mayAsk: boolean;
};

/**
 * Why an sshd that this account starts gives nobody a terminal, and what to do; undefined where it gives them. Only root may give
 * a terminal to the group `tty`: for all others it has to be in it from the first, which is how `/dev/pts` is mounted. Where it
 * is not, sshd cuts the connection off as soon as a terminal is asked for.
 */
export function terminalObjection({ mounts, ttyGroup, mayAsk }: TerminalFacts): string | undefined {
  const options = mountOptions(mounts, '/dev/pts');
  if (options === undefined) return undefined;
  const groupFits = ttyGroup === undefined || options.includes(`gid=${String(ttyGroup)}`);
  if (groupFits && mayAsk) return undefined;
  const what = groupFits ? 'this account may not open /dev/ptmx' : `/dev/pts is mounted without gid=${String(ttyGroup)} (${options.join(',')})`;
  return `sshd gives no terminals to this account: ${what}; to have them: sudo mount -o remount,gid=${String(ttyGroup ?? 5)},mode=620,ptmxmode=666 /dev/pts`;
}

/** The same of this machine and account. Root, and systems other than Linux, have nothing to object. */
export function terminalObjectionHere(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() === 0) return undefined;
  return terminalObjection({ mounts: textOf('/proc/mounts'), ttyGroup: groupNumber(textOf('/etc/group'), 'tty'), mayAsk: mayOpen('/dev/ptmx') });
}

/** The number of a group in the form of `/etc/group`. */
export function groupNumber(groups: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:[^:]*:(\\d+):`, 'm').exec(groups)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The options of what is mounted at a place, which is what was mounted there last. */
function mountOptions(mounts: string, place: string): string[] | undefined {
  const found = mounts.split('\n').map((line) => line.split(' ')).findLast(([, at]) => at === place);
  return found?.[3]?.split(',');
}

function mayOpen(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not there or not for this account: then nothing is known that could be objected to.
    return '';
  }
}
