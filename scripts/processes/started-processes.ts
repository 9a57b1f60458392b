import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identify, parseIdentity, stillRuns, type ProcessIdentity } from './process-identity.ts';
import { endProcesses, signalGroup } from './end-process.ts';

/** A process that was started, with the name that people know it by. */
export type StartedProcess = ProcessIdentity & { readonly name: string };

/** What is to be done about processes that an earlier start wrote down: only those that are still the same are ended. */
export function leftOverProcesses(written: string, runs: (identity: ProcessIdentity) => boolean = stillRuns): StartedProcess[] {
  let list: unknown;
  try {
    list = JSON.parse(written);
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    const identity = parseIdentity(entry);
    if (identity === undefined || !runs(identity)) return [];
    const { name } = entry as { name?: unknown };
    return [{ ...identity, name: typeof name === 'string' ? name : 'a process' }];
  });
}

/** Ends what an earlier start left behind. Gives the names of what it ended. */
export async function cleanUpAfterEarlierStart(file: string): Promise<string[]> {
  if (!existsSync(file)) return [];
  const left = leftOverProcesses(readFileSync(file, 'utf8'));
  await endProcesses(left.toReversed());
  rmSync(file, { force: true });
  return left.map((entry) => entry.name);
}

/**
 * The processes that this start owns. Each is written down, so that the next start can clean up, and told to a reaper,
 * which ends them where this process is killed.
 */
export class StartedProcesses {
  readonly #file: string;
  readonly #reaper: ChildProcess;
  #processes: StartedProcess[] = [];
  #ended = false;

  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#reaper = spawn(process.execPath, [fileURLToPath(new URL('reaper.ts', import.meta.url))], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#reaper.on('error', () => undefined);
    this.#reaper.stdin?.on('error', () => undefined);
    this.#reaper.unref();
  }

  /** Takes a process over. One that comes after `endAll` is ended at once. */
  add(name: string, pid: number | undefined): void {
    const identity = pid === undefined ? undefined : identify(pid);
    if (identity === undefined) return;
    if (this.#ended) return signalGroup(identity, 'SIGKILL');
    this.#processes.push({ ...identity, name });
    this.#write();
    this.#reaper.stdin?.write(`${JSON.stringify(identity)}\n`);
  }

  /** Ends everything that still runs, the last started first, and forgets it. */
  async endAll(): Promise<void> {
    this.#ended = true;
    for (const entry of this.#processes.toReversed()) await endProcesses([entry]);
    this.#processes = [];
    rmSync(this.#file, { force: true });
    this.#reaper.stdin?.end('done\n');
  }

  #write(): void {
    const draft = `${this.#file}.new`;
    writeFileSync(draft, JSON.stringify(this.#processes), { mode: 0o600 });
    renameSync(draft, this.#file);
  }
}
