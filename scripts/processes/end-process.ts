import { setTimeout as delay } from 'node:timers/promises';
import { startMarkOf, stillRuns, type ProcessIdentity } from './process-identity.ts';

/** How long processes may take to end in good order: a gateway seals its recordings in that time. */
const goodOrderMs = 5000;

/** How often it is looked whether they are gone. */
const lookAgainMs = 50;

/** Asks processes and their groups to end, waits, and kills those that did not. Others with the same number are left alone. */
export async function endProcesses(processes: readonly ProcessIdentity[]): Promise<void> {
  for (const identity of processes) signalGroup(identity, 'SIGTERM');
  const limit = Date.now() + goodOrderMs;
  while (Date.now() < limit && processes.some((identity) => stillRuns(identity))) await delay(lookAgainMs);
  for (const identity of processes) signalGroup(identity, 'SIGKILL');
}

/**
 * Signals a process with the group that it leads. Where the process is gone and nobody has its number, what is left of its
 * group is signalled; where another process has its number, nothing is.
 */
export function signalGroup(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  const mark = startMarkOf(identity.pid);
  if (mark !== undefined && mark !== identity.startedAs) return;
  if (process.platform !== 'win32' && send(-identity.pid, signal)) return;
  if (mark !== undefined) send(identity.pid, signal);
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
