import { randomUUID } from 'node:crypto';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check } from '../check.ts';

/** Below this, settings and logs can no longer be counted on: a log file alone is megabytes. */
export const DISK_LOW_BYTES = 64 * 1024 * 1024;

export interface OwnDiskParts {
  readonly folder: string;
  readonly free?: (folder: string) => Promise<number>;
}

/** Whether the app can still write its own files. */
export function ownDisk({ folder, free = freeBytesOf }: OwnDiskParts): Check {
  return {
    id: 'disk', check: 'disk', subject: { kind: 'device' }, leg: 'client',
    limitMs: 3000,
    run: async (_signal, tries) => {
      const freeBytes = await free(folder);
      const writable = await tries.note('read', 'disk', () => tryWriting(folder)).then(() => true, () => false);
      return { verdict: writable && freeBytes >= DISK_LOW_BYTES ? 'good' : 'bad', facts: { check: 'disk', freeBytes, writable } };
    },
  };
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function tryWriting(folder: string): Promise<void> {
  const file = join(folder, `.write-test-${randomUUID()}`);
  try {
    await writeFile(file, 'x', { mode: 0o600 });
  } finally {
    await rm(file, { force: true });
  }
}
