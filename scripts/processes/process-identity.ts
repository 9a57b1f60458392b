import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

/** A process that is named so well that a later process with the same number is not taken for it. */
export type ProcessIdentity = {
  readonly pid: number;
  /** Opaque; differs between two processes that had the same number one after the other. */
  readonly startedAs: string;
};

/** What tells two processes with the same number apart, or undefined where no such process runs. */
export function startMarkOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStartMark(pid);
  if (process.platform === 'win32') return isAlive(pid) ? 'alive' : undefined;
  const answer = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return answer.status === 0 && answer.stdout.trim() !== '' ? answer.stdout.trim() : undefined;
}

/** Names a running process, or undefined where it is gone. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAs = startMarkOf(pid);
  return startedAs === undefined ? undefined : { pid, startedAs };
}

/** True where exactly this process still runs. `readMark` is given in tests. */
export function stillRuns(identity: ProcessIdentity, readMark: (pid: number) => string | undefined = startMarkOf): boolean {
  return readMark(identity.pid) === identity.startedAs;
}

/** Reads an identity out of parsed JSON; undefined where it is not one. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, startedAs } = value as Partial<ProcessIdentity>;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 2) return undefined;
  return typeof startedAs === 'string' && startedAs !== '' ? { pid, startedAs } : undefined;
}

/** Field 22 of proc_pid_stat(5), start time in ticks since boot, beside the boot's id; a zombie counts as gone. */
function linuxStartMark(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[19] === undefined) return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
