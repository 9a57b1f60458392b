import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** Who holds a data folder: a process, told from a later one with the same number by when it started. */
const holder = z.object({ pid: z.number().int().positive(), startedAt: z.string() });
type Holder = z.infer<typeof holder>;

const LOCK = 'service.lock';

export interface DataFolderLock {
  release(): Promise<void>;
}

/**
 * Takes the data folder for this process. Throws `service.data-folder-in-use` where a living process has it; a lock whose
 * process is gone is taken over. The file appears whole or not at all, so that two processes cannot both think they have it.
 */
export async function lockDataFolder(folder: string): Promise<DataFolderLock> {
  const path = join(folder, LOCK);
  const own = JSON.stringify({ pid: process.pid, startedAt: await startOf(process.pid) });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, own, { mode: 0o600, flag: 'wx' });
  try {
    await take(path, draft);
  } finally {
    await rm(draft, { force: true });
  }
  return {
    release: async () => {
      if ((await readIfThere(path)) === own) await rm(path, { force: true });
    },
  };
}

/** The process that holds a data folder and lives; null where none does. */
export async function dataFolderHolder(folder: string): Promise<number | null> {
  return (await livingHolder(join(folder, LOCK)))?.pid ?? null;
}

/** The second try follows the removal of a stale lock; who loses that race finds the winner alive. */
async function take(path: string, draft: string): Promise<void> {
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      await link(draft, path);
      return;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const living = await livingHolder(path);
    if (living !== undefined) throw new MavisError('service.data-folder-in-use', { process: living.pid });
    await rm(path, { force: true });
  }
  throw new MavisError('service.data-folder-in-use', { process: 0 });
}

async function livingHolder(path: string): Promise<Holder | undefined> {
  const text = await readIfThere(path);
  const found = holder.safeParse(parseOrUndefined(text));
  if (!found.success) return undefined;
  return (await startOf(found.data.pid)) === found.data.startedAt && found.data.startedAt !== '' ? found.data : undefined;
}

/**
 * When a process started, as the system tells it: on Linux the ticks since boot and the boot's own id, elsewhere only
 * whether it lives. Empty where there is no such process.
 */
async function startOf(pid: number): Promise<string> {
  if (process.platform !== 'linux') return isAlive(pid) ? 'alive' : '';
  const stat = await readIfThere(`/proc/${String(pid)}/stat`);
  if (stat === undefined) return '';
  // The command's name stands in brackets and may hold anything; the start is the 20th word after it.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  const boot = (await readIfThere('/proc/sys/kernel/random/boot_id')) ?? '';
  return `${boot.trim()} ${ticks}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}

function parseOrUndefined(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    // A lock that was never written whole names no process.
    return undefined;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
