import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { applicationPath } from './application.ts';
import { debug } from './covered.ts';

/** What a second instance tells the first one. */
export interface SecondInstance {
  readonly commandLine: string[];
  readonly workingDirectory: string;
  readonly additionalData: unknown;
}

let watcher: FSWatcher | undefined;

const lockFile = (): string => path.join(applicationPath('userData'), 'stand-in-instance.lock');
/** Second instances leave their notes for the process with the lock here: writing a file needs no waiting, so they may exit at once. */
const notesFolder = (owner: number): string => path.join(applicationPath('userData'), `stand-in-instances-${owner}`);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('boot.ts');
  } catch {
    return false; // no such process
  }
}

/** Takes the lock, which is never there without its process's number; gives the number of the process that holds it. */
function takeLock(): number {
  const written = `${lockFile()}-${process.pid}`;
  writeFileSync(written, String(process.pid));
  try {
    for (;;) {
      try {
        linkSync(written, lockFile());
        return process.pid;
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
      }
      const owner = lockOwner();
      if (owner === process.pid || (owner !== undefined && isAlive(owner))) return owner;
      if (owner !== undefined) rmSync(lockFile(), { force: true });
    }
  } finally {
    rmSync(written);
  }
}

/** The process that the lock names; none where it was let go meanwhile. */
function lockOwner(): number | undefined {
  try {
    return Number(readFileSync(lockFile(), 'utf8'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

const hasCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;

function readNotes(onSecondInstance: (second: SecondInstance) => void): void {
  const folder = notesFolder(process.pid);
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const file = path.join(folder, name);
    try {
      const second = JSON.parse(readFileSync(file, 'utf8')) as SecondInstance;
      rmSync(file);
      onSecondInstance(second);
    } catch (error) {
      debug('note of a second instance', error);
    }
  }
}

/** True while this process is the one that counts. */
export function hasLock(): boolean {
  return watcher !== undefined;
}

/**
 * Makes this process the one instance on its user data, or tells the one that is.
 * @param note what to tell it
 * @returns true if this process is the instance
 */
export function requestLock(note: SecondInstance, onSecondInstance: (second: SecondInstance) => void): boolean {
  if (watcher) return true;
  // Ready for notes before anybody can know of it.
  const own = notesFolder(process.pid);
  rmSync(own, { recursive: true, force: true, maxRetries: 10 });
  mkdirSync(own, { recursive: true, mode: 0o700 });
  for (;;) {
    const owner = takeLock();
    if (owner === process.pid) {
      watcher = watch(own, () => readNotes(onSecondInstance));
      watcher.unref();
      readNotes(onSecondInstance);
      process.on('exit', releaseLock);
      return true;
    }
    if (leaveNote(owner, note)) {
      rmSync(own, { recursive: true });
      return false;
    }
  }
}

/** False where the owner has gone meanwhile. */
function leaveNote(owner: number, note: SecondInstance): boolean {
  const file = path.join(notesFolder(owner), randomUUID());
  try {
    writeFileSync(file, JSON.stringify(note), { mode: 0o600 });
    renameSync(file, `${file}.json`);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Lets another process become the instance. */
export function releaseLock(): void {
  if (!watcher) return;
  watcher.close();
  watcher = undefined;
  rmSync(lockFile(), { force: true });
  rmSync(notesFolder(process.pid), { recursive: true, force: true, maxRetries: 10 });
}
