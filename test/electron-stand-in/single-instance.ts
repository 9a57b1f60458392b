import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync, type FSWatcher } from 'node:fs';
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
/** Second instances leave their notes here: writing a file needs no waiting, so they may exit at once. */
const notesFolder = (): string => path.join(applicationPath('userData'), 'stand-in-instances');

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('boot.ts');
  } catch {
    return false; // no such process
  }
}

/** Writes the lock; false if a living process holds it. */
function takeLock(): boolean {
  mkdirSync(path.dirname(lockFile()), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(lockFile(), String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const owner = Number(readFileSync(lockFile(), 'utf8'));
    if (owner === process.pid) return true;
    if (isAlive(owner)) return false;
    rmSync(lockFile(), { force: true });
    return takeLock();
  }
}

function readNotes(onSecondInstance: (second: SecondInstance) => void): void {
  for (const name of readdirSync(notesFolder()).filter((file) => file.endsWith('.json'))) {
    const file = path.join(notesFolder(), name);
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
  if (takeLock()) {
    rmSync(notesFolder(), { recursive: true, force: true });
    mkdirSync(notesFolder(), { mode: 0o700 });
    watcher = watch(notesFolder(), () => readNotes(onSecondInstance));
    watcher.unref();
    process.on('exit', releaseLock);
    return true;
  }
  const file = path.join(notesFolder(), randomUUID());
  writeFileSync(file, JSON.stringify(note), { mode: 0o600 });
  renameSync(file, `${file}.json`);
  return false;
}

/** Lets another process become the instance. */
export function releaseLock(): void {
  if (!watcher) return;
  watcher.close();
  watcher = undefined;
  rmSync(lockFile(), { force: true });
  rmSync(notesFolder(), { recursive: true, force: true });
}
