import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { OwnLogLevel, OwnLogLine, OwnLogPiece } from '../../shared/ipc/own-log.ts';

/** So much of the end is read at first: some thousands of lines, at once. What is older lies in the folder. */
const MOST_BYTES = 1024 * 1024;

const LEVELS: ReadonlyMap<number, OwnLogLevel> = new Map([[30, 'info'], [40, 'warn'], [50, 'error']]);
const storedLine = z.looseObject({ level: z.number(), time: z.number().int().min(0).max(8_640_000_000_000_000), msg: z.string(), code: z.string().optional(), reference: z.string().nullish() });

/** The file of the log that is written to. */
export function ownLogFile(folder: string): string {
  return join(folder, 'client.log');
}

/**
 * The newest lines of the app's own log; from a place that was given before, those behind it, as long as the file is still the same. None
 * where there is no log. Rejects with the system's error where it cannot be read.
 */
export async function readOwnLog(folder: string, from: string | null): Promise<OwnLogPiece> {
  const file = await opened(ownLogFile(folder));
  if (file === undefined) return { lines: [], next: null, fresh: true };
  try {
    const { ino, size } = await file.stat();
    const [knownFile, knownPlace] = (from ?? '').split(':');
    const goesOn = knownFile === String(ino) && Number(knownPlace) <= size && size - Number(knownPlace) <= MOST_BYTES;
    const begin = goesOn ? Number(knownPlace) : Math.max(0, size - MOST_BYTES);
    const bytes = Buffer.alloc(size - begin);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, begin);
    // What is being written now has no end yet, and comes the next time.
    const whole = bytes.subarray(0, bytes.subarray(0, bytesRead).lastIndexOf(0x0a) + 1);
    const earlier = goesOn || begin > 0 ? [] : await endOfFormer(folder, MOST_BYTES - size);
    return { lines: [...earlier, ...linesOf(whole, `${ino}:${begin}`, !goesOn && begin > 0)], next: `${ino}:${begin + whole.length}`, fresh: !goesOn };
  } finally {
    await file.close();
  }
}

/** The end of the file before, where this one has just begun. */
async function endOfFormer(folder: string, most: number): Promise<OwnLogLine[]> {
  const file = await opened(join(folder, 'client.1.log'));
  if (file === undefined) return [];
  try {
    const { ino, size } = await file.stat();
    const begin = Math.max(0, size - most);
    const bytes = Buffer.alloc(size - begin);
    await file.read(bytes, 0, bytes.length, begin);
    return linesOf(bytes, `${ino}:${begin}`, begin > 0);
  } finally {
    await file.close();
  }
}

/** Lines in the form of the log; what is none, and the rest of one whose beginning was not read, is left out. */
function linesOf(bytes: Buffer, name: string, beginsWithin: boolean): OwnLogLine[] {
  return bytes.toString('utf8').split('\n').slice(beginsWithin ? 1 : 0).flatMap((text, number) => {
    const line = parsed(text);
    const level = line === undefined ? undefined : LEVELS.get(line.level);
    if (line === undefined || level === undefined) return [];
    return [{ id: `${name}:${String(number)}`, at: new Date(line.time).toISOString(), level, message: line.msg, code: line.code ?? '', reference: line.reference ?? '', text }];
  });
}

function parsed(text: string): z.infer<typeof storedLine> | undefined {
  if (text === '') return undefined;
  try {
    return storedLine.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function opened(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
