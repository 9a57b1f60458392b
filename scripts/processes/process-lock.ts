import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, parseIdentity, stillRuns, type ProcessIdentity } from './process-identity.ts';

/** How often a taken lock is looked at again: often enough that nobody notices, seldom enough to cost nothing. */
const lookAgainMs = 100;

/** Takes the lock file for this process, or gives the process that holds it. A lock of a dead process is taken over. */
export function tryLock(file: string): { readonly taken: true } | { readonly taken: false; readonly holder: ProcessIdentity } {
  mkdirSync(dirname(file), { recursive: true });
  const own = identify(process.pid) ?? { pid: process.pid, startedAs: 'unknown' };
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (linkOnce(draft, file)) return { taken: true };
      const holder = readHolder(file);
      if (holder !== undefined && stillRuns(holder)) return { taken: false, holder };
      buryStaleLock(file, `${draft}.stale`);
    }
    return { taken: false, holder: readHolder(file) ?? own };
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Gives a lock back that this process holds. */
export function unlock(file: string): void {
  if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true });
}

/** Runs `body` while no other process runs one under the same lock file; waits for its turn. */
export async function withLock<T>(file: string, body: () => Promise<T>): Promise<T> {
  while (!tryLock(file).taken) await delay(lookAgainMs);
  try {
    return await body();
  } finally {
    unlock(file);
  }
}

function linkOnce(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch {
    return false;
  }
}

/** Takes a dead process's lock away; puts it back where another process took the lock over in between. */
function buryStaleLock(file: string, grave: string): void {
  try {
    renameSync(file, grave);
  } catch {
    return;
  }
  const buried = readHolder(grave);
  if (buried !== undefined && stillRuns(buried)) linkOnce(grave, file);
  rmSync(grave, { force: true });
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return parseIdentity(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
