import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeLeftFolder } from '../../scripts/processes/left-folder.ts';
import { identify } from '../../scripts/processes/process-identity.ts';

/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm';
/** What statfs(2) calls such a place. */
const TMPFS = 0x0102_1994;
/** Of the place and of the machine's memory: a few times what all tests together were seen to hold at once. */
const FREE_BYTES_AT_LEAST = 8 * 1024 ** 3;
const PREFIX = 'mavis-run-';
const ofRun = new RegExp(`^${PREFIX}(\\d+)-`);

/** Where the run's tests keep their temporary files. */
export interface TemporaryFolder {
  /** For the environment of test processes; nothing where they use the system's own folder. */
  readonly environment: Readonly<Record<string, string>>;
  readonly description: string;
  remove(): void;
}

/**
 * A folder in memory where the machine has room for it, else the system's own for temporary files. A run writes and removes more than a
 * hundred embedded databases of a thousand files each, which takes 1.2 s of the processor each on a disk and 0.1 in memory.
 */
export function makeTemporaryFolder(memory = MEMORY, freeBytesAtLeast = FREE_BYTES_AT_LEAST): TemporaryFolder {
  const folder = hasRoom(memory, freeBytesAtLeast) ? makeIn(memory) : undefined;
  if (folder === undefined) return SYSTEM_FOLDER;
  return { environment: { TMPDIR: folder }, description: `in memory, in ${folder}`, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

/** The system's own folder for temporary files. */
export const SYSTEM_FOLDER: TemporaryFolder = { environment: {}, description: 'in the system’s folder', remove: () => undefined };

function hasRoom(memory: string, freeBytesAtLeast: number): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(memory);
    return type === TMPFS && bavail * bsize >= freeBytesAtLeast && process.availableMemory() >= freeBytesAtLeast;
  } catch {
    // There is no such place on this system.
    return false;
  }
}

/** Makes the folder and removes those of runs that were killed; undefined where no program may be run from it. */
function makeIn(memory: string): string | undefined {
  for (const name of readdirSync(memory)) {
    const owner = ofRun.exec(name)?.[1];
    if (owner !== undefined && identify(Number(owner)) === undefined) removeLeftFolder(join(memory, name));
  }
  const folder = mkdtempSync(join(memory, `${PREFIX}${String(process.pid)}-`));
  // As the system's own: servers of tests run under accounts of their own.
  chmodSync(folder, 0o1777);
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 });
  const ran = spawnSync(program).status === 0;
  rmSync(program);
  if (ran) return folder;
  rmSync(folder, { recursive: true });
  return undefined;
}
