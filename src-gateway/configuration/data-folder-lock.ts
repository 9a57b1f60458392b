import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';

const lockContent = z.object({ process: z.number().int().positive(), begun: z.string() });

/** Takes a data folder for this process; the function that it gives lets go. Throws `service.data-folder-in-use` where another process has it; a lock left by a process that is gone is taken over. */
export async function lockDataFolder(path: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (await createLock(path)) return () => rm(path, { force: true });
    const holder = await lockHolder(path);
    if (holder !== null && holder !== process.pid) throw new MavisError('service.data-folder-in-use', { process: holder });
    await rm(path, { force: true });
  }
  throw new MavisError('service.data-folder-in-use', { process: 0 });
}

/** The process that holds a lock and lives; null where none does. */
export async function lockHolder(path: string): Promise<number | null> {
  const holder = await readHolder(path);
  return holder !== null && isAlive(holder.process) && (await beginningOf(holder.process)) === holder.begun ? holder.process : null;
}

/** The file appears whole or not at all: one that is empty for a moment would be taken over by a process that starts just then. */
async function createLock(path: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify({ process: process.pid, begun: await beginningOf(process.pid) }), { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readHolder(path: string): Promise<z.infer<typeof lockContent> | null> {
  try {
    const parsed = lockContent.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    // Gone meanwhile, or cut short by a crash: nobody holds it.
    return null;
  }
}

/** Whether a process of this number runs. */
export function isAlive(processNumber: number): boolean {
  try {
    process.kill(processNumber, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process began, in the kernel's ticks, so that a number used again is not taken for the same process; empty where the system does not tell. */
async function beginningOf(processNumber: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${processNumber}/stat`, 'utf8');
    // The name in parentheses may hold spaces; the 20th field after it is the start time.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
